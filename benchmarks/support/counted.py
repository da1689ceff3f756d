"""A reverse proxy in front of a cloud that counts AWS calls and the bytes that are sent."""

import http.client
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Counted:
    """What went through since it was cleared.

    Args:
        url: Where calls go instead of to the cloud.
        calls: How many there were.
        sent: Bytes of their bodies.
    """

    url: str = ""
    calls: int = 0
    sent: int = 0

    def clear(self) -> None:
        """Count anew."""
        self.calls = self.sent = 0


@contextmanager
def counted(target: str) -> Iterator[Counted]:
    """Forward to a cloud's endpoint, and count.

    Args:
        target: The endpoint.
    """
    counter, lock = Counted(), threading.Lock()
    address = urllib.parse.urlsplit(target).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with lock:
                counter.calls += 1
                counter.sent += len(body)
            link = http.client.HTTPConnection(address, timeout=60)
            try:
                link.request(self.command, self.path, body, dict(self.headers.items()))
                answer = link.getresponse()
                content = answer.read()
            finally:
                link.close()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                    self.send_header(name, value)
            size = answer.getheader("Content-Length") if self.command == "HEAD" else None
            self.send_header("Content-Length", size or str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = forward

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing (the base class's callback)."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        counter.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield counter
        finally:
            server.shutdown()
            thread.join()
