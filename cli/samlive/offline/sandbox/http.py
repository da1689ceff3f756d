"""The few parts of HTTP/1.1 that runtime clients use, over one connection.

Hand-written and not `http.server`, whose header parser costs more than the
rest of an invocation: this runs twice per invocation of every function.
"""

import io
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace

_MAX_LINE = 64 * 1024
_PIECE_BYTES = 64 * 1024
_MODE = "lambda-runtime-function-response-mode"


@dataclass(frozen=True, slots=True)
class Request:
    """One request; names of headers in lower case.

    Args:
        method: Such as "GET".
        path: Path without the query.
        headers: Headers, trailers included.
        body: Body; cut off after the limit, empty when it streams.
        size: True length of the body in bytes.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    size: int

    @property
    def streams(self) -> bool:
        """Whether the body is still being written; `Connection.pieces` has it."""
        return self.headers.get(_MODE) == "streaming"


class Connection:
    """A client's connection, read and written in turns.

    Args:
        connection: Accepted socket.
        limit: Bytes of a body to keep; the rest is read and dropped.
    """

    def __init__(self, connection: socket.socket, limit: int) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = connection
        self._stream: io.BufferedReader = connection.makefile("rb")
        self._limit = limit

    def receive(self) -> Request | None:
        """Read a request; None when the client is gone or speaks no HTTP."""
        line = self._stream.readline(_MAX_LINE)
        parts = line.decode("latin-1").split()
        if len(parts) != 3:
            return None
        headers = self._headers()
        if headers.get("expect", "").lower() == "100-continue":
            self._socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        request = Request(parts[0], parts[1].partition("?")[0], headers, b"", 0)
        if request.streams:
            return request
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body, size = self._chunks()
            headers |= self._headers()
        else:
            body, size = self._read(int(headers.get("content-length", 0)), self._limit)
        return replace(request, headers=headers, body=body, size=size)

    def pieces(self, request: Request) -> Iterator[bytes]:
        """Read a body that is still being written; its trailers join the request's headers.

        Raises:
            EOFError: It ends in the middle.
        """
        if request.headers.get("transfer-encoding", "").lower() != "chunked":
            yield from self._some(int(request.headers.get("content-length", 0)))
            return
        while size := int(self._stream.readline(_MAX_LINE).split(b";")[0] or b"-1", 16):
            yield from self._some(size)
            self._stream.readline(_MAX_LINE)
        request.headers.update(self._headers())

    def send(
        self, status: int, body: bytes = b"", headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        """Answer the request."""
        lines = [f"HTTP/1.1 {status} samlive", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")
        self._socket.sendall(head + body)

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()
        self._socket.close()

    def _headers(self) -> dict[str, str]:
        found: dict[str, str] = {}
        while True:
            line = self._stream.readline(_MAX_LINE)
            if line in (b"\r\n", b"\n", b""):
                return found
            name, _, value = line.decode("utf-8", "replace").partition(":")
            found[name.strip().lower()] = value.strip()

    def _chunks(self) -> tuple[bytes, int]:
        parts: list[bytes] = []
        total = 0
        while size := int(self._stream.readline(_MAX_LINE).split(b";")[0] or b"0", 16):
            data, _ = self._read(size, max(self._limit - total, 0))
            parts.append(data)
            total += size
            self._stream.readline(_MAX_LINE)
        return b"".join(parts), total

    def _some(self, size: int) -> Iterator[bytes]:
        while size:
            piece = self._stream.read1(min(size, _PIECE_BYTES)) if size > 0 else b""
            if not piece:
                raise EOFError
            size -= len(piece)
            yield piece

    def _read(self, size: int, keep: int) -> tuple[bytes, int]:
        body = self._stream.read(min(size, keep))
        left = size - len(body)
        while left > 0 and (data := self._stream.read(min(left, 65536))):
            left -= len(data)
        return body, size
