"""A streamed response as it comes in; imported only then.

Parts arrive in any order and more than once; each says its place in the stream.
What is next in the stream is handed out at once, what is not waits for the
parts before it. Nothing is kept far beyond `BULK_WINDOW_BYTES` after what the
owner has taken: the relay does not send it either.

A part may say that it lies in S3. It holds its place like any other; when it is
next, the owner has to get it (`wanted`). If that fails, it never came, and what
it held is asked for part by part.
"""

from . import frames
from .contract import CHUNK_BYTES
from .frames import Frame, FrameError
from .outcomes import Transfer
from .protocol import (
    BULK_WINDOW_BYTES,
    CONFIRM_BYTES,
    GAP_SECONDS,
    NAME_FIELD,
    SIZE_FIELD,
    STALL_SECONDS,
    UNWANTED,
    URL_FIELD,
)

MAX_GAPS = 32
NEVER = float("inf")

_Body = bytes | tuple[int, Transfer]
"""What a part holds, or how much and where it is."""


class PartBuffer:
    """Puts the parts of one stream in order.

    Args:
        sender: Sender bytes of the relay session that streams; parts of others are ignored.
    """

    __slots__ = (
        "_confirmed",
        "_end",
        "_gap_at",
        "_handed",
        "_next",
        "_ready",
        "_taken",
        "_waiting",
        "error",
        "fields",
        "sender",
    )

    def __init__(self, sender: bytes) -> None:
        self.sender = sender
        self.fields: dict[str, str] | None = None
        self.error = b""
        self._waiting: dict[int, _Body] = {}
        self._ready: list[tuple[int, _Body]] = []  # each with where it ends
        self._next = self._handed = self._taken = self._confirmed = 0
        self._end: int | None = None
        self._gap_at = NEVER

    @property
    def complete(self) -> bool:
        """Whether every part has come, the last one too, and nothing has to be got."""
        return self._next == self._end and all(isinstance(body, bytes) for _, body in self._ready)

    @property
    def wanted(self) -> Transfer | None:
        """What has to be got from S3 before anything else can be taken; report it to `got`."""
        if self._ready and not isinstance(self._ready[0][1], bytes):
            return self._ready[0][1][1]
        return None

    @property
    def gap_at(self) -> float:
        """When what is missing has to be asked for; infinity when nothing is."""
        return self._gap_at

    @property
    def unconfirmed(self) -> bool:
        """Whether the relay should be told how much was taken."""
        return self._taken - self._confirmed >= CONFIRM_BYTES

    def add(self, frame: Frame, now: float) -> bool:
        """Take a part; return whether it was news.

        Raises:
            FrameError: It does not unpack, or the stream does not begin with fields.
        """
        start = frame.total
        body: _Body = frame.body
        if frame.sender != self.sender or start in self._waiting or start < self._next:
            return False
        if start >= self._taken + 2 * BULK_WINDOW_BYTES or (
            self._end is not None and start > self._end
        ):
            return False
        if frame.flags & frames.STORED:
            body = _place(frame)
        elif frame.flags & frames.COMPRESSED:
            body = frames.unpack(frame.body, CHUNK_BYTES)
        if not body and not frame.flags & frames.LAST:
            return False
        if frame.flags & frames.LAST and self._end is None and isinstance(body, bytes):
            self._finish(frame, body)
        if frame.kind == frames.ERROR:
            body = b""
        self._waiting[start] = body
        self._advance()
        if not self._waiting:
            self._gap_at = NEVER
        elif self._gap_at == NEVER:
            self._gap_at = now + GAP_SECONDS
        return True

    def take(self) -> bytes:
        """Return what comes next, as far as it is there; what was handed out before is taken."""
        self._taken, bodies = self._handed, []
        while self._ready and isinstance(body := self._ready[0][1], bytes):
            self._handed, _ = self._ready.pop(0)
            bodies.append(body)
        return b"".join(bodies)

    def got(self, body: bytes | None) -> bool:
        """Say what `wanted` was, None when it cannot be got; return whether that is right."""
        end, place = self._ready[0]
        if body is not None and len(body) == _size(place):
            self._ready[0] = (end, body)
            return True
        self._next = end - _size(place)
        parts = self._waiting | {at - _size(each): each for at, each in self._ready}
        self._waiting = {at: each for at, each in parts.items() if isinstance(each, bytes)}
        self._ready.clear()
        return False

    def report(self, stalled: bool, now: float) -> bytes:
        """Return the body of a POLL: what was taken, and what is missing.

        Args:
            stalled: Whether nothing came for a while, so that more may be missing at the end.
            now: The time.
        """
        gaps, at = [], self._next
        for start in sorted(self._waiting):
            if start > at:
                gaps.append((at, start))
            at = start + _size(self._waiting[start])
        if stalled and self._end is None:
            gaps.append((at, UNWANTED))
        self._confirmed = self._taken
        if self._waiting:
            self._gap_at = now + STALL_SECONDS
        return frames.encode_offsets(self._taken, gaps[:MAX_GAPS])

    def _finish(self, frame: Frame, body: bytes) -> None:
        if frame.kind == frames.ERROR:
            self.error = body
            self._end = frame.total
        else:
            self._end = frame.total + len(body)

    def _advance(self) -> None:
        while (body := self._waiting.pop(self._next, None)) is not None:
            self._next += _size(body)
            if self.fields is None and isinstance(body, bytes):
                self.fields, body = frames.decode_request(body)
            self._ready.append((self._next, body))
            if not isinstance(body, bytes):  # its parts may have come one by one as well
                self._waiting = {at: each for at, each in self._waiting.items() if at >= self._next}


def _size(body: _Body) -> int:
    return len(body) if isinstance(body, bytes) else body[0]


def _place(frame: Frame) -> tuple[int, Transfer]:
    fields = frames.decode_fields(frame.body)
    name, url = fields.pop(NAME_FIELD, ""), fields.pop(URL_FIELD, "")
    size = fields.pop(SIZE_FIELD, "")
    if not frame.total or not size.isdecimal() or not 0 < int(size) <= BULK_WINDOW_BYTES:
        raise FrameError("a part in S3 that begins the stream, or is of no size")
    return int(size), Transfer(name, url, fields, None)
