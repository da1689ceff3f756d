"""The way to the broker: proxies that ask for a password, certificates of a company."""

import base64
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from samlive.offline import certificate
from samlive_relay.config import AwsCredentials, Broker
from samlive_relay.transports.dial import describe, dial, proxy_of


class Server:
    """Answers each connection by one thread."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.heads: list[str] = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                self.serve(connection)

    def serve(self, connection: socket.socket) -> None:
        raise NotImplementedError


class Proxy(Server):
    """Opens tunnels to whom it knows, and answers in them by a line."""

    allowed = f"Basic {base64.b64encode(b'ana:p@ss').decode()}"

    def serve(self, connection: socket.socket) -> None:
        head = connection.recv(4096).decode()
        self.heads.append(head)
        good = f"Proxy-Authorization: {self.allowed}" in head
        status = "200 OK" if good else "407 Proxy Authentication Required"
        connection.sendall(f"HTTP/1.1 {status}\r\n\r\n".encode())


class Tls(Server):
    """Speaks TLS with a certificate of its own."""

    def __init__(self, cert: Path, key: Path) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert, key)
        super().__init__()

    def serve(self, connection: socket.socket) -> None:
        try:
            with self.context.wrap_socket(connection, server_side=True) as secured:
                secured.sendall(b"hello")
        except OSError:
            pass  # the client does not trust us


def broker(endpoint: str, proxy: str | None = None, ca_file: Path | None = None) -> Broker:
    return Broker(endpoint, "us-east-1", lambda: AwsCredentials("a", "b"), ca_file, proxy)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    server = Proxy()
    yield server
    server.close()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("proxy:3128", ("proxy", 3128, "")),
        ("ana:p%40ss@proxy:3128", ("proxy", 3128, "ana:p@ss")),
        ("[::1]:3128", ("::1", 3128, "")),
    ],
)
def test_proxy_is_taken_apart(text: str, parts: tuple[str, int, str]) -> None:
    assert proxy_of(text) == parts


def test_proxy_that_refuses_is_told_without_the_password(proxy: Proxy) -> None:
    way = broker("iot.example.com", f"ana:wrong@127.0.0.1:{proxy.port}")
    with pytest.raises(OSError, match="407") as refused:
        dial(way)
    assert "wrong" not in describe(refused.value)
    assert "wrong" not in repr(way)


def test_proxy_gets_the_password(proxy: Proxy) -> None:
    with pytest.raises(OSError):  # no broker behind it
        dial(broker("iot.example.com", f"ana:p%40ss@127.0.0.1:{proxy.port}"))
    assert proxy.heads[0].startswith("CONNECT iot.example.com:443 HTTP/1.1\r\n")


def test_certificate_of_a_company_is_trusted_when_it_is_named(tmp_path: Path) -> None:
    cert, key = certificate.write(tmp_path, ["localhost"])
    server = Tls(cert, key)
    try:
        with pytest.raises(ssl.SSLError) as refused:
            dial(broker(f"127.0.0.1:{server.port}"))
        assert describe(refused.value).startswith("TLS: ")
        with closing(dial(broker(f"127.0.0.1:{server.port}", ca_file=cert))) as connection:
            assert connection.recv(5) == b"hello"
    finally:
        server.close()
