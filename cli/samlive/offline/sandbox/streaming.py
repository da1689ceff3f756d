"""Streamed responses: passed on piece by piece, or put together for who does not stream.

For HTTP a streamed response begins with a JSON prelude (status, headers,
cookies) and eight zero bytes; its errors come in trailers.
"""

import base64
import json
from typing import Protocol

CONTENT_TYPE = "application/vnd.awslambda.http-integration-response"
SEPARATOR = bytes(8)
ERROR_TYPE = "lambda-runtime-function-error-type"
ERROR_BODY = "lambda-runtime-function-error-body"


class Sink(Protocol):
    """Takes a response while the function writes it; called from a thread."""

    def open(self, content_type: str) -> None:
        """The response has begun."""

    def write(self, data: bytes) -> None:
        """Take a piece; returns when there is room for another one."""


def response_body(headers: dict[str, str], body: bytes) -> bytes:
    """Return the answer that a buffered response would have been.

    Args:
        headers: Headers of the post, names in lower case.
        body: All of its chunks.
    """
    if headers.get("content-type") != CONTENT_TYPE:
        return body
    prelude, found, content = body.partition(SEPARATOR)
    if not found:
        return body
    answer = {"statusCode": 200, **json.loads(prelude or b"{}")}
    try:
        answer["body"] = content.decode()
    except UnicodeDecodeError:
        answer |= {"body": base64.b64encode(content).decode(), "isBase64Encoded": True}
    return json.dumps(answer).encode()


def error_body(trailers: dict[str, str]) -> bytes:
    """Return the error that the trailers of a broken stream carry."""
    if encoded := trailers.get(ERROR_BODY):
        return base64.b64decode(encoded)
    return json.dumps({"errorType": trailers[ERROR_TYPE], "errorMessage": ""}).encode()
