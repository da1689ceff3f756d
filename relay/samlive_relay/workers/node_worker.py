"""Node.js functions: a spare becomes their process when one fits, else a fresh one is started."""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from .api_worker import ApiWorker
from .runtime_api import RuntimeApi
from .spare import Recipe
from .spares import Spares
from .stamps import Stamp
from .worker import Boot, Call, Hooks

LEAVE_SECONDS = 0.1
"""A process is ended so long after it was replaced: its end takes the time of a first call."""


class NodeWorker(ApiWorker):
    """One Node.js process.

    Args:
        boot: The environment it stands for.
        hooks: Whom it tells.
        command: Program and arguments.
        api: The session's Runtime API.
        spares: Processes that stand ready; they learn what this one loads.
        loaded: What its bundle was made of.
        extra: Variables beside the boot's.
    """

    def __init__(
        self,
        boot: Boot,
        hooks: Hooks,
        command: Sequence[str],
        api: RuntimeApi,
        spares: Spares,
        loaded: Mapping[str, Stamp] = MappingProxyType({}),
        extra: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(boot, hooks, command, api, loaded, extra)
        self._spares = spares
        self._name = boot.function.logical_id
        variables = {**boot.variables, **extra}
        self._recipe = Recipe(tuple(command), boot.function.code, variables, boot.project)
        self.spared = False
        """Whether its process had stood ready."""
        self._slot.offers |= {"wanted": self._learn, "spare/useless": self._give_up}

    async def start(self) -> None:
        """Take a spare, or start a process."""
        spare = None
        if self.boot.debug_port is None:
            spare = await self._spares.take(self._name, self._recipe)
        if spare is None:
            await super().start()
            return
        self.spared = True
        self._on_loaded(self._given)
        process = spare.hand_over(self._slot, self._recipe.variables, self._on_line)
        self._slot = spare.slot
        self._launched(process)

    def _dispatch(self, call: Call) -> None:
        if self._ready_at:  # else it is loading, and the next spare can wait
            self._spares.used(self._name, self._recipe)
        super()._dispatch(call)

    def _hang_up(self) -> None:
        if self.debugged:  # its port is needed again
            super()._hang_up()
        else:
            self._loop.call_later(LEAVE_SECONDS, super()._hang_up)

    async def _learn(self, body: bytes) -> bytes:
        if self.boot.debug_port is None:
            modules = map(tuple, json.loads(body))
            self._spares.learn(self._name, self._recipe, modules, self.spared)
        return b"null"

    async def _give_up(self, body: bytes) -> bytes:
        self._spares.refuse(self._name, json.loads(body)["conflict"])
        self._start_again()
        return b"null"

    def _on_exit(self) -> None:
        if self.spared and not self._ready_at and not self.faulted and not self._retired:
            # Killed while it waited, or by code that a fresh process has to run to be sure.
            self._spares.refuse(self._name, ())
            self._start_again()
        super()._on_exit()

    def _start_again(self) -> None:
        """Have a call get a fresh process: this one differs, and its handler has not run."""
        self.outdated = True
        self._on_fault({"errorType": "Runtime.ExitError", "errorMessage": "It is started again."})
