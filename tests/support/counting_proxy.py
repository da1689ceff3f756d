"""A reverse proxy in front of a cloud that notes every AWS call and every upload.

A test may look at each call before it is passed on, and kill who sent it. The
benchmarks count with it as well.
"""

import http.client
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Counter:
    """What went through since it was cleared: calls, bytes of all bodies, and of files in them."""

    def __init__(self) -> None:
        self.url = ""
        self.calls: list[str] = []
        self.sent = self.uploaded = 0
        self.before: Callable[[str], None] = lambda call: None

    def clear(self) -> None:
        self.calls.clear()
        self.sent = self.uploaded = 0


@contextmanager
def counting(target: str) -> Iterator[Counter]:
    """Forward to a cloud's endpoint."""
    counter, lock = Counter(), threading.Lock()
    address = urllib.parse.urlsplit(target).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            call = f"{self.command} {self.path} {_action(body)}".strip()
            with lock:
                counter.calls.append(call)
                counter.sent += len(body)
                counter.uploaded += len(body) if self.command == "PUT" else 0
            counter.before(call)
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
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        counter.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield counter
        finally:
            server.shutdown()
            thread.join()


def _action(body: bytes) -> str:
    if body.startswith(b"Action=") or b"&Action=" in body:
        return urllib.parse.parse_qs(body.decode())["Action"][0]
    return ""
