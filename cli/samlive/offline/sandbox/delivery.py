"""A streamed response on its way from the sandbox's threads to the server's loop."""

import asyncio
from contextvars import ContextVar
from typing import Any

MAX_WAITING = 16
"""Pieces that may wait for a caller who reads slowly before the function must wait too."""


class Delivery:
    """One response; made on the loop, filled from threads."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue(MAX_WAITING)
        self._over = False
        self.begun = asyncio.Event()
        self.opened = False
        self.content_type = ""
        self.error = b""
        """Lambda's error when the response broke off; known at the end."""
        self.call: asyncio.Future[Any] | None = None
        """Whoever runs the function; kept so that it is not collected."""

    def open(self, content_type: str) -> None:
        """The function has begun to answer."""
        self.opened, self.content_type = True, content_type
        self._loop.call_soon_threadsafe(self.begun.set)

    def write(self, data: bytes) -> None:
        """Deliver a piece; waits while the caller is slow."""
        self._put(data)

    def end(self, error: bytes) -> None:
        """Deliver the end, with Lambda's error when the response broke off."""
        self.error = error
        self._put(None)

    async def take(self) -> bytes | None:
        """Return the next piece, None at the end."""
        piece = None if self._over else await self._pieces.get()
        self._over = piece is None
        return piece

    def abandon(self) -> None:
        """Let the function go on unheard, should it still write: the caller is gone."""
        if not self._over:
            self.call = asyncio.gather(self.call or asyncio.sleep(0), self._drain())

    async def _drain(self) -> None:
        while await self.take() is not None:
            continue

    def _put(self, piece: bytes | None) -> None:
        asyncio.run_coroutine_threadsafe(self._pieces.put(piece), self._loop).result()


current: "ContextVar[Delivery | None]" = ContextVar("delivery", default=None)
"""Where the invocation that is under way delivers its response, if its caller streams."""
