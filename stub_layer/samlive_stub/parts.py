"""A streamed response as it comes in; imported only then.

Parts arrive in any order and more than once; each says its place in the stream.
What is next in the stream is handed out at once, what is not waits for the
parts before it. Nothing is kept far beyond `WINDOW_BYTES` after what the owner
has taken: the relay does not send it either.
"""

from . import frames
from .contract import CHUNK_BYTES
from .frames import Frame
from .protocol import CONFIRM_BYTES, GAP_SECONDS, STALL_SECONDS, UNWANTED, WINDOW_BYTES

MAX_GAPS = 32
NEVER = float("inf")


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
        self._waiting: dict[int, bytes] = {}
        self._ready: list[bytes] = []
        self._next = self._handed = self._taken = self._confirmed = 0
        self._end: int | None = None
        self._gap_at = NEVER

    @property
    def complete(self) -> bool:
        """Whether every part has come, the last one too."""
        return self._next == self._end

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
        start, body = frame.total, frame.body
        if frame.sender != self.sender or start in self._waiting or start < self._next:
            return False
        if start >= self._taken + 2 * WINDOW_BYTES or (self._end is not None and start > self._end):
            return False
        if frame.flags & frames.COMPRESSED:
            body = frames.unpack(body, CHUNK_BYTES)
        if not body and not frame.flags & frames.LAST:
            return False
        if frame.flags & frames.LAST and self._end is None:
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
        ready = b"".join(self._ready)
        self._ready.clear()
        self._taken, self._handed = self._handed, self._next
        return ready

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
            at = start + len(self._waiting[start])
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
            if self.fields is None:
                self._next = len(body)
                self.fields, body = frames.decode_request(body)
            else:
                self._next += len(body)
            if body:
                self._ready.append(body)
