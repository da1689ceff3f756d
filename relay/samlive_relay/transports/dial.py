"""Opens the way to the broker: name, TCP, proxy, TLS; blocking, for a thread.

Nagle's algorithm is off: the second of two small packets would otherwise wait
for the peer's delayed ACK, 40 ms on every invocation.
"""

import base64
import socket
import ssl
import urllib.parse

from samlive_relay.config import Broker

DEFAULT_PORT = 443
TIMEOUT_SECONDS = 5.0
_HEAD_LIMIT = 16 * 1024


def address_of(broker: Broker) -> tuple[str, int, bool]:
    """Return host, port, and whether TLS is spoken there."""
    host, _, port = broker.endpoint.partition(":")
    number = int(port or DEFAULT_PORT)
    if host.endswith(".localhost") and broker.proxy is None:
        # RFC 6761: this machine, whatever the resolver knows about the name.
        return "127.0.0.1", number, False
    return host, number, True


def dial(broker: Broker, timeout: float = TIMEOUT_SECONDS) -> socket.socket:
    """Return a socket that is connected to the broker, TLS included.

    Args:
        broker: Endpoint, proxy and trust.
        timeout: Seconds that each step may take.

    Raises:
        OSError: It cannot be reached; `describe` says why.
    """
    host, port, tls = address_of(broker)
    connection = _tunnel(broker.proxy, host, port, timeout)
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not tls:
            return connection
        context = ssl.create_default_context(cafile=broker.ca_file)
        return context.wrap_socket(connection, server_hostname=host)
    except BaseException:
        connection.close()
        raise


def proxy_of(text: str) -> tuple[str, int, str]:
    """Return host, port and "user:password" of a proxy, the last empty when it asks for none.

    Args:
        text: "host:port", with "user:password@" before it when the proxy asks for that.
    """
    place, _, number = text.rpartition(":")
    user, _, name = place.rpartition("@")
    return name.strip("[]"), int(number), urllib.parse.unquote(user)


def describe(problem: OSError) -> str:
    """Return what stands between this machine and the broker, in a few words."""
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"TLS: {problem.verify_message}"
    if isinstance(problem, ssl.SSLError):
        return f"TLS: {problem.reason or problem}"
    return str(problem)


def _tunnel(proxy: str | None, host: str, port: int, timeout: float) -> socket.socket:
    if proxy is None:
        return socket.create_connection((host, port), timeout)
    name, number, user = proxy_of(proxy)
    connection = socket.create_connection((name, number), timeout)
    try:
        permit = base64.b64encode(user.encode()).decode()  # RFC 7617
        allowed = f"Proxy-Authorization: Basic {permit}\r\n" if user else ""
        connection.sendall(
            f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{allowed}\r\n".encode()
        )
        # Byte by byte: what follows the head belongs to the broker.
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = connection.recv(1)
            head += byte
            if not byte or len(head) > _HEAD_LIMIT:
                break
        status = head.split(b"\r\n")[0].decode(errors="replace")
        if " 200" not in status:
            raise OSError(f"the proxy {name}:{number} answers {status!r}")
    except BaseException:
        connection.close()
        raise
    return connection
