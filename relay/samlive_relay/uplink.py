"""Whether it pays to pack what goes up to S3: that depends on the line.

Text of base64 shrinks by a quarter, and packing 6 MB of it takes 150 ms. On a
line of 20 Mbit/s that saves 600 ms, on one of 100 it saves nothing. So the speed
of the uploads before is kept, and both times are reckoned: the one of packing
from samples, which tell how far the body shrinks anyway.
"""

import time

from samlive_stub import store
from samlive_stub.frames import SAMPLE_BYTES, SAMPLES, estimate

TOLD_BY_BYTES = 1024 * 1024
"""Smaller uploads tell of round trips, not of the line's width."""

WORTH = 2.0
"""What is saved must be so many times what it costs: the other end has to unpack it,
samples tell only so much, and a processor has other things to do."""


class Uplink:
    """What is known of the way up.

    Args:
        small: Bytes up to which a packed body needs no S3 at all.
    """

    def __init__(self, small: int) -> None:
        self._small = small
        self._rate = 0.0

    def took(self, size: int, seconds: float) -> None:
        """Note how long an upload took."""
        if size >= TOLD_BY_BYTES and seconds > 0:
            self._rate = size / seconds

    def pays(self, body: bytes) -> bool:
        """Tell whether a body should be packed; takes less than a millisecond."""
        started = time.thread_time()
        packed = estimate(body)
        if packed <= self._small or not self._rate:
            return packed <= self._small or packed < store.PACKED_PART * len(body)
        spent = (time.thread_time() - started) * len(body) / (SAMPLES * SAMPLE_BYTES)
        return self.saves(len(body) - packed, spent)

    def saves(self, fewer: int, spent: float) -> bool:
        """Tell whether sending so many bytes less is worth so many seconds of packing."""
        return fewer > WORTH * spent * self._rate
