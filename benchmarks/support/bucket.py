"""An S3 that costs as little as one can: objects in memory behind TLS, kept connections.

Signatures are not checked, a bucket is made by asking, and the account has a number. The
embedded cloud's own S3 listens on loopback alone and takes 20 ms for 6 MB,
which would hide what a live call adds to the transfer.

`python -m support.bucket ADDRESS CERTIFICATE KEY`
"""

import json
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

IDENTITY = (
    b"<GetCallerIdentityResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'>"
    b"<GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/bench</Arn>"
    b"<UserId>AIDA</UserId><Account>123456789012</Account></GetCallerIdentityResult>"
    b"</GetCallerIdentityResponse>"
)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    objects: dict[str, bytearray] = {}  # noqa: RUF012  (the base class has it untyped)

    def setup(self) -> None:
        """Shake hands here, in the connection's own thread."""
        self.request.do_handshake()
        super().setup()

    def do_PUT(self) -> None:
        """Keep an object."""
        self.objects[self._key] = self._body()
        self._answer(b"")

    def do_GET(self) -> None:
        """Return an object."""
        self._answer(self.objects.get(self._key, b""))

    def do_HEAD(self) -> None:
        """Say that there is no such bucket yet, so that it is made."""
        self._answer(b"", 404)

    def do_DELETE(self) -> None:
        """Forget an object."""
        self.objects.pop(self._key, None)
        self._answer(b"")

    def do_POST(self) -> None:
        """Say whose account it is."""
        self._body()
        self._answer(IDENTITY)

    @property
    def _key(self) -> str:
        return self.path.partition("?")[0]

    def _body(self) -> bytearray:
        body = bytearray(int(self.headers.get("Content-Length", "0")))
        view, at = memoryview(body), 0
        while at < len(body):
            at += self.rfile.readinto(view[at:])
        return body

    def _answer(self, body: bytes | bytearray, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def main() -> None:
    """Serve until standard input ends."""
    address, certificate, key = sys.argv[1:4]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer((address, 0), Handler)
    server.daemon_threads = True
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"port": server.server_address[1]}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
