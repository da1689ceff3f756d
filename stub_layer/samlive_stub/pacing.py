"""Keeps one connection under the broker's rate limits.

AWS IoT counts publishes in both directions per connection, discards what
exceeds 100 a second and delays what exceeds 512 KiB a second
(https://docs.aws.amazon.com/general/latest/gr/iot-core.html). A discarded
chunk costs far more than a paced one, so both ends book a place for each
publish before they send it.

The limit is a sliding window, not the usual bucket with a full burst: a bucket
lets twice its size pass within one second. The window is longer than a second
by what a busy machine or the network may hold a packet back: those behind it
come closer then than they were sent.
"""

from _collections import deque  # type: ignore[import-not-found]  # the rest costs an import

from .contract import BYTES_PER_SECOND, PUBLISHES_PER_SECOND

WINDOW_SECONDS = 1.15


class Pacer:
    """Books places for publishes on one connection.

    Args:
        publishes: Publishes in any second at the most.
        size: Bytes in any second at the most.
    """

    __slots__ = ("_booked", "_bytes", "_bytes_limit", "_count_limit")

    def __init__(self, publishes: int = PUBLISHES_PER_SECOND, size: int = BYTES_PER_SECOND) -> None:
        self._count_limit = publishes
        self._bytes_limit = size
        self._booked: deque[tuple[float, int]] = deque()
        self._bytes = 0

    def delay(self, size: int, now: float) -> float:
        """Book a publish and return the seconds to wait before sending it.

        Args:
            size: Bytes of the packet.
            now: Any clock that only goes forward, in seconds.
        """
        at = self._at(now)
        while self._booked and (
            len(self._booked) >= self._count_limit or self._bytes + size > self._bytes_limit
        ):
            at = max(at, self._booked[0][0] + WINDOW_SECONDS)
            self._forget(at)
        self._booked.append((at, size))
        self._bytes += size
        return at - now

    def received(self, size: int, now: float) -> None:
        """Count a publish that came in: the limits cover both directions."""
        self._booked.append((self._at(now), size))
        self._bytes += size

    def usage(self, now: float) -> float:
        """Return which part of the limits the last second has used; above 1 when booked ahead."""
        self._forget(now)
        return max(len(self._booked) / self._count_limit, self._bytes / self._bytes_limit)

    def _at(self, now: float) -> float:
        """Return when the next one may be booked at the earliest; forget what is over by then."""
        booked = self._booked
        if not booked:
            return now
        at: float = max(now, booked[-1][0])
        if booked[0][0] + WINDOW_SECONDS <= at:
            self._forget(at)
        return at

    def _forget(self, at: float) -> None:
        booked = self._booked
        while booked and booked[0][0] + WINDOW_SECONDS <= at:
            self._bytes -= booked.popleft()[1]
