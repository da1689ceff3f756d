"""All local environments of a session: one process per remote execution environment.

An environment is known from its stub's hello and handles one request at a
time, as in Lambda, so warm globals and isolation are the same. Its process is
started by its first request, and again by the first request after a save:

- Before each call the files that the process has loaded are compared with the
  disk. A difference retires the process and starts another, so no answer is
  ever stale. A call that is running when a file is saved finishes on old code.
- On a save, the processes that are idle are replaced at once (`code_changed`),
  so that the next request finds the import already done.

Processes that idle longer than `idle_seconds` end. More than `MAX_PROCESSES`
are kept only while all of them are busy: the one idle for longest goes first.
"""

import asyncio
import os
import time
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from samlive_relay.config import LocalFunction
from samlive_relay.errors import RelayError

from .judging import Judging
from .stamps import GONE, Stamp, changed, stat
from .turns import Turn
from .worker import Call, Hooks, Outcome, Worker, failure

MAX_PROCESSES = 64
MAX_ENVIRONMENTS = 8192
"""More than the protocol remembers; the one used longest ago is forgotten first."""

AHEAD_SECONDS = 300.0
"""A save replaces the idle processes used within this time; others start on demand."""

AHEAD_PROCESSES = 4
"""How many processes of one function a save starts ahead of requests."""

MAX_ATTEMPTS = 10
SETTLE_SECONDS = 0.2
"""How long a file that is gone or empty may still be in the middle of a save."""

MODULES = (".py", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".tsx", ".json", ".rb")
"""Endings of what an import may find in functions that are not built."""

Start = Callable[[LocalFunction, Mapping[str, str], Hooks], Awaitable[Worker]]
"""Starts a worker for a function with a remote environment's variables."""


@dataclass(slots=True, eq=False)
class Environment:
    """One remote execution environment and the process that stands for it."""

    name: str
    function: str
    variables: Mapping[str, str] = field(repr=False)
    turn: Turn = field(default_factory=Turn)
    worker: Worker | None = None
    used: float = 0.0
    warm: bool = False
    """Whether it has served and its process has not been lost since; a reload is no loss."""

    @property
    def idle(self) -> bool:
        """Whether nothing runs or waits in it."""
        return not self.turn.taken


class Pool:
    """The environments of a session.

    Args:
        functions: Live functions by logical id.
        start: Starts a worker.
        on_line: Told each line: function, request id, stream, text.
        on_loaded: Told the files that a process has read.
        on_reload: Told functions, and files that were found changed, once per change.
        idle_seconds: A process without work for so long is ended.
        judge: Given a process and its answer, shortly after that has been given.
    """

    def __init__(
        self,
        functions: Mapping[str, LocalFunction],
        start: Start,
        on_line: Callable[[str, str, str, str], None],
        on_loaded: Callable[[Iterable[str]], None],
        on_reload: Callable[[Iterable[str], Iterable[str]], None],
        idle_seconds: float,
        judge: Callable[[Worker, Outcome], None] = lambda *_: None,
    ) -> None:
        self._functions = dict(functions)
        self._start = start
        self._on_line = on_line
        self._on_loaded = on_loaded
        self._on_reload = on_reload
        self._idle_seconds = idle_seconds
        self._judging = Judging(judge)
        self._environments: dict[str, Environment] = {}
        self._known: dict[str, dict[str, Stamp]] = {}
        self._leaving: set[Worker] = set()
        self._starting = 0
        self._ahead: set[asyncio.Task[None]] = set()

    @property
    def processes(self) -> int:
        """How many processes stand ready or work."""
        return sum(1 for _ in self._alive())

    @property
    def pids(self) -> list[int]:
        """Ids of these processes."""
        return [environment.worker.pid for environment in self._alive() if environment.worker]

    @property
    def files(self) -> dict[str, frozenset[str]]:
        """Files each function has loaded, by logical id."""
        return {function: frozenset(files) for function, files in self._known.items()}

    def hello(self, name: str, function: str, variables: Mapping[str, str]) -> None:
        """Note an execution environment, or its new variables.

        Args:
            name: Its worker id.
            function: Logical id of its function.
            variables: Its environment variables.
        """
        known = self._environments.get(name)
        if known is not None and known.function == function:
            known.variables = variables
            return
        self._environments[name] = Environment(name, function, variables)
        if len(self._environments) > MAX_ENVIRONMENTS:
            self._forget_one()

    def function_of(self, name: str) -> str:
        """Return the logical id of an environment's function; "" when it is unknown."""
        known = self._environments.get(name)
        return known.function if known else ""

    def is_warm(self, name: str) -> bool:
        """Tell whether an environment's next call is not a cold start."""
        known = self._environments.get(name)
        return known is not None and known.warm

    def begin(self, name: str, call: Call, done: Callable[[Outcome], None]) -> bool:
        """Run a call at once; False when its environment is busy or has no process ready.

        A warm environment, which nearly every call finds, needs no task and no turn of
        the loop: the event is on its way to the process when this returns.

        Args:
            name: Worker id of the environment.
            call: The invocation.
            done: Given its one answer; not before this returns.
        """
        environment = self._environments.get(name)
        if environment is None or environment.worker is None:
            return False
        if not environment.worker.ready or not environment.turn.take():
            return False
        environment.used = time.monotonic()

        def end(outcome: Outcome) -> None:
            try:
                done(outcome)
            finally:
                self._note_end(environment, outcome)
                environment.turn.give_back()

        try:
            environment.worker.begin(call, end)
        except Exception:  # `run` meets it again and answers with it
            environment.turn.give_back()
            return False
        return True

    async def run(self, name: str, call: Call) -> Outcome:
        """Run a call in its environment and return its one answer.

        Args:
            name: Worker id of the environment.
            call: The invocation.
        """
        environment = self._environments.get(name)
        if environment is None:
            return failure("SamLive.NoEnvironment", "The execution environment is not known here.")
        async with environment.turn:
            environment.used = time.monotonic()
            try:
                outcome = await self._invoke(environment, call)
            except RelayError as problem:
                text = " ".join(filter(None, (problem.message, problem.hint)))
                return failure(problem.error_type, text)
            except Exception as problem:  # every accepted request ends in an answer
                for line in traceback.format_exc().splitlines():
                    self._on_line(environment.function, call.request_id, "stderr", line)
                return failure("SamLive.InternalError", f"{type(problem).__name__}: {problem}")
            self._note_end(environment, outcome)
        return outcome

    def update(self, functions: Mapping[str, LocalFunction]) -> None:
        """Serve these functions from now on; processes of changed ones are replaced."""
        before, self._functions = self._functions, dict(functions)
        for environment in list(self._alive()):
            name = environment.function
            if before.get(name) != self._functions.get(name):
                self._known.pop(name, None)
                if environment.idle:
                    self._retire(environment)

    def code_changed(self, files: Iterable[str]) -> None:
        """Replace idle processes that have loaded one of these files.

        Args:
            files: Paths, as processes reported them, of files that were saved or removed.
        """
        paths = set(files)
        found = {name: self._notice(name, paths) for name in sorted(self._known)}
        self._reload({name: different for name, different in found.items() if different})

    def files_added(self, files: Iterable[str]) -> None:
        """Replace idle processes of functions below whose code or layers files are new.

        Nothing that they loaded has changed, but an import may find something else now.
        """
        found: dict[str, set[str]] = {}
        for environment in self._alive():
            function = self._functions.get(environment.function)
            if new := {path for path in files if _may_find(function, path)}:
                found.setdefault(environment.function, set()).update(new)
                assert environment.worker is not None
                environment.worker.outdated = True
        self._reload(found)

    def _reload(self, found: Mapping[str, set[str]]) -> None:
        for function in found:
            self._replace_idle(function)
        if found:
            self._on_reload(sorted(found), sorted(set().union(*found.values())))

    def _notice(self, function: str, paths: Iterable[str]) -> set[str]:
        """Return which of these files differ from what was known of a function, once."""
        known = self._known.get(function, {})
        different = set(changed({path: known[path] for path in paths if path in known}))
        known.update({path: stat(path) or GONE for path in different})
        return different

    def reap(self) -> None:
        """End the processes that have been idle for too long, or are too many."""
        self._make_room()
        before = time.monotonic() - self._idle_seconds
        for environment in list(self._alive()):
            worker = environment.worker
            if worker is None or worker.debugged:
                continue
            if environment.idle and environment.used < before:
                self._retire(environment)
                environment.warm = False

    async def close(self) -> None:
        """End every process and wait until it is gone."""
        for task in list(self._ahead):
            task.cancel()
        await asyncio.gather(*self._ahead, return_exceptions=True)
        workers = [entry.worker for entry in self._environments.values() if entry.worker]
        everyone = [*workers, *self._leaving]
        for worker in everyone:
            worker.kill()
        for worker in everyone:
            await worker.gone()
        self._environments.clear()

    def _note_end(self, environment: Environment, outcome: Outcome) -> None:
        environment.used = time.monotonic()
        environment.warm = environment.worker is not None and environment.worker.alive
        if environment.worker is not None:
            self._judging.answered(environment.worker, outcome)

    async def _invoke(self, environment: Environment, call: Call) -> Outcome:
        """Run a call; again when the code could not even be read in a piece.

        A process that reads a file in the middle of a save fails to initialise.
        Its handler has not run, and the code that failed is no longer there.
        """
        for _ in range(MAX_ATTEMPTS):
            worker = await self._worker_for(environment)
            outcome = await worker.invoke(call)
            if not worker.faulted:
                break
            await _until_saved(worker)
            if not worker.stale:
                break
        return outcome

    async def _worker_for(self, environment: Environment) -> Worker:
        """Return a process that runs the code as it is on disk now."""
        worker = environment.worker
        if worker is not None and worker.alive and not worker.stale:
            return worker
        if worker is not None:
            await _until_saved(worker)
            if different := self._notice(environment.function, worker.loaded):
                self._on_reload([environment.function], sorted(different))
            if worker.alive and worker.reload():
                return worker
        self._retire(environment)
        if worker is not None and worker.debugged:
            await worker.gone()  # its port is needed again
        function = self._functions.get(environment.function)
        if function is None:
            raise RelayError(
                f"samlive has no live function {environment.function!r} in this session.",
                "Deploy the stage again from the template that has it.",
            )
        self._starting += 1
        try:
            self._make_room()
            worker = await self._start(function, environment.variables, self._hooks(function))
        finally:
            self._starting -= 1
        environment.worker = worker
        return worker

    def _hooks(self, function: LocalFunction) -> Hooks:
        name = function.logical_id
        known = self._known.setdefault(name, {})

        def loaded(files: Mapping[str, Stamp]) -> None:
            known.update(files)
            self._on_loaded(files)

        return Hooks(
            line=lambda request, stream, text: self._on_line(name, request, stream, text),
            loaded=loaded,
        )

    def _replace_idle(self, function: str) -> None:
        recently = time.monotonic() - AHEAD_SECONDS
        idle = [
            environment
            for environment in self._alive()
            if environment.function == function
            and environment.idle
            and environment.worker is not None
            and environment.worker.stale
        ]
        idle.sort(key=lambda environment: environment.used, reverse=True)
        for number, environment in enumerate(idle):
            if environment.worker is not None and environment.worker.debugged:
                continue  # reloaded in place, by its next call
            self._retire(environment)
            if number < AHEAD_PROCESSES and environment.used >= recently:
                task = asyncio.get_running_loop().create_task(self._start_ahead(environment))
                self._ahead.add(task)
                task.add_done_callback(self._ahead.discard)

    async def _start_ahead(self, environment: Environment) -> None:
        async with environment.turn:
            try:
                await self._worker_for(environment)
            except RelayError:
                return  # the next request meets it again and tells

    def _alive(self) -> list[Environment]:
        return [
            environment
            for environment in self._environments.values()
            if environment.worker is not None and environment.worker.alive
        ]

    def _make_room(self) -> None:
        """End those idle for longest, so that with what is starting no more than the cap run."""
        alive = self._alive()
        idle = sorted(
            (each for each in alive if each.idle and each.worker and not each.worker.debugged),
            key=lambda environment: environment.used,
        )
        for environment in idle[: max(0, len(alive) + self._starting - MAX_PROCESSES)]:
            self._retire(environment)
            environment.warm = False

    def _forget_one(self) -> None:
        idle = [environment for environment in self._environments.values() if environment.idle]
        oldest = min(idle, key=lambda environment: environment.used, default=None)
        if oldest is not None:
            self._retire(oldest)
            del self._environments[oldest.name]

    def _retire(self, environment: Environment) -> None:
        worker, environment.worker = environment.worker, None
        if worker is None:
            return
        worker.retire()
        if worker.running:
            self._leaving.add(worker)
            worker.when_gone(lambda: self._leaving.discard(worker))


async def _until_saved(worker: Worker) -> None:
    """Wait for the end of a save that is under way, but not for long."""
    end = time.monotonic() + SETTLE_SECONDS
    while worker.half_saved and time.monotonic() < end:
        await asyncio.sleep(0.002)


def _may_find(function: LocalFunction | None, path: str) -> bool:
    """Tell whether a new file may change what a function finds when it loads."""
    if function is None:
        return False
    built = function.build is not None or function.run
    if not built and not path.endswith(MODULES):
        return False
    folders = map(os.path.realpath, function.sources)
    return any(path.startswith(folder + os.sep) for folder in folders)
