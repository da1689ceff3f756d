"""A response that a function streams, as its runtime posts it.

The runtime posts in chunks, with "Lambda-Runtime-Function-Response-Mode:
streaming"; an error in the middle comes in trailers. Reading stops while the
stream has no room, so the function's own writes wait as they do in Lambda.

For HTTP the response begins with a JSON prelude (status, headers, cookies) and
eight zero bytes. Who streams passes them on; who wants the whole answer gets
the object that a function would have returned without streaming.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html
"""

import asyncio
import base64
import binascii
import json

from samlive_stub.responder import MAX_RESPONSE_BYTES, TOO_LARGE

from .http1 import Request, read_pieces
from .worker import ResponseStream

HTTP_TYPE = "application/vnd.awslambda.http-integration-response"
PLAIN_TYPE = "application/octet-stream"
SEPARATOR = bytes(8)

_ERROR_TYPE = "lambda-runtime-function-error-type"
_ERROR_BODY = "lambda-runtime-function-error-body"
TRUNCATED = b'{"errorType":"Runtime.TruncatedResponse","errorMessage":""}'
"""The runtime hung up in the middle of a response."""


class Whole:
    """Keeps a streamed response until its end."""

    def __init__(self) -> None:
        self._type = ""
        self._parts: list[bytes] = []
        self._size = 0

    def open(self, content_type: str) -> None:
        """Note what it is."""
        self._type = content_type

    async def write(self, data: bytes) -> None:
        """Keep a piece; what is too large is dropped."""
        self._size += len(data)
        if self._size <= MAX_RESPONSE_BYTES:
            self._parts.append(data)

    @property
    def answer(self) -> tuple[bytes, bool]:
        """The answer that a function gives without streaming; whether that is an error."""
        if self._size > MAX_RESPONSE_BYTES:
            return TOO_LARGE, True
        return self._body(), False

    def _body(self) -> bytes:
        body = b"".join(self._parts)
        prelude, found, content = body.partition(SEPARATOR)
        if self._type != HTTP_TYPE or not found:
            return body
        encoded = {"body": base64.b64encode(content).decode(), "isBase64Encoded": True}
        return json.dumps({"statusCode": 200, **json.loads(prelude or b"{}"), **encoded}).encode()


async def take(
    request: Request, reader: asyncio.StreamReader, stream: ResponseStream | None
) -> tuple[bytes, bool]:
    """Read a streamed response to its end.

    Args:
        request: The post, its body not read.
        reader: Stands at the beginning of the body.
        stream: Takes it piece by piece; None when it is wanted whole.

    Returns:
        Body of the outcome, and whether that is an error; empty for what was streamed.
    """
    whole = Whole()
    sink = stream or whole
    sink.open(request.headers.get("content-type") or PLAIN_TYPE)
    trailers: dict[str, str] = {}
    try:
        async for piece in read_pieces(reader, request.headers, trailers):
            await sink.write(piece)
    except (EOFError, ConnectionError, ValueError):
        return TRUNCATED, True
    if error := _error(trailers):
        return error, True
    return (b"", False) if stream else whole.answer


def _error(trailers: dict[str, str]) -> bytes:
    """Return the error that trailers tell of; empty when they tell of none."""
    kind, encoded = trailers.get(_ERROR_TYPE, ""), trailers.get(_ERROR_BODY, "")
    try:
        body = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        body = b""
    if body or not kind:
        return body
    return json.dumps({"errorType": kind, "errorMessage": ""}).encode()
