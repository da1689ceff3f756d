"""Starts the right kind of process for a function's runtime."""

import os
from collections.abc import Callable, Iterable, Mapping

from samlive_relay.config import LocalFunction, RelayConfig
from samlive_relay.errors import RelayError

from . import bootstrap, environment, interpreters, node
from .api_worker import ApiWorker
from .python import PythonWorker
from .runtime_api import RuntimeApi
from .stamps import GONE, stat
from .typescript import Bundler
from .worker import Boot, Hooks, Worker
from .zygotes import Zygotes

Warn = Callable[[str, str], None]


class Starter:
    """Starts workers for a session.

    Args:
        config: The session's configuration.
        warn: Told, once per function, what the user should know: logical id, text.
    """

    def __init__(self, config: RelayConfig, warn: Warn) -> None:
        self._config = config
        self._warn = warn
        self._api = RuntimeApi()
        self._bundler = Bundler(config.state, config.project, os.environ)
        self._zygotes = Zygotes(config.state, config.project, os.environ)
        self._debugged: dict[str, Worker] = {}
        self._warned: set[tuple[str, str]] = set()

    @property
    def zygotes(self) -> Zygotes:
        """The Python processes that stand ready to fork."""
        return self._zygotes

    def warm_up(self, functions: Iterable[LocalFunction]) -> None:
        """Start ahead what the first requests of these functions will need."""
        for function in functions:
            if function.runtime.startswith("python"):
                self._zygotes.warm_up(interpreters.find(function, self._config.project, os.environ))

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
        variables = environment.build(function, remote, os.environ)
        boot = Boot(
            function,
            variables,
            self._config.project,
            self._config.state,
            self._debug_port(function),
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
        return worker

    def _debug_port(self, function: LocalFunction) -> int | None:
        """Return the function's debug port, unless another process of it has it."""
        holder = self._debugged.get(function.logical_id)
        return None if holder is not None and holder.running else function.debug_port

    async def close(self) -> None:
        """End what workers share."""
        await self._zygotes.close()
        await self._api.close()
        await self._bundler.close()

    async def _worker(self, boot: Boot, hooks: Hooks) -> Worker:
        function = boot.function
        if function.runtime.startswith("python"):
            interpreter = interpreters.find(function, boot.project, os.environ)
            self._warn_once(function, interpreters.mismatch(function, interpreter))
            return PythonWorker(boot, hooks, interpreter, self._zygotes)
        if function.runtime.startswith("nodejs"):
            return await self._node(boot, hooks)
        if function.runtime.startswith("provided") and (program := bootstrap.find(function)):
            loaded = {str(program): stat(str(program)) or GONE}
            return ApiWorker(boot, hooks, (str(program),), self._api, loaded)
        raise RelayError(
            f"samlive cannot run {function.runtime} of {function.logical_id} locally yet.",
            "Keep the function as deployed.",
        )

    async def _node(self, boot: Boot, hooks: Hooks) -> Worker:
        function = boot.function
        program = node.find(function, os.environ)
        self._warn_once(function, await node.mismatch(function, program))
        command = [program, *node.inspect(boot.debug_port)]
        bundle = await self._bundler.bundle(function, program)
        if bundle is None:
            return ApiWorker(boot, hooks, (*command, str(node.RUNNER)), self._api)
        extra = {"SAMLIVE_BUNDLE": str(bundle.folder)}
        command += ["--enable-source-maps", str(node.RUNNER)]
        return ApiWorker(boot, hooks, command, self._api, bundle.inputs, extra)

    def _warn_once(self, function: LocalFunction, text: str) -> None:
        if text and (function.logical_id, text) not in self._warned:
            self._warned.add((function.logical_id, text))
            self._warn(function.logical_id, text)
