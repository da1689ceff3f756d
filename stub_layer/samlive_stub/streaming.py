"""Passes a streamed response on to the Runtime API while it comes; imported only then.

The answer is a POST in chunks. An error in the middle goes into the trailers:
the status of the response is with the caller already. The connection is not
used again. https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html
"""

import binascii

from .http1 import HttpConnection

_ERROR_TYPE = "Lambda-Runtime-Function-Error-Type"
_ERROR_BODY = "Lambda-Runtime-Function-Error-Body"
_TYPE = "application/octet-stream"
"""What Lambda takes a stream for that does not say what it is."""


class StreamedResponse:
    """The response of one invocation, under way.

    Args:
        api: Connection to the Runtime API.
        path: Where the response is posted to.
    """

    __slots__ = ("_api", "_path")

    def __init__(self, api: HttpConnection, path: str) -> None:
        self._api = api
        self._path = path

    def begin(self, fields: dict[str, str]) -> None:
        """Send the head.

        Args:
            fields: What the relay says of the response: "content-type".

        Raises:
            OSError: Lambda takes no response any more.
        """
        headers = (
            ("Content-Type", fields.get("content-type") or _TYPE),
            ("Lambda-Runtime-Function-Response-Mode", "streaming"),
            ("Trailer", f"{_ERROR_TYPE}, {_ERROR_BODY}"),
        )
        self._api.send("POST", self._path, None, headers)

    def write(self, data: bytes) -> None:
        """Send a piece; blocks for as long as Lambda takes no more.

        Raises:
            OSError: Lambda takes no more at all.
        """
        self._api.send_chunk(data)

    def end(self, error: bytes = b"") -> None:
        """Send the end and wait until Lambda has taken everything.

        Args:
            error: Lambda's error JSON when the response broke off; else empty.
        """
        trailers: tuple[tuple[str, str], ...] = ()
        if error:
            from .absence import error_type

            body = binascii.b2a_base64(error, newline=False).decode()
            trailers = ((_ERROR_TYPE, error_type(error)), (_ERROR_BODY, body))
        try:
            self._api.end_chunks(trailers)
            self._api.receive()
        except OSError:
            pass  # a refusal is between Lambda and the caller: the next event comes all the same
        finally:
            self._api.close()
