"""Sockets and TLS, without what the modules `socket` and `ssl` cost a cold start.

Those two turn hundreds of constants into enumerations when they are imported:
15 ms, more than connecting takes. What they wrap does all the work, so the stub
takes it directly: `_socket`, and `_ssl`, where a client's context checks the
certificate and the host's name by itself. CPython keeps both for itself and may
change them: where one is not as known, the public modules do the same.

An endpoint under ".localhost" (RFC 6761) is this machine: 127.0.0.1 and no TLS.
Otherwise only Amazon's roots are trusted (https://www.amazontrust.com/repository/),
which lie beside this file, one DER after the other: reading a whole CA bundle would
cost 18 ms.
"""

import _socket
import os
import time

CONNECT_SECONDS = 5.0

ROOTS = os.path.join(os.path.dirname(__file__), "roots.der")

_END_OF_FILE = 8
"""errno of ssl.SSLEOFError: the other side went without taking leave."""

_TLS_1_2 = 0x0303


class Plain(_socket.socket):
    """A socket as it is; TLS holds it by a weak reference."""

    __slots__ = ("__weakref__",)


class Secured:
    """TLS over a socket, with the methods of a socket.

    Args:
        plain: The connected socket.
        host: Name that the certificate must be for.

    Raises:
        OSError: There is no agreement, or the certificate is not trusted.
    """

    __slots__ = ("_tls", "close", "fileno", "pending", "send", "settimeout")

    def __init__(self, plain: Plain, host: str) -> None:
        import _ssl  # 3 ms that a local broker does not need

        context = _ssl._SSLContext(_ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = _TLS_1_2
        if context.verify_mode != _ssl.CERT_REQUIRED or not context.check_hostname:
            raise AttributeError("a client's context that trusts everybody")
        context.load_verify_locations(cadata=_roots())
        self._tls = context._wrap_socket(plain, False, host)  # type: ignore[attr-defined]
        self._tls.do_handshake()
        self.pending, self.send = self._tls.pending, self._tls.write
        self.fileno, self.settimeout, self.close = plain.fileno, plain.settimeout, plain.close

    def recv(self, size: int) -> bytes:
        """Return what has come, b"" at the end."""
        try:
            return self._tls.read(size)  # type: ignore[no-any-return]
        except OSError as problem:
            if problem.errno == _END_OF_FILE:
                return b""
            raise

    def recv_into(self, place: memoryview) -> int:
        """Put what has come into a place; return how much, 0 at the end."""
        try:
            return self._tls.read(len(place), place)  # type: ignore[no-any-return]
        except OSError as problem:
            if problem.errno == _END_OF_FILE:
                return 0
            raise

    def sendall(self, data: bytes | bytearray) -> None:
        """Send all of it."""
        left = memoryview(data)
        while left:
            left = left[self._tls.write(left) :]


Socket = Plain | Secured


def open_socket(endpoint: str, unprotected: bool = False) -> Socket:
    """Open a connection: TLS with Amazon's roots, or none to this machine.

    Args:
        endpoint: Host, ":port" when not 443.
        unprotected: Without TLS, which only this machine may ask for.

    Returns:
        A `Socket`, or one of the module `ssl`, which has the same methods.

    Raises:
        OSError: It cannot be reached, or is another machine that wants no TLS.
    """
    host, _, port = endpoint.partition(":")
    local = host == "localhost" or host.endswith(".localhost")
    if unprotected and not local and host != "127.0.0.1":
        raise OSError(f"{host} without TLS is refused")
    local = local or unprotected
    plain = dial("127.0.0.1" if local else host, int(port or 443))
    try:
        return plain if local else _secured(plain, host)
    except BaseException:
        plain.close()
        raise


def dial(host: str, port: int) -> Plain:
    """Connect to one of a host's addresses, in `CONNECT_SECONDS` for all of them.

    Without a route to any of them Init would otherwise run into Lambda's limit
    of 10 seconds.

    Raises:
        OSError: None of them can be reached.
    """
    until = time.monotonic() + CONNECT_SECONDS
    failure: OSError = TimeoutError("timed out")
    # As bytes: a text would have the codec for international names imported, 7 ms.
    name = host.encode()
    for family, kind, protocol, _, address in _socket.getaddrinfo(
        name, port, 0, _socket.SOCK_STREAM
    ):
        left = until - time.monotonic()
        if left <= 0:
            break
        plain = Plain(family, kind, protocol)
        plain.settimeout(min(left, CONNECT_SECONDS / 2))
        try:
            plain.connect(address)
            plain.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        except OSError as problem:
            plain.close()
            failure = problem
        else:
            plain.settimeout(CONNECT_SECONDS)
            return plain
    raise failure


def _roots() -> bytes:
    with open(ROOTS, "rb") as roots:
        return roots.read()


def _secured(plain: Plain, host: str) -> Socket:
    try:
        return Secured(plain, host)
    except (ImportError, AttributeError, TypeError):
        return _secured_publicly(plain, host)


def _secured_publicly(plain: Plain, host: str) -> Socket:
    import socket
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=_roots())
    timeout = plain.gettimeout()
    known = socket.socket(fileno=plain.detach())
    known.settimeout(timeout)
    try:
        return context.wrap_socket(known, server_hostname=host)  # type: ignore[return-value]
    except BaseException:
        known.close()
        raise
