"""One streamed response on its way out of the relay; not part of the layer.

What a handler writes becomes parts. A part that waits to leave still grows, and
one that is not full waits `PART_SECONDS` after the one before it, so a handler
that writes word by word costs few publishes; the first leaves at once. Parts
are kept until the stub confirms them. What is not confirmed is never much more
than `WINDOW_BYTES`, because `OutStream.room` then makes the writer wait. What is
written faster than the broker takes it goes through S3, see `relay_runs`.
"""

import json
import zlib

from . import frames
from .contract import CHUNK_BYTES, MAX_STREAM_BYTES
from .frames import LAST, Outgoing
from .protocol import BULK_WINDOW_BYTES, PART_SECONDS, UNWANTED, WINDOW_BYTES
from .relay_runs import HOLD_BYTES, MAX_PARTS, MIN_BYTES, Runs

NEVER = float("inf")

TOO_LARGE = (
    b'{"errorMessage":"Response payload size exceeded maximum allowed payload size '
    b'(%d bytes).","errorType":"Function.ResponseSizeTooLarge"}' % MAX_STREAM_BYTES
)
PACK_BYTES = 1024
"""A part is compressed from this size on."""

MAX_ERROR_BYTES = 48 * 1024
"""An error must fit into the last part."""


class Part:
    """One part of a stream on its way out; packed when its size is first asked for.

    Args:
        message: Message id of the request.
        offset: Bytes of the stream before it.
    """

    __slots__ = ("_packed", "body", "flags", "kind", "message", "offset")

    def __init__(self, message: bytes, offset: int) -> None:
        self.kind = frames.RESPONSE
        self.flags = frames.STREAM
        self.message = message
        self.offset = offset
        self.body = bytearray()
        self._packed: bytes | None = None

    @property
    def closed(self) -> bool:
        """Whether nothing can be added any more."""
        return self._packed is not None or len(self.body) >= CHUNK_BYTES

    @property
    def packed(self) -> bytes:
        """The body as it travels."""
        if self._packed is None:
            body = bytes(self.body)
            packed = zlib.compress(body, 1) if len(body) >= PACK_BYTES else body
            if len(packed) < len(body):
                body = packed
                self.flags |= frames.COMPRESSED
            self._packed = body
        return self._packed

    def encode(self, sender: bytes, counter: int, run: bytes = b"") -> bytes:
        """Return it as bytes, ready to be sealed.

        Args:
            sender: Who sends it.
            counter: Number of the frame.
            run: What it says in the place of a run of parts that begins here.
        """
        body = run or self.packed
        flags = frames.STREAM | frames.STORED if run else self.flags
        place = (self.message, 0, 1, self.offset, bytes(8))
        return frames.HEADER.pack(self.kind, flags, counter, sender, *place) + body


class OutStream(Outgoing):
    """One response, from the first byte to the last confirmation.

    Args:
        message: Message id of the request.
        fields: What the stub must know of the response, such as "content-type".
    """

    __slots__ = ("_confirmed", "_end", "_limit", "_next_at", "_parts", "_queued", "over", "runs")

    def __init__(self, message: bytes, fields: dict[str, str]) -> None:
        self.message = message
        self.kind = frames.RESPONSE
        self.count = 0
        self.over = False
        self.runs = Runs()
        self._parts: dict[int, Part] = {}
        self._queued = 0
        self._next_at = 0.0
        self._end = self._confirmed = 0
        self._add(frames.encode_request(fields, b""))
        self._limit = self._end + MAX_STREAM_BYTES

    @property
    def room(self) -> int:
        """How many bytes may be written before a pause; at most 0: wait."""
        window = BULK_WINDOW_BYTES if self.runs.usable else WINDOW_BYTES
        return window - (self._end - self._confirmed)

    @property
    def all_left(self) -> bool:
        """Whether the stream is over, and every part of it has joined the queue once."""
        return self.over and self._queued == self.count

    @property
    def _holds(self) -> bool:
        """Whether so much is under way that the next part waits to be one of a run."""
        part = self._parts.get(self._queued) if self.runs.usable else None
        return part is not None and part.offset - self._confirmed >= HOLD_BYTES

    def write(self, data: bytes) -> None:
        """Add what the handler wrote; beyond Lambda's limit the stream breaks off."""
        if self.over:
            return
        if self._end + len(data) > self._limit:
            self.end(TOO_LARGE)
        else:
            self._add(data)

    def end(self, error: bytes = b"") -> None:
        """Write the last part.

        Args:
            error: Lambda's error JSON when the response broke off.
        """
        if self.over:
            return
        self.over = True
        last = self._parts.get(self.count - 1)
        if last is None or last.closed or error:
            last = self._new_part()
        last.flags |= LAST
        if error:
            last.kind = frames.ERROR
            last.body += _shortened(error)

    def due(self, now: float) -> list[int]:
        """Return the numbers of the parts that may now join the queue."""
        ready = self.count if self.due_at <= now else self.count - 1
        numbers = []
        while self._queued < ready and not self._holds:
            numbers.append(self._queued)
            self._queued += 1
        if numbers:
            self._next_at = now + PART_SECONDS
        return numbers

    def take_run(self) -> tuple[int, bytes] | None:
        """Return a run of parts that should be put into S3: number of the first, and bytes.

        Say how that went by `runs.put`.
        """
        bodies: list[bytearray] = []
        end = self._queued
        while self._holds and end < self.count and len(bodies) < MAX_PARTS:
            part = self._parts[end]
            if part.flags & LAST or not (part.closed or end < self.count - 1):
                break
            bodies.append(part.body)
            end += 1
        if sum(map(len, bodies)) <= MIN_BYTES:
            return None
        first, self._queued = self._queued, end
        self.runs.begin(first, end)
        return first, b"".join(bodies)

    def put(self, first: int, size: int, place: dict[str, str] | None) -> list[int]:
        """Return the numbers of the parts that can leave now that a run was put, or was not."""
        return [number for number in self.runs.put(first, size, place) if number in self._parts]

    @property
    def due_at(self) -> float:
        """When `due` will have the last part there is; infinity when it has left."""
        if self._queued == self.count or self._holds:
            return NEVER
        full = self.over or self._parts[self.count - 1].closed or self.count - self._queued > 1
        return 0.0 if full else self._next_at

    def confirm(self, taken: int, gaps: list[tuple[int, int]]) -> tuple[int, list[int]]:
        """Forget what the stub has taken.

        Returns:
            Number of the first part that is left, and of those that it misses.
        """
        if taken == UNWANTED:
            self._parts.clear()
            self._confirmed, self.over = self._end, True
            self._queued = self.count
            return self.count, []
        for number, part in list(self._parts.items()):
            end = part.offset + len(part.body)
            if end > taken or number >= self._queued or part.flags & LAST:
                break
            del self._parts[number]
            self._confirmed = end
        first = next(iter(self._parts), self.count)
        self.runs.forget(first)
        missing = [
            number
            for number, part in self._parts.items()
            if number < self._queued and any(start <= part.offset < end for start, end in gaps)
        ]
        return first, self.runs.standing_in(missing)

    def frame_size(self, index: int) -> int:
        """Return how many bytes part `index` takes; it grows no more from now on."""
        return len(self.runs.place(index) or self._parts[index].packed)

    def encode(self, index: int, sender: bytes, counter: int) -> bytes:
        """Return part `index` as bytes, ready to be sealed."""
        return self._parts[index].encode(sender, counter, self.runs.place(index))

    def _add(self, data: bytes) -> None:
        view, at = memoryview(data), 0
        while at < len(data):
            part = self._parts.get(self.count - 1)
            if part is None or part.closed:
                part = self._new_part()
            room = CHUNK_BYTES - len(part.body)
            part.body += view[at : at + room]
            at += room
        self._end += len(data)

    def _new_part(self) -> Part:
        last = self._parts.get(self.count - 1)
        offset = last.offset + len(last.body) if last else self._end
        part = self._parts[self.count] = Part(self.message, offset)
        self.count += 1
        return part


def _shortened(error: bytes) -> bytes:
    """Return an error that fits into a part: without its trace when it is too long."""
    if len(error) <= MAX_ERROR_BYTES:
        return error
    try:
        parsed = json.loads(error)
        kept = {name: str(parsed[name])[:4096] for name in ("errorType", "errorMessage")}
    except (ValueError, KeyError, TypeError):
        kept = {"errorType": "Runtime.Unknown", "errorMessage": ""}
    return json.dumps(kept).encode()
