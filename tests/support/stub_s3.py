"""A small S3 on loopback for a stub: what is put is kept, for as long as it serves."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar


class S3(BaseHTTPRequestHandler):
    """A server that keeps what is put, and checks the signed header."""

    protocol_version = "HTTP/1.1"
    objects: ClassVar[dict[str, bytes]] = {}
    clients: ClassVar[set[tuple[str, int]]] = set()
    hangs_up: ClassVar[bool] = False

    def do_PUT(self) -> None:
        self.objects[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(200 if self.headers["x-owner"] == "1" else 403, b"")

    def do_GET(self) -> None:
        self._answer(200 if self.path in self.objects else 404, self.objects.get(self.path, b""))

    def _answer(self, status: int, body: bytes) -> None:
        self.clients.add(self.client_address)
        self.close_connection = self.hangs_up
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[str]:
    """Serve; gives "host:port"."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), S3)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    S3.clients.clear()
    S3.objects.clear()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()
