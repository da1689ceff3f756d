"""Finds out why a broker does not answer, with plain sockets.

awscrt reports nothing when the TLS handshake inside a proxy's tunnel fails: it
neither connects nor calls back. This walks the same way (name, TCP, proxy,
TLS) and says where it ends.
"""

import socket
import ssl

from samlive_relay.config import Broker

TIMEOUT_SECONDS = 3.0


def problem_with(broker: Broker, host: str, port: int, tls: bool) -> str:
    """Return what stands between this machine and the broker; "" when nothing does.

    Args:
        broker: For proxy and trust.
        host: Host to reach.
        port: Its port.
        tls: Whether it speaks TLS.
    """
    try:
        with _open(broker.proxy, host, port) as connection:
            if tls:
                context = ssl.create_default_context(cafile=broker.ca_file)
                with context.wrap_socket(connection, server_hostname=host):
                    return ""
    except ssl.SSLCertVerificationError as problem:
        return f"TLS: {problem.verify_message}"
    except ssl.SSLError as problem:
        return f"TLS: {problem.reason}"
    except OSError as problem:
        return str(problem)
    return ""


def _open(proxy: str | None, host: str, port: int) -> socket.socket:
    if proxy is None:
        return socket.create_connection((host, port), TIMEOUT_SECONDS)
    name, _, number = proxy.rpartition(":")
    connection = socket.create_connection((name, int(number)), TIMEOUT_SECONDS)
    try:
        connection.sendall(
            f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode()
        )
        status = connection.recv(4096).split(b"\r\n")[0].decode(errors="replace")
        if " 200" not in status:
            raise OSError(f"the proxy {proxy} answers {status!r}")
    except BaseException:
        connection.close()
        raise
    return connection
