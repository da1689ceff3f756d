"""When Lambda ends a call: one timer for all calls of a process.

A timer for each call would be made and cancelled hundreds of times a second, and
hardly ever come to its end. The one timer here is set for the first call. When it
goes off, that call is long over, and it is set again for the one that runs then.
"""

import asyncio
from collections.abc import Callable


class Deadline:
    """The deadline of the call that runs.

    Args:
        passed: Called when it has passed.
    """

    __slots__ = ("_at", "_loop", "_passed", "_timer")

    def __init__(self, passed: Callable[[], None]) -> None:
        self._passed = passed
        self._loop = asyncio.get_running_loop()
        self._at: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def set(self, at: float | None) -> None:
        """Set it by the loop's clock; None for a call without one, or for no call."""
        self._at = at
        if at is None or (self._timer is not None and self._timer.when() <= at):
            return
        self.stop()
        self._timer = self._loop.call_at(at, self._look)

    def stop(self) -> None:
        """Set the timer no more: the process has ended."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if self._at is None:
            return
        # The timer's own call, rounded as the loop rounds, or a later one.
        if self._at - self._loop.time() < 0.001:
            self._at = None
            self._passed()
        else:
            self.set(self._at)
