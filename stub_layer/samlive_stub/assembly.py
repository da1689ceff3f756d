"""Puts frames together again, within bounds, and refuses frames seen before.

Frames arrive repeated and out of order (QoS 1, reconnects, re-sends), so a
message is complete when every index is there, whatever the order, and frames
of an earlier attempt count. What never completes is dropped after a while and
when too much is pending: the sender is asked for it again, so nothing is lost.
"""

from .frames import COMPRESSED, Frame, join, unpack

REPLAY_WINDOW = 1024
"""How far behind the newest frame of a sender an older one may arrive."""

_Key = tuple[bytes, bytes, int, int, int, int, bytes]


class ReplayWindow:
    """Remembers which counters of one sender were seen."""

    __slots__ = ("_highest", "_seen")

    def __init__(self) -> None:
        self._highest = -1
        self._seen = 0

    def accept(self, counter: int) -> bool:
        """Take note of a counter; False when it was seen before or is too old."""
        ahead = counter - self._highest
        if ahead > 0:
            # A jump is cut before the shift: the peer must not choose our memory.
            kept = self._seen << ahead if ahead < REPLAY_WINDOW else 0
            self._seen = (kept | 1) & ((1 << REPLAY_WINDOW) - 1)
            self._highest = counter
            return True
        if -ahead >= REPLAY_WINDOW or self._seen >> -ahead & 1:
            return False
        self._seen |= 1 << -ahead
        return True


class _Pending:
    __slots__ = ("asked_at", "chunks", "frame", "heard_at", "size")

    def __init__(self, frame: Frame, now: float) -> None:
        self.frame = frame
        self.chunks: dict[int, bytes] = {}
        self.size = 0
        self.heard_at = self.asked_at = now


class Reassembler:
    """Collects the frames of messages.

    Args:
        max_bytes: Bytes pending at the most; the message heard of longest ago goes first.
        max_age: Seconds after which a message without news is dropped.
        eager: Whether a repeated frame means that its sender has sent all and waits,
            so that what is missing should be asked for at once.
    """

    __slots__ = ("_bytes", "_eager", "_max_age", "_max_bytes", "_pending")

    def __init__(self, max_bytes: int, max_age: float, eager: bool = False) -> None:
        self._eager = eager
        self._max_bytes = max_bytes
        self._max_age = max_age
        self._pending: dict[_Key, _Pending] = {}
        self._bytes = 0

    @property
    def pending_bytes(self) -> int:
        """Bytes held of messages that are not complete."""
        return self._bytes

    def add(self, frame: Frame, now: float) -> bytes | None:
        """Take a frame; return the message's body when this completes it.

        Raises:
            FrameError: The completed message is damaged; it is dropped.
        """
        if frame.count == 1:
            return unpack(frame.body) if frame.flags & COMPRESSED else frame.body
        key = _key(frame)
        # Taken out and put back: the dict stays ordered by the last news.
        pending = self._pending.pop(key, None) or _Pending(frame, now)
        self._pending[key] = pending
        pending.heard_at = now
        if frame.index not in pending.chunks:
            pending.chunks[frame.index] = frame.body
            pending.size += len(frame.body)
            self._bytes += len(frame.body)
            pending.asked_at = now
        elif self._eager:
            pending.asked_at = float("-inf")
        if len(pending.chunks) == frame.count:
            self._drop(key)
            return join(frame, [pending.chunks[index] for index in range(frame.count)])
        self._bound(now)
        return None

    def missing(self, now: float, quiet: float) -> list[tuple[Frame, list[int]]]:
        """Return what to ask for again: a frame of each stalled message and its gaps.

        Args:
            now: The time.
            quiet: Seconds without news (or since last returned) that count as stalled.
        """
        self._bound(now)
        stalled = []
        for pending in self._pending.values():
            if now - pending.asked_at >= quiet:
                pending.asked_at = now
                stalled.append((pending.frame, _gaps(pending)))
        return stalled

    def gaps(self, message: bytes) -> list[int]:
        """Return the missing frame numbers of the message with this id; none when unheard of."""
        for pending in reversed(self._pending.values()):
            if pending.frame.message == message:
                return _gaps(pending)
        return []

    def asked_at(self) -> float | None:
        """Return when the longest waiting message was last asked for; None when none waits."""
        if not self._pending:
            return None
        return min(pending.asked_at for pending in self._pending.values())

    def discard(self, sender: bytes | None = None) -> None:
        """Drop what is pending, all of it or one sender's."""
        for key in [key for key in self._pending if sender in (None, key[0])]:
            self._drop(key)

    def _bound(self, now: float) -> None:
        while self._pending:
            key, oldest = next(iter(self._pending.items()))
            if self._bytes <= self._max_bytes and now - oldest.heard_at <= self._max_age:
                return
            self._drop(key)

    def _drop(self, key: _Key) -> None:
        self._bytes -= self._pending.pop(key).size


def _key(frame: Frame) -> _Key:
    return (
        frame.sender,
        frame.message,
        frame.kind,
        frame.flags,
        frame.count,
        frame.total,
        frame.digest,
    )


def _gaps(pending: _Pending) -> list[int]:
    return [index for index in range(pending.frame.count) if index not in pending.chunks]
