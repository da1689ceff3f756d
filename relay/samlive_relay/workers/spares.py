"""Keeps Node.js processes in reserve for each function in recent use.

Node.js cannot fork, so what a reload would have to import again is imported
ahead by a process that waits: after a save it is given its environment, imports
the user's own modules, and the next one is started in the background. What to
load ahead is what the function's own code asked for last time; the rest follows.
`demand` says how many stand ready for a function; they start one after another.

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

from .demand import Demand
from .planned import call_off
from .runtime_api import RuntimeApi
from .spare import CHANGING, Recipe, Spare

MOST = 8
"""Spares of a session. Each function has one first; the one used longest ago goes first."""

LOADING_AT_ONCE = 1
"""So many spares load at a time: calls go first."""

PAUSE_SECONDS = 0.05
"""The next spare starts so long after a process is ready: its first call goes first."""

LOADING_SECONDS = 10.0
"""A spare that is still loading after so long a wait is given up for a fresh process."""

TRIM_SECONDS = 15.0
"""Spares that are no longer in demand end so long afterwards at the latest."""

MAX_ROUNDS = 5
"""A function for which so many spares in a row were of no use gets no more."""

HARMLESS = ("--enable-source-maps", "--max-", "--no-", "--stack-trace-limit", "--trace-")
"""Beginnings of words in NODE_OPTIONS with which a process can stand ready."""


@dataclass(slots=True, eq=False)
class Known:
    """What is known of one function."""

    demand: Demand = field(default_factory=Demand)
    modules: tuple[tuple[str, str], ...] = ()
    unfit: set[str] = field(default_factory=set)
    recipe: Recipe | None = None
    spares: list[Spare] = field(default_factory=list)
    planned: asyncio.TimerHandle | None = None
    trimming: asyncio.TimerHandle | None = None
    filling: bool = False
    useless: int = 0

    @property
    def wanted(self) -> tuple[tuple[str, str], ...]:
        """What its next spare loads."""
        return tuple((kind, file) for kind, file in self.modules if file not in self.unfit)

    @property
    def helped(self) -> bool:
        """Whether spares can be of use to it."""
        if self.recipe is None or self.useless >= MAX_ROUNDS:
            return False
        words = self.recipe.variables.get("NODE_OPTIONS", "").split()
        return all(word.startswith(HARMLESS) for word in words)

    @property
    def lacking(self) -> int:
        """How many more should stand ready; negative when there are too many."""
        return self.demand.count(time.monotonic()) * self.helped - len(self.spares)

    def drop(self, spare: Spare) -> None:
        """End one of its spares."""
        self.spares.remove(spare)
        spare.end()


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
        self._loading = asyncio.Semaphore(LOADING_AT_ONCE)
        self.enabled = True
        self.started = 0

    @property
    def pids(self) -> list[int]:
        """Ids of the processes that stand ready, or will."""
        return [spare.process.pid for spare in self._all if spare.process and spare.alive]

    @property
    def standing(self) -> list[Spare]:
        """Those that a process of their function can come from."""
        return [spare for known in self._known.values() for spare in known.spares]

    async def take(self, function: str, recipe: Recipe) -> Spare | None:
        """Return a spare that can become a process of a function, or None.

        Args:
            function: Its logical id.
            recipe: How a fresh one would be started.
        """
        known = self._of(function)
        spare = next((each for each in known.spares if each.is_ready), None)
        if spare is None and known.helped:
            known.demand.miss(time.monotonic())
        if spare is None and not known.spares:
            return None
        # One that is loading is ahead of a fresh process too.
        spare = spare or known.spares[0]
        known.spares.remove(spare)
        fits = spare.recipe.alike(recipe) and await self._loaded(spare)
        if fits and not self._differs(known, spare, recipe.variables):
            self._all.discard(spare)
            return spare
        spare.end()
        return None

    def learn(
        self, function: str, recipe: Recipe, modules: Iterable[tuple[str, str]], spared: bool
    ) -> None:
        """Note what a function's own code has asked for, and have spares started.

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
        for spare in list(known.spares):
            if set(spare.modules) != set(known.wanted) or not spare.recipe.alike(recipe):
                known.drop(spare)
        self.used(function, recipe)

    def used(self, function: str, recipe: Recipe) -> None:
        """Note that an environment of a function is in use.

        Args:
            function: Its logical id.
            recipe: How the environment's process was started.
        """
        known = self._of(function)
        known.demand.use(recipe.environment, time.monotonic())
        if known.planned is None and not known.filling and known.lacking > 0:
            self._plan(known)

    def refuse(self, function: str, packages: Iterable[str]) -> None:
        """Note that a process was of no use, because of packages if any are named.

        Others that stand ready are as it was: the next process is a fresh one.

        Args:
            function: Its logical id.
            packages: Files of packages that must not be loaded ahead.
        """
        known = self._of(function)
        known.unfit.update(packages)
        known.useless += 1
        for spare in list(known.spares):
            known.drop(spare)

    async def close(self) -> None:
        """End every spare."""
        self.enabled = False
        timers = [(known.planned, known.trimming) for known in self._known.values()]
        await call_off([timer for pair in timers for timer in pair], self._tasks)
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

    def _plan(self, known: Known) -> None:
        if self.enabled:
            loop = asyncio.get_running_loop()
            known.planned = loop.call_later(PAUSE_SECONDS, self._begin, known)

    def _begin(self, known: Known) -> None:
        known.planned = None
        known.filling = True
        task = asyncio.get_running_loop().create_task(self._fill(known))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _fill(self, known: Known) -> None:
        """Start what a function lacks, one after another."""
        try:
            while self.enabled and known.lacking > 0:
                async with self._loading:
                    if known.lacking <= 0 or not self._make_room(known):
                        break
                    await self._start(known)
        finally:
            known.filling = False
        self._trim_later(known)

    async def _start(self, known: Known) -> None:
        assert known.recipe is not None
        spare = Spare(known.recipe, known.wanted, self._api)
        known.spares.append(spare)
        self.started += 1
        try:
            await spare.start()
        except (OSError, RelayError):
            spare.ready.set_result(False)
        else:
            assert spare.process is not None
            self._all.add(spare)
            spare.process.exited.add_done_callback(lambda _: self._forget(known, spare))
        if (await self._loaded(spare) and not spare.unfit) or spare.ended:
            return
        known.useless += 1
        known.unfit |= spare.unfit
        if spare in known.spares:
            known.drop(spare)

    def _forget(self, known: Known, spare: Spare) -> None:
        self._all.discard(spare)
        if spare in known.spares:
            known.spares.remove(spare)

    def _make_room(self, known: Known) -> bool:
        """Tell whether there is room for one more of a function; end another for its first."""
        if len(self.standing) < MOST:
            return True
        if known.spares:
            return False
        holders = [each for each in self._known.values() if each.spares]
        second = [each for each in holders if len(each.spares) > 1]
        oldest = min(second or holders, key=lambda each: each.demand.last)
        oldest.drop(oldest.spares[-1])
        return True

    def _trim_later(self, known: Known) -> None:
        if self.enabled and known.spares and known.trimming is None:
            loop = asyncio.get_running_loop()
            known.trimming = loop.call_later(TRIM_SECONDS, self._trim, known)

    def _trim(self, known: Known) -> None:
        """End what is no longer in demand."""
        known.trimming = None
        for spare in known.spares[len(known.spares) + min(known.lacking, 0) :]:
            known.drop(spare)
        self._trim_later(known)
