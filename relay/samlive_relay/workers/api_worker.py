"""Functions whose process speaks the Lambda Runtime API: Node, and any bootstrap.

Such a process reads its variables at its start, so it gets the environment the
ordinary way; only its owner can read that of a running process.
"""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from .process import spawn
from .runtime_api import RuntimeApi, Slot
from .stamps import Stamp, from_report
from .streamed import TRUNCATED
from .worker import Boot, Call, Hooks, Outcome, Worker

TRUNCATED_SECONDS = 0.2


class ApiWorker(Worker):
    """One process with a runtime interface client.

    Args:
        boot: The environment it stands for.
        hooks: Whom it tells.
        command: Program and arguments.
        api: The session's Runtime API.
        loaded: Files that make a new process necessary when they change; the Node
            runner reports its own.
        extra: Variables beside the boot's.
        door: Give it an address without a path, for clients that cannot carry one.
    """

    def __init__(
        self,
        boot: Boot,
        hooks: Hooks,
        command: Sequence[str],
        api: RuntimeApi,
        loaded: Mapping[str, Stamp] = MappingProxyType({}),
        extra: Mapping[str, str] = MappingProxyType({}),
        door: bool = False,
    ) -> None:
        super().__init__(boot, hooks)
        self._command = command
        self._api = api
        self._given = loaded
        self._extra = extra
        self._door = door
        self._slot = Slot(
            on_answer=self._take_answer,
            on_init_error=self._take_fault,
            on_ready=self._note_ready,
            on_loaded=lambda body: self._on_loaded(from_report(json.loads(body))),
        )

    async def start(self) -> None:
        """Start the process with its place in the Runtime API."""
        add = self._api.add_door if self._door else self._api.add
        address = await add(self._slot)
        self._on_loaded(self._given)
        variables = {**self.boot.variables, **self._extra, "AWS_LAMBDA_RUNTIME_API": address}
        code = self.boot.function.code
        apart = self.boot.debug_port is not None  # delve's program leads a group of its own
        self._launched(spawn(self._command, code, variables, self._on_line, apart=apart))
        self.when_gone(lambda: self._api.remove(self._slot))

    def _dispatch(self, call: Call) -> None:
        self._slot.calls.put_nowait(call)

    def _hang_up(self) -> None:
        self._slot.close()

    def _take_answer(self, request_id: str, body: bytes, error: bool) -> None:
        call, outcome = self._call, Outcome(body, error=error)
        if body is not TRUNCATED:
            self._finish(outcome)
            return
        # Most likely the process has ended: that says more, and will be noticed at once.
        self._loop.call_later(
            TRUNCATED_SECONDS, lambda: self._finish(outcome) if self._call is call else None
        )

    def _take_fault(self, body: bytes) -> None:
        try:
            fault = json.loads(body)
        except ValueError:
            fault = {"errorType": "Runtime.Unknown", "errorMessage": body.decode(errors="replace")}
        self._on_fault(fault)

    def _note_ready(self) -> None:
        if not self._ready_at:
            self._on_ready()
