"""A parked stage wakes: what was held is let go, and what waits is given back.

    before a deploy that changes the stack    functions are released: the deploy may
                                              change their roles, and the relay listens
    after it                                  everything is let go
    while the session serves                  the queue's events go to their functions,
                                              until it has been empty for a while

The last one runs beside the session and never ends it: what it cannot give
back waits in the queue for the next start.
"""

import asyncio
import threading

from samlive.deploy.park import Parking
from samlive.deploy.parked_note import Note
from samlive.errors import SamliveError
from samlive.output import Output

QUIET_SECONDS = 60.0
"""How long the queue stays empty before it is left alone: Lambda may send late."""


class Waking:
    """Wakes one stage.

    Args:
        parking: How it was parked.
        stack: Name of its stack.
        out: Where events go.
    """

    def __init__(self, parking: Parking, stack: str, out: Output) -> None:
        self._parking = parking
        self._stack = stack
        self._out = out
        self._noted = Note()
        self._stop = threading.Event()
        self._task: asyncio.Task[None] | None = None
        self.let_go = False

    def release(self) -> None:
        """Release functions; the mappings stay disabled until the deploy is done."""
        self.let_go = self._parking.release()

    def unpark(self) -> None:
        """Let everything go."""
        self._noted = self._parking.unpark()
        if self._noted or self.let_go:
            self._out.tell("deploy", status="unparked", stack=self._stack)

    def start(self) -> None:
        """Begin to give waiting events back."""
        if self._noted.waiting:
            self._task = asyncio.ensure_future(asyncio.to_thread(self._redeliver))

    async def end(self) -> None:
        """Stop giving events back."""
        self._stop.set()
        if self._task is not None:
            await self._task

    def _redeliver(self) -> None:
        try:
            done = self._parking.redeliver(self._noted, self._stop, QUIET_SECONDS, self._tell)
        except SamliveError as error:
            text = f"Events wait in the stage's queue until the next start: {error.message}"
            self._out.tell("warning", text=text)
            return
        for reason in sorted(set(done.left)):
            self._out.tell("warning", text=f"A message stays in the stage's queue: {reason}.")

    def _tell(self, count: int) -> None:
        self._out.tell("deploy", status="redelivered", stack=self._stack, events=count)
