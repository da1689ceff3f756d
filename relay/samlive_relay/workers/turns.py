"""Who may use an environment: one at a time, the first come first.

`asyncio.Lock` can only be taken by a coroutine, and one costs a call two turns of
the loop. An environment is free nearly always; then it is taken on the spot.
"""

import asyncio
from collections import deque


class Turn:
    """One thing that is used by one at a time; a context manager for those who wait."""

    __slots__ = ("_waiting", "taken")

    def __init__(self) -> None:
        self.taken = False
        """Whether somebody has it now."""
        self._waiting: deque[asyncio.Future[None]] = deque()

    def take(self) -> bool:
        """Take it if it is free; False when it is not."""
        if self.taken:
            return False
        self.taken = True
        return True

    def give_back(self) -> None:
        """Hand it to the one that waits longest, or leave it free."""
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(None)
                return
        self.taken = False

    async def __aenter__(self) -> None:
        """Take it, after all who came before."""
        if self.take():
            return
        mine = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self.give_back()  # it was handed over just before
            raise

    async def __aexit__(self, *_: object) -> None:
        """Give it back."""
        self.give_back()
