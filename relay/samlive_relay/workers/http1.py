"""HTTP/1.1 on asyncio streams, as much of it as runtime interface clients speak."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace

MAX_BODY = 32 * 1024 * 1024
"""Above this a body is refused; Lambda's own limit (6 MB) is checked by the protocol."""

PIECE_BYTES = 64 * 1024
MODE = "lambda-runtime-function-response-mode"
STREAMING = "streaming"

REASONS = {
    200: "OK",
    202: "Accepted",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    413: "Payload Too Large",
}


class HttpError(Exception):
    """A request that is not served.

    Args:
        status: HTTP status to answer with.
        text: Why.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Args:
        method: Method.
        path: Path with query.
        headers: Headers by lower-case name.
        body: Whole body; empty when it streams: then `read_pieces` has it.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def streams(self) -> bool:
        """Whether the body is a response that its function still writes."""
        return self.headers.get(MODE, "").lower() == STREAMING


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """Read the next request of a connection; None at its end.

    Raises:
        HttpError: It is malformed or too large.
    """
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    except asyncio.LimitOverrunError:
        raise HttpError(400, "headers too long") from None
    first, *lines = head.decode("latin-1").split("\r\n")
    try:
        method, path, _ = first.split(" ")
        pairs = (line.split(":", 1) for line in lines if line)
        headers = {name.lower(): value.strip() for name, value in pairs}
        request = Request(method, path, headers, b"")
        return (
            request if request.streams else replace(request, body=await _read_body(reader, headers))
        )
    except ValueError:
        raise HttpError(400, "malformed request") from None
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


async def read_pieces(
    reader: asyncio.StreamReader, headers: Mapping[str, str], trailers: dict[str, str]
) -> AsyncIterator[bytes]:
    """Read a body piece by piece, each as soon as it is there.

    Args:
        reader: Stands at the beginning of the body.
        headers: Headers of the request.
        trailers: Gets the headers that follow the body, by lower-case name.

    Raises:
        EOFError: It ends in the middle.
        ValueError: It is malformed.
    """
    if headers.get("transfer-encoding", "").lower() != "chunked":
        async for piece in _read_some(reader, int(headers.get("content-length", "0"))):
            yield piece
        return
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        async for piece in _read_some(reader, size):
            yield piece
        await reader.readexactly(2)
    while (line := await reader.readuntil(b"\r\n")) != b"\r\n":
        name, _, value = line.decode("latin-1").partition(":")
        trailers[name.strip().lower()] = value.strip()


async def _read_some(reader: asyncio.StreamReader, size: int) -> AsyncIterator[bytes]:
    while size > 0:
        piece = await reader.read(min(size, PIECE_BYTES))
        if not piece:
            raise EOFError
        size -= len(piece)
        yield piece


async def _read_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return await _read_chunks(reader)
    size = int(headers.get("content-length", "0"))
    if size > MAX_BODY:
        raise HttpError(413, "body too large")
    return await reader.readexactly(size) if size > 0 else b""


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    parts: list[bytes] = []
    total = 0
    while True:
        size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        total += size
        if total > MAX_BODY:
            raise HttpError(413, "body too large")
        if size == 0:
            while (await reader.readuntil(b"\r\n")) != b"\r\n":
                continue  # trailers
            return b"".join(parts)
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)


def response(status: int, headers: Mapping[str, str], body: bytes) -> bytes:
    """Return a response as one piece, so that it is one segment on the wire."""
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, '')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1", "replace") + body
