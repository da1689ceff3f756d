"""Which parts of a streamed response go through S3 together; not part of the layer.

A handler that writes faster than the broker takes it would wait for 512 KiB a
second. So once `HOLD_BYTES` of its response are under way, further parts are
held back, and as soon as they are many, a run of them is put into S3 as one
object. In their place the stub gets one part that says where it is. The parts
themselves are kept as ever until they are confirmed: should the object fail, at
either end, they are sent one by one, and so is all that follows.
"""

from . import frames
from .contract import CHUNK_BYTES
from .protocol import CONFIRM_BYTES, LARGE_FRAMES, SIZE_FIELD

HOLD_BYTES = 2 * CONFIRM_BYTES
"""Enough under way that the stub will say that it has taken some of it."""

MIN_BYTES = LARGE_FRAMES * CHUNK_BYTES
MAX_PARTS = 20


class Runs:
    """The runs of one stream.

    Args:
        usable: Whether objects can be used.
    """

    __slots__ = ("_runs", "usable")

    def __init__(self) -> None:
        self.usable = False
        self._runs: dict[int, tuple[int, bytes]] = {}

    def begin(self, first: int, end: int) -> None:
        """The parts from one number to before another are being put."""
        self._runs[first] = (end, b"")

    def put(self, first: int, size: int, place: dict[str, str] | None) -> list[int]:
        """Return which parts can leave now, after a run was put, or could not be.

        Args:
            first: Number of its first part.
            size: Bytes of it.
            place: Name, URL and headers of the object.
        """
        end, _ = self._runs.pop(first, (first, b""))
        if place is None or end == first:
            return list(range(first, end))
        self._runs[first] = (end, frames.encode_fields({**place, SIZE_FIELD: str(size)}))
        return [first]

    def place(self, number: int) -> bytes:
        """Return what a part says in the place of its run; empty when it is sent itself."""
        return self._runs.get(number, (0, b""))[1]

    def standing_in(self, numbers: list[int]) -> list[int]:
        """Return what to send again for missing parts: for a run its first part alone."""
        for first, (end, place) in self._runs.items():
            if not place or first in numbers:
                kept = {first} if place else set()
                numbers = [n for n in numbers if not first <= n < end or n in kept]
        return numbers

    def forget(self, below: int) -> None:
        """Forget runs whose first part was taken."""
        for first in [first for first in self._runs if first < below]:
            if self._runs[first][1]:
                del self._runs[first]

    def give_up(self) -> list[int]:
        """Use no objects any more; return the parts that were being put."""
        self.usable = False
        waiting = [(first, end) for first, (end, place) in self._runs.items() if not place]
        self._runs.clear()
        return [number for first, end in waiting for number in range(first, end)]
