"""Keeps one fork of a zygote in reserve: a process that only waits for its environment.

Forking, and copying the pages that a start writes to, takes some 10 ms of the
first answer after a save. Done ahead, they cost nobody any time. What waits is
an ordinary fork that has not been told yet which function it is for, so any
function of its interpreter can have it.

    none -> waiting -> taken

The next one is forked when no process has been asked for in a while: what was
just started has the processor first, and a burst of requests is served by
ordinary forks.
"""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from samlive_relay.errors import RelayError

from .planned import call_off
from .process import OnLine, Process

QUIET_SECONDS = 0.1
PATIENCE_SECONDS = 2.0
"""A zygote that has not forked after so long hangs."""


@dataclass(frozen=True, slots=True)
class Forked:
    """A fork, and the relay's end of its channel."""

    channel: socket.socket
    process: Process


Fork = Callable[[socket.socket, OnLine, bool], Awaitable[Process]]
"""Forks: the runner's end of a channel, whom it tells its lines, whether it is for the reserve."""


class Reserve:
    """One fork ahead of those that are asked for.

    Args:
        fork: Forks a process.
    """

    def __init__(self, fork: Fork) -> None:
        self._fork = fork
        self._waiting: Forked | None = None
        self._planned: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = True

    @property
    def pid(self) -> int:
        """Id of the process that waits; 0 when none does."""
        return self._waiting.process.pid if self._waiting else 0

    def plan(self) -> None:
        """Fork the next one once it is quiet."""
        if self._planned is not None:
            self._planned.cancel()
        if self._open:
            loop = asyncio.get_running_loop()
            self._planned = loop.call_later(QUIET_SECONDS, self._begin)

    async def take(self, on_line: OnLine) -> Forked:
        """Return a fork: the one in reserve, else a new one.

        Args:
            on_line: Told each line it writes.

        Raises:
            RelayError: The zygote has ended.
        """
        waiting, self._waiting = self._waiting, None
        self.plan()
        if waiting is not None:
            if not waiting.process.exited.done():
                waiting.process.on_line = on_line
                return waiting
            waiting.channel.close()
        return await self._forked(on_line, for_reserve=False)

    def close(self) -> None:
        """Let the process that waits end, and fork no other."""
        self._open = False
        if self._planned is not None:
            self._planned.cancel()
        self._drop()

    async def closed(self) -> None:
        """Close, and wait for a fork that is under way."""
        self.close()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=PATIENCE_SECONDS)
        await call_off([], self._tasks)

    def _begin(self) -> None:
        self._planned = None
        if self._waiting is not None and not self._waiting.process.exited.done():
            return
        self._drop()
        task = asyncio.get_running_loop().create_task(self._refill())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _drop(self) -> None:
        if self._waiting is not None:
            self._waiting.channel.close()
            self._waiting = None

    async def _refill(self) -> None:
        with contextlib.suppress(RelayError, OSError):
            forked = await self._forked(lambda stream, line: None, for_reserve=True)
            if self._waiting is not None or not self._open:
                forked.channel.close()  # it ends by itself
            else:
                self._waiting = forked

    async def _forked(self, on_line: OnLine, for_reserve: bool) -> Forked:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                return Forked(ours, await self._fork(theirs, on_line, for_reserve))
            except BaseException:
                ours.close()
                raise
