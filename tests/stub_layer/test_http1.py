"""The Runtime API's answers, in every form and cut that HTTP/1.1 allows."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from samlive_stub.http1 import HttpConnection


class Server:
    """Answers each request with the next of some canned byte strings."""

    def __init__(self) -> None:
        self.answers: list[list[bytes]] = []
        self.requests: list[bytes] = []
        self.accepted = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            self.accepted += 1
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while data := connection.recv(65536):
                    self.requests.append(data)
                    if not self.answers:
                        return
                    for part in self.answers.pop(0):
                        if part == b"hang up":
                            connection.close()
                            break
                        connection.sendall(part)
                    else:
                        continue
                    break

    def close(self) -> None:
        self.answers.clear()
        with socket.create_connection(self._socket.getsockname()) as last:
            last.sendall(b"end")
            self._thread.join(10)
        self._socket.close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def get(server: Server) -> Iterator[Callable[..., tuple[int, bytes]]]:
    connection = HttpConnection(server.address)

    def get(*answer: bytes) -> tuple[int, bytes]:
        server.answers.append(list(answer))
        connection.send("GET", "/next")
        response = connection.receive()
        return response.status, bytes(response.body)

    yield get
    connection.close()


def test_hanging_up_in_an_answer_is_an_error(get: Callable[..., tuple[int, bytes]]) -> None:
    with pytest.raises(OSError, match="hung up"):
        get(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", b"hang up")
    assert get(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab") == (200, b"ab")


def test_another_language_is_an_error(get: Callable[..., tuple[int, bytes]]) -> None:
    with pytest.raises(OSError, match="no HTTP"):
        get(b"hello\r\n\r\n")


def test_answers_of_known_length_come_on_one_connection(
    get: Callable[..., tuple[int, bytes]], server: Server
) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-LENGTH: 3\r\n\r\n"
    assert get(head + b"abc") == (200, b"abc")
    assert get(*(bytes((byte,)) for byte in head + b"abc")) == (200, b"abc")
    assert get(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n") == (202, b"")
    assert server.accepted == 1


def test_chunked_answers_are_joined_and_trailers_skipped(
    get: Callable[..., tuple[int, bytes]],
) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = b"3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"
    assert get(head + body) == (200, b"abc0123456789")
    assert get(*(bytes((byte,)) for byte in head + body)) == (200, b"abc0123456789")


def test_a_connection_that_was_closed_is_opened_again(
    get: Callable[..., tuple[int, bytes]], server: Server
) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n"
    assert get(head + b"a", b"hang up") == (200, b"a")
    assert get(head + b"b", b"hang up") == (200, b"b")
    assert server.accepted == 2


def test_a_post_carries_its_length_and_headers(server: Server) -> None:
    server.answers.append([b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"])
    connection = HttpConnection(server.address)
    connection.send("POST", "/x", b"body", (("A", "b"),))
    assert connection.receive().status == 202
    connection.close()
    (request,) = server.requests
    assert request.startswith(b"POST /x HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nA: b\r\nContent-Length: 4\r\n\r\nbody" in request
