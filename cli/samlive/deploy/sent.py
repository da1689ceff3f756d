"""Tells how much of a body has been sent, while it is being sent.

The client reads a body more than once where it has to sign it or to try again;
so what is told only grows, in steps that are worth showing.
"""

import io
from collections.abc import Callable

STEP_BYTES = 256 * 1024
"""Smaller bodies, and smaller steps, are over before anybody has read of them."""


class Sent(io.BytesIO):
    """A body that tells how far it was read.

    Args:
        body: Its content.
        told: Called with the bytes read so far, from the thread that sends.
    """

    def __init__(self, body: bytes, told: Callable[[int], None]) -> None:
        super().__init__(body)
        self._told = told
        self._most = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes, and tell of them."""
        data = super().read(size)
        if self.tell() >= self._most + STEP_BYTES:
            self._most = self.tell()
            self._told(self._most)
        return data
