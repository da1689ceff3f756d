"""Keeps one Node.js process in reserve for each function in recent use.

Node.js cannot fork, so what a reload would have to import again is imported
ahead by a process that waits: after a save it is given its environment, imports
the user's own modules, and the next one is started in the background. What to
load ahead is what the function's own code asked for last time; the rest follows.

A spare must not differ from a fresh process, so it is used only if

- every variable but credentials and the like has the same value (Node reads TZ,
  NODE_OPTIONS, NODE_EXTRA_CA_CERTS and others at its start);
- no package read one of those that do differ, or looked at the user's own files:
  such packages are left out of the next spare;
- NODE_OPTIONS, if set, has Node load no file of the user's;
- the files of the packages are still the same (npm install);
- the user's code asks for all of them, and sets no variable that one has read.

In every other case, and for a function that a debugger attaches to, a fresh
process is started. Spares end when their function is not used for a while, and
with the relay; there are never more than MOST.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from samlive_relay.errors import RelayError

from .planned import call_off
from .runtime_api import RuntimeApi
from .spare import CHANGING, Recipe, Spare

MOST = 8
"""Spares of a session; the one whose function was not used for longest goes first."""

IDLE_SECONDS = 300.0
"""A spare whose function has had no call for so long is ended."""

PAUSE_SECONDS = 0.05
"""The next spare starts so long after a process is ready: its first call goes first."""

LOADING_SECONDS = 10.0
"""A spare that is still loading after so long a wait is given up for a fresh process."""

MAX_ROUNDS = 5
"""A function for which so many spares in a row were of no use gets no more."""

HARMLESS = ("--enable-source-maps", "--max-", "--no-", "--stack-trace-limit", "--trace-")
"""Beginnings of words in NODE_OPTIONS with which a process can stand ready."""


@dataclass(slots=True, eq=False)
class Known:
    """What is known of one function."""

    modules: tuple[tuple[str, str], ...] = ()
    unfit: set[str] = field(default_factory=set)
    recipe: Recipe | None = None
    spare: Spare | None = None
    planned: asyncio.TimerHandle | None = None
    used: float = 0.0
    useless: int = 0

    @property
    def wanted(self) -> tuple[tuple[str, str], ...]:
        """What its next spare loads."""
        return tuple((kind, file) for kind, file in self.modules if file not in self.unfit)


class Spares:
    """The spares of a session.

    Args:
        api: The session's Runtime API.
    """

    def __init__(self, api: RuntimeApi) -> None:
        self._api = api
        self._known: dict[str, Known] = {}
        self._all: set[Spare] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.enabled = True
        self.started = 0

    @property
    def pids(self) -> list[int]:
        """Ids of the processes that stand ready, or will."""
        return [spare.process.pid for spare in self._all if spare.process and spare.alive]

    @property
    def standing(self) -> list[Spare]:
        """Those that a process of their function can come from."""
        return [known.spare for known in self._known.values() if known.spare]

    async def take(self, function: str, recipe: Recipe) -> Spare | None:
        """Return a spare that can become a process of a function, or None.

        Args:
            function: Its logical id.
            recipe: How a fresh one would be started.
        """
        known = self._of(function)
        spare, known.spare = known.spare, None
        if spare is None:
            return None
        fits = spare.recipe.alike(recipe) and await self._loaded(spare)
        if fits and not self._differs(known, spare, recipe.variables):
            self._all.discard(spare)
            return spare
        spare.end()
        return None

    def learn(
        self, function: str, recipe: Recipe, modules: Iterable[tuple[str, str]], spared: bool
    ) -> None:
        """Note what a function's own code has asked for, and have a spare started.

        Args:
            function: Its logical id.
            recipe: How its process was started.
            modules: "import" or "require", and the file of a package, in order.
            spared: Whether that process had stood ready: it was of use.
        """
        known = self._of(function)
        known.useless = 0 if spared else known.useless
        known.modules = tuple(modules)
        known.recipe = recipe
        spare = known.spare
        if spare and (set(spare.modules) != set(known.wanted) or not spare.recipe.alike(recipe)):
            spare.end()
            known.spare = None
        self.used(function)

    def used(self, function: str) -> None:
        """Note that a function is in use."""
        known = self._of(function)
        known.used = time.monotonic()
        if known.recipe is not None and known.spare is None and known.planned is None:
            self._plan(known)

    def refuse(self, function: str, packages: Iterable[str]) -> None:
        """Note that a process was of no use, because of packages if any are named.

        Args:
            function: Its logical id.
            packages: Files of packages that must not be loaded ahead.
        """
        known = self._of(function)
        known.unfit.update(packages)
        known.useless += 1

    async def close(self) -> None:
        """End every spare."""
        self.enabled = False
        await call_off([known.planned for known in self._known.values()], self._tasks)
        for spare in list(self._all):
            spare.end()
            if spare.process is not None:
                await asyncio.shield(spare.process.exited)

    def _of(self, function: str) -> Known:
        return self._known.setdefault(function, Known())

    @staticmethod
    async def _loaded(spare: Spare) -> bool:
        """Wait for a spare that is still loading: it is ahead of a fresh process."""
        await asyncio.wait([spare.ready], timeout=LOADING_SECONDS)
        return spare.is_ready

    def _differs(self, known: Known, spare: Spare, variables: Mapping[str, str]) -> bool:
        """Tell whether a spare can be told from a fresh process; note because of what."""
        before = spare.recipe.variables
        readers = {
            spare.reads[name]
            for name in CHANGING
            if name in spare.reads and before.get(name) != variables.get(name)
        }
        known.unfit |= readers | spare.unfit
        return bool(readers or spare.unfit) or spare.outdated

    def _plan(self, known: Known, pause: float = PAUSE_SECONDS) -> None:
        if not self.enabled or known.useless >= MAX_ROUNDS or not known.recipe:
            return
        if not _may_stand_ready(known.recipe.variables):
            return
        loop = asyncio.get_running_loop()
        known.planned = loop.call_later(pause, self._begin, known)

    def _begin(self, known: Known) -> None:
        known.planned = None
        if self.enabled and known.spare is None:
            task = asyncio.get_running_loop().create_task(self._start(known))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _start(self, known: Known) -> None:
        assert known.recipe is not None
        self._make_room()
        spare = known.spare = Spare(known.recipe, known.wanted, self._api)
        self._all.add(spare)
        self.started += 1
        try:
            await spare.start()
        except (OSError, RelayError):
            spare.ready.set_result(False)
        else:
            assert spare.process is not None
            spare.process.exited.add_done_callback(lambda _: self._all.discard(spare))
        ready = await asyncio.shield(spare.ready)
        if ready and not spare.unfit:
            self._expire_later(known, spare)
            return
        known.useless += 1
        known.unfit |= spare.unfit
        if known.spare is spare:
            known.spare = None
            spare.end()
            self._plan(known, pause=0)

    def _make_room(self) -> None:
        holders = [known for known in self._known.values() if known.spare is not None]
        if len(holders) >= MOST:
            oldest = min(holders, key=lambda known: known.used)
            assert oldest.spare is not None
            oldest.spare.end()
            oldest.spare = None

    def _expire_later(self, known: Known, spare: Spare) -> None:
        left = known.used + IDLE_SECONDS - time.monotonic()
        asyncio.get_running_loop().call_later(max(left, 1.0), self._expire, known, spare)

    def _expire(self, known: Known, spare: Spare) -> None:
        if known.spare is not spare:
            return
        if time.monotonic() - known.used < IDLE_SECONDS:
            self._expire_later(known, spare)
        else:
            known.spare = None
            spare.end()


def _may_stand_ready(variables: Mapping[str, str]) -> bool:
    words = variables.get("NODE_OPTIONS", "").split()
    return all(word.startswith(HARMLESS) for word in words)
