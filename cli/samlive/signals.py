"""Ctrl-C and SIGTERM: the first asks for an orderly end, the second for an immediate one.

Handlers are installed on the event loop for as long as a session runs. What
waits in a thread (for CloudFormation) looks at `threads`; what waits on the
loop awaits `requested`. When even the immediate end hangs, the third signal
ends the process as it stands: the workers and the embedded cloud notice that
it is gone and end themselves.
"""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from samlive.deploy.pace import Interrupted

_EXIT_STATUS = 130
_SIGNALS = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM", signal.SIGHUP: "hang-up"}


class Stop:
    """The wish to stop."""

    def __init__(self) -> None:
        self.requested = asyncio.Event()
        self.forced = asyncio.Event()
        self.threads = threading.Event()
        self.reason = ""

    def request(self, reason: str) -> None:
        """Ask for an orderly end; for an immediate one when asked before.

        Args:
            reason: Why, for people.
        """
        if self.forced.is_set():
            os._exit(_EXIT_STATUS)
        if self.requested.is_set():
            self.forced.set()
            return
        self.reason = reason
        self.threads.set()
        self.requested.set()

    def end(self, reason: str) -> None:
        """Ask for an orderly end, once; what is under way is not hurried."""
        if not self.requested.is_set():
            self.request(reason)

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Listen to Ctrl-C and SIGTERM meanwhile."""
        self._listen()
        try:
            yield
        finally:
            self._ignore()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let Ctrl-C end a question on the terminal meanwhile, as it does elsewhere."""
        self._ignore()
        try:
            yield
        finally:
            self._listen()

    async def unless(self, work: Coroutine[Any, Any, None]) -> None:
        """Await something that can be given up.

        Raises:
            Interrupted: The user wants to stop.
        """
        task = asyncio.ensure_future(work)
        stopped = asyncio.ensure_future(self.requested.wait())
        await asyncio.wait((task, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if task.done():
            task.result()
            return
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise Interrupted

    async def in_thread(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Do something that blocks, unless the user wants to stop.

        Raises:
            Interrupted: The user wants to stop.
        """
        if self.requested.is_set():
            raise Interrupted
        found = await asyncio.to_thread(work, *arguments)
        if self.requested.is_set():
            raise Interrupted
        return found

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        for number, text in _SIGNALS.items():
            loop.add_signal_handler(number, self.request, text)

    def _ignore(self) -> None:
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
