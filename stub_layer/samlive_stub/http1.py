"""HTTP/1.1 to the Runtime API (and, rarely, to S3) over one socket that is kept.

`http.client` would cost 30 ms at every cold start, and the Runtime API is one
server that we know: answers carry Content-Length or come in chunks.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from .sockets import Socket, dial

LARGE_BYTES = 64 * 1024
"""From here on a body is sent as it is and read in place: memory costs more than a call."""


class HttpError(OSError):
    """The server does not speak HTTP/1.1, or hung up in the middle of an answer."""


class Response:
    """Status, headers (names in lower case) and body."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: dict[str, str], body: bytes | bytearray) -> None:
        self.status = status
        self.headers = headers
        self.body = body


class HttpConnection:
    """A kept connection to one server.

    Args:
        address: "host:port".
    """

    __slots__ = ("_address", "_buffer", "_socket")

    def __init__(self, address: str) -> None:
        self._address = address
        self._buffer = b""
        self._socket: Socket | None = None

    def send(
        self,
        method: str,
        path: str,
        body: bytes | bytearray | None = b"",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Send a request; a kept connection that the server closed is opened again.

        Args:
            method: HTTP method.
            path: Path below the server.
            body: Body, for POST and PUT; None when it follows in chunks.
            headers: Further headers.
        """
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._address}"]
        lines += [f"{name}: {value}" for name, value in headers]
        if body is None:
            lines.append("Transfer-Encoding: chunked")
        elif method != "GET":
            lines.append(f"Content-Length: {len(body)}")
        request: bytes | bytearray = "\r\n".join((*lines, "", "")).encode("latin-1")
        rest = body or b""
        if len(rest) < LARGE_BYTES:
            request, rest = request + rest, b""
        kept = self._socket is not None
        try:
            self._send_both(request, rest)
        except OSError:
            self.close()
            if not kept:
                raise
            self._send_both(request, rest)

    def send_chunk(self, data: bytes) -> None:
        """Send a piece of the body, which must not be empty."""
        self._send_on(b"%x\r\n%b\r\n" % (len(data), data))

    def end_chunks(self, trailers: tuple[tuple[str, str], ...] = ()) -> None:
        """Send the end of the body and the headers that follow it."""
        lines = ("0", *(f"{name}: {value}" for name, value in trailers), "", "")
        self._send_on("\r\n".join(lines).encode("latin-1", "replace"))

    def receive(self) -> Response:
        """Wait for the answer, for as long as it takes.

        Raises:
            OSError: The server hung up or answered in another language.
        """
        try:
            return self._receive()
        except (ValueError, IndexError):
            self.close()
            raise HttpError("the server's answer is no HTTP/1.1") from None
        except OSError:
            self.close()
            raise

    def fileno(self) -> int:
        """Return the descriptor to wait on; -1 when closed."""
        return self._socket.fileno() if self._socket else -1

    def close(self) -> None:
        """Close the socket, if there is one."""
        if self._socket:
            self._socket.close()
        self._socket = None
        self._buffer = b""

    def _send_both(self, request: bytes | bytearray, rest: bytes | bytearray) -> None:
        connection = self._open()
        connection.sendall(request)
        if rest:
            connection.sendall(rest)

    def _send_on(self, data: bytes) -> None:
        """Send more of a request, on the connection that it began on."""
        if self._socket is None:
            raise HttpError("the server hung up")
        try:
            self._socket.sendall(data)
        except OSError:
            self.close()
            raise

    def _open(self) -> Socket:
        if self._socket is None:
            host, _, port = self._address.rpartition(":")
            self._socket = dial(host, int(port))
            self._socket.settimeout(None)
        return self._socket

    def _receive(self) -> Response:
        lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ", 2)[1])
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines[1:])
        }
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body: bytes | bytearray = self._chunks()
        else:
            body = self._exactly(int(headers.get("content-length", "0")))
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Response(status, headers, body)

    def _chunks(self) -> bytes:
        parts = []
        while size := int(self._until(b"\r\n").partition(b";")[0], 16):
            parts.append(self._exactly(size))
            self._until(b"\r\n")
        while self._until(b"\r\n"):  # trailers
            pass
        return b"".join(parts)

    def _until(self, end: bytes) -> bytes:
        while (at := self._buffer.find(end)) < 0:
            self._buffer += self._read()
        found, self._buffer = self._buffer[:at], self._buffer[at + len(end) :]
        return found

    def _exactly(self, size: int) -> bytes | bytearray:
        found, self._buffer = self._buffer[:size], self._buffer[size:]
        if size < LARGE_BYTES:
            while len(found) < size:
                data = self._read()
                missing = size - len(found)
                found, self._buffer = found + data[:missing], data[missing:]
            return found
        whole = bytearray(size)
        whole[: len(found)] = found
        with memoryview(whole) as view:
            at = len(found)
            while at < size:
                got = self._socket.recv_into(view[at:]) if self._socket else 0
                if not got:
                    raise HttpError("the server hung up")
                at += got
        return whole

    def _read(self) -> bytes:
        data = self._socket.recv(256 * 1024) if self._socket else b""
        if not data:
            raise HttpError("the server hung up")
        return data
