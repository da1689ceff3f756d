"""When a process is looked at for what its calls have shown besides their answers.

Not while somebody waits: a moment after an answer, once for all the calls of that
moment. A process that is called without pause is looked at now and then, as each
look at its memory takes a third as long as a quick call, and the kernel keeps its
peak until the next one. An error says something by itself and is always looked at.
"""

import asyncio
from collections.abc import Callable
from weakref import WeakKeyDictionary

from .worker import Outcome, Worker

SOON_SECONDS = 0.02
PAUSE_SECONDS = 0.5


class Judging:
    """The looks at one process after another.

    Args:
        judge: Given a process and its answer.
    """

    __slots__ = ("_judge", "_planned", "_rest_until")

    def __init__(self, judge: Callable[[Worker, Outcome], None]) -> None:
        self._judge = judge
        self._planned: set[Worker] = set()
        self._rest_until: WeakKeyDictionary[Worker, float] = WeakKeyDictionary()

    def answered(self, worker: Worker, outcome: Outcome) -> None:
        """Have a process looked at soon, unless that is planned.

        Args:
            worker: The process.
            outcome: What it has answered.
        """
        if worker in self._planned and not outcome.error:
            return
        loop = asyncio.get_running_loop()
        soon = loop.time() + SOON_SECONDS
        at = soon if outcome.error else max(soon, self._rest_until.get(worker, 0.0))
        self._planned.add(worker)
        loop.call_at(at, self._look, worker, outcome)

    def _look(self, worker: Worker, outcome: Outcome) -> None:
        self._planned.discard(worker)
        self._rest_until[worker] = asyncio.get_running_loop().time() + PAUSE_SECONDS
        self._judge(worker, outcome)
