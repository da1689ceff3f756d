"""How a request ends at the stub's end of the protocol, and what it asks of its owner."""

from .record import Record


class Answer(Record):
    """The function's response, as raw bytes."""

    __slots__ = ("body",)
    body: bytes

    def __init__(self, body: bytes) -> None:
        self._set(body=body)


class Failure(Record):
    """The function's error, as Lambda's error JSON."""

    __slots__ = ("body",)
    body: bytes

    def __init__(self, body: bytes) -> None:
        self._set(body=body)


class Ended(Record):
    """The function's response was streamed, and is over; `take_parts` has the rest of it.

    Args:
        error: Lambda's error JSON when it broke off; else empty.
    """

    __slots__ = ("error",)
    error: bytes

    def __init__(self, error: bytes) -> None:
        self._set(error=error)


class Absent(Record):
    """No relay took the request, or the one that did went away; says which."""

    __slots__ = ("reason",)
    reason: str

    def __init__(self, reason: str) -> None:
        self._set(reason=reason)


class Transfer(Record):
    """An object that the owner must put into S3, or get from there.

    Args:
        name: Its name, under which it is sealed.
        url: Signed URL.
        headers: Headers to send.
        body: What to put; None to get.
        algorithm: How the other end wants it to be sealed; see `store.pack`.
    """

    __slots__ = ("algorithm", "body", "headers", "name", "url")
    name: str
    url: str
    headers: dict[str, str]
    body: bytes | None
    algorithm: str

    def __init__(
        self, name: str, url: str, headers: dict[str, str], body: bytes | None, algorithm: str = ""
    ) -> None:
        self._set(name=name, url=url, headers=headers, body=body, algorithm=algorithm)


Outcome = Answer | Failure | Ended | Absent

BROKEN_OFF = (
    b'{"errorMessage":"Nobody runs this function any more: the relay went away in the middle '
    b'of the response. Start samlive dev for its stage and call again.",'
    b'"errorType":"SamLive.RelayAbsent","stackTrace":[]}'
)
