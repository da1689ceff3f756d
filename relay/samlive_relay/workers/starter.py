"""Starts the right kind of process for a function's runtime."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace

from samlive_relay.calls import describe_error
from samlive_relay.config import LocalFunction, RelayConfig
from samlive_relay.errors import RelayError

from . import doors, environment, hints, interpreters, left_out, memory, node, opt, programs
from .api_worker import ApiWorker
from .builds import BuildError, Builds, Built, OnBuild
from .builds_ahead import BuildsAhead, OnLoaded
from .node_worker import NodeWorker
from .python import PythonWorker
from .runtime_api import RuntimeApi
from .spares import Spares
from .typescript import Bundler
from .worker import Boot, Hooks, Outcome, Worker
from .zygotes import Zygotes

Warn = Callable[[str, str], None]


class Starter:
    """Starts workers for a session.

    Args:
        config: The session's configuration.
        warn: Told, once per function, what the user should know: logical id, text.
        on_build: Told of builds.
        on_loaded: Told of files that were built from ahead of any process.
    """

    def __init__(
        self,
        config: RelayConfig,
        warn: Warn,
        on_build: OnBuild = lambda *_: None,
        on_loaded: OnLoaded = lambda _: None,
    ) -> None:
        self._config = config
        self._warn = warn
        self._api = RuntimeApi()
        self._opt = opt.Opt(config.state)
        self._spares = Spares(self._api)
        self._bundler = Bundler(config.state, config.project, os.environ)
        self._zygotes = Zygotes(config.state, config.project, os.environ)
        self._builds = Builds(config.state, config.project, on_build)
        self._ahead = BuildsAhead(self._builds, on_loaded)
        self._debugged: dict[str, Worker] = {}
        self._warned: set[tuple[str, str]] = set()

    @property
    def zygotes(self) -> Zygotes:
        """The Python processes that stand ready to fork."""
        return self._zygotes

    @property
    def spares(self) -> Spares:
        """The Node.js processes that stand ready."""
        return self._spares

    def warm_up(self, functions: Iterable[LocalFunction]) -> None:
        """Start ahead what the first requests of these functions will need."""
        wanted = tuple(functions)
        self.build_ahead(wanted)
        for function in wanted:
            if function.runtime.startswith("python") and not function.run:
                self._zygotes.warm_up(interpreters.find(function, self._config.project, os.environ))

    def build_ahead(self, functions: Iterable[LocalFunction]) -> None:
        """Build what these functions run, from now on after every save too."""
        self._ahead.start(functions)

    def code_changed(self, paths: AbstractSet[str]) -> None:
        """Build what was saved ahead of the next request."""
        self._ahead.code_changed(paths)

    async def start(
        self, function: LocalFunction, remote: Mapping[str, str], hooks: Hooks
    ) -> Worker:
        """Start a process for a function.

        Args:
            function: The function.
            remote: Variables of the remote environment.
            hooks: Whom the worker tells.

        Raises:
            RelayError: Nothing on this machine can run it.
        """
        if not function.code.is_dir():
            raise RelayError(
                f"The code folder of {function.logical_id} does not exist: {function.code}.",
                "Check CodeUri (or Code) in the template.",
            )
        function, built = await self._built(function, hooks)
        variables = environment.build(function, remote, os.environ)
        for text in left_out.texts(function, variables):
            self._warn_once(function, text)
        boot = Boot(
            function,
            variables,
            self._config.project,
            self._config.state,
            self._debug_port(function),
            built.inputs if built else {},
        )
        worker = await self._worker(boot, hooks)
        if boot.debug_port is not None:
            worker.debugged = True
            self._debugged[function.logical_id] = worker
        try:
            await worker.start()
        except OSError as problem:
            raise RelayError(
                f"No process can be started for {function.logical_id}: {problem}.",
                "Check the limits of this machine (ulimit -u, ulimit -n) and its memory.",
            ) from problem
        if built:
            worker.depends_on(built.inputs)
            worker.when_gone(self._builds.hold(built))
        return worker

    def judge(self, worker: Worker, outcome: Outcome) -> None:
        """Tell what a call has shown: memory that is not there in Lambda, a missing package.

        Args:
            worker: The process that served it.
            outcome: Its answer.
        """
        function = worker.boot.function
        key = (function.logical_id, "memory")
        if worker.alive and not worker.debugged and key not in self._warned:
            if used := memory.over(worker.pid, function.memory, worker.memory_before):
                self._warned.add(key)
                text = f"needed {used} MB; with its MemorySize of {function.memory} Lambda ends it."
                self._warn(function.logical_id, text)
        if outcome.error:
            python = function.runtime.startswith("python") and not function.run
            found = interpreters.find(function, worker.boot.project, os.environ) if python else ""
            kind, message = describe_error(outcome.body)
            project = worker.boot.project
            self._warn_once(function, hints.for_error(function, kind, message, project, found))

    async def _built(
        self, function: LocalFunction, hooks: Hooks
    ) -> tuple[LocalFunction, Built | None]:
        """Return the function with what its build made as its code."""
        if function.build is None:
            return function, None
        try:
            built = await self._builds.build(function, function.build)
        except BuildError as problem:
            hooks.loaded(problem.inputs)  # a save of them is told, and builds anew
            raise
        return replace(function, code=built.folder), built

    def _debug_port(self, function: LocalFunction) -> int | None:
        """Return the function's debug port, unless another process of it has it."""
        holder = self._debugged.get(function.logical_id)
        return None if holder is not None and holder.running else function.debug_port

    async def close(self) -> None:
        """End what workers share."""
        await self._ahead.close()
        await self._builds.close()
        await self._zygotes.close()
        await self._spares.close()
        await self._api.close()
        await self._bundler.close()

    async def _worker(self, boot: Boot, hooks: Hooks) -> Worker:
        function = boot.function
        if function.run:
            return await self._program(boot, hooks)
        if function.runtime.startswith("python"):
            interpreter = interpreters.find(function, boot.project, os.environ)
            self._warn_once(function, interpreters.mismatch(function, interpreter), of_all=True)
            prefix = await self._opt_for(boot, interpreter)
            return PythonWorker(boot, hooks, interpreter, self._zygotes, prefix)
        if function.runtime.startswith("nodejs"):
            return await self._node(boot, hooks)
        return await self._program(boot, hooks)

    async def _program(self, boot: Boot, hooks: Hooks) -> Worker:
        program = await programs.find(boot, os.environ)
        self._warn_once(boot.function, program.notice)
        # Not every client takes an address with a path.
        door = doors.AVAILABLE
        loaded, variables = program.loaded, program.variables
        command = (*await self._opt_for(boot, program.command[0]), *program.command)
        return ApiWorker(boot, hooks, command, self._api, loaded, variables, door)

    async def _node(self, boot: Boot, hooks: Hooks) -> Worker:
        function = boot.function
        program = node.find(function, os.environ)
        self._warn_once(function, await node.mismatch(function, program), of_all=True)
        prefix = await self._opt_for(boot, program)
        command = [*prefix, program, *node.inspect(boot.debug_port)]
        bundle = await self._bundler.bundle(function, program)
        if bundle is None:
            command.append(str(node.RUNNER))
            return NodeWorker(boot, hooks, command, self._api, self._spares)
        extra = {"SAMLIVE_BUNDLE": str(bundle.folder)}
        command += ["--enable-source-maps", str(node.RUNNER)]
        return NodeWorker(boot, hooks, command, self._api, self._spares, bundle.inputs, extra)

    async def _opt_for(self, boot: Boot, program: str) -> tuple[str, ...]:
        """Return what lets a function's process see its layers at /opt."""
        needs = (program, str(boot.function.code), str(boot.project), sys.executable)
        prefix = await self._opt.prefix(boot.function, needs)
        if not prefix:
            self._warn_once(boot.function, opt.missing(boot.function.layers))
        return prefix

    def _warn_once(self, function: LocalFunction, text: str, of_all: bool = False) -> None:
        """Tell something once: of a function, or of the first of all that it holds of."""
        key = ("" if of_all else function.logical_id, text)
        if text and key not in self._warned:
            self._warned.add(key)
            self._warn(function.logical_id, text)
