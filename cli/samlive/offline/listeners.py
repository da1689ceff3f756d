"""The two listening sockets, bound before the emulator learns their ports."""

import errno
import socket
from dataclasses import dataclass

from samlive.errors import SamliveError

_BACKLOG = 128


@dataclass(frozen=True, slots=True)
class Listeners:
    """Sockets on loopback: the plain one and the one for TLS."""

    http: socket.socket
    tls: socket.socket


def bind(http_port: int = 0) -> Listeners:
    """Bind both sockets.

    Args:
        http_port: Port of the plain one; 0 for a free one.

    Raises:
        SamliveError: The port is taken.
    """
    return Listeners(_listen(http_port), _listen(0))


def port_of(listener: socket.socket) -> int:
    """Return the port a socket is bound to."""
    port: int = listener.getsockname()[1]
    return port


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        reason = "is in use" if error.errno == errno.EADDRINUSE else "needs more rights"
        raise SamliveError(
            f"Port {port} {reason}: the offline cloud cannot listen on 127.0.0.1:{port}.",
            "Choose another port, or leave --http-port out to get a free one.",
        ) from None
    listener.listen(_BACKLOG)
    return listener
