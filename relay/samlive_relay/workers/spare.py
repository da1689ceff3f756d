"""One Node.js process that stands ready, from the relay's side (`runners/node/spare.mjs`).

    loading packages -> ready -> handed over (an ordinary worker's process) | ended

It talks to the Runtime API as every Node.js runner does, through a slot of its
own that the worker takes over together with the process. What it writes before
is kept for the worker: in Lambda packages write in the same place.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .process import Process, spawn
from .runtime_api import RuntimeApi, Slot
from .stamps import Stamp, changed, from_report

MOST_LINES = 1000

CHANGING = frozenset(
    {
        "AWS_ACCESS_KEY_ID",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "SAMLIVE_BUNDLE",
    }
)
"""Variables that can differ between two environments of a function; a process is given
them when it is needed. All others are there from its start, and have to be the same."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a process of a function is started.

    Args:
        command: Program and arguments.
        cwd: Working directory.
        variables: Its variables.
        project: Folder of the user's own files, beside the working directory.
    """

    command: tuple[str, ...]
    cwd: Path
    variables: Mapping[str, str] = field(repr=False)
    project: Path

    @property
    def environment(self) -> str:
        """What tells the environment that it is for from others."""
        return self.variables.get("AWS_LAMBDA_LOG_STREAM_NAME", "")

    def alike(self, other: "Recipe") -> bool:
        """Tell whether a spare of this one can become a process of the other."""
        return (
            self.command == other.command
            and self.cwd == other.cwd
            and self._lasting() == other._lasting()
        )

    def _lasting(self) -> dict[str, str]:
        return {name: value for name, value in self.variables.items() if name not in CHANGING}


class Spare:
    """A process that has loaded packages and waits.

    Args:
        recipe: How it is started.
        modules: What it loads: "import" or "require", file.
        api: The session's Runtime API.
    """

    def __init__(self, recipe: Recipe, modules: tuple[tuple[str, str], ...], api: RuntimeApi):
        loop = asyncio.get_running_loop()
        self.recipe = recipe
        self.modules = modules
        self.ready: asyncio.Future[bool] = loop.create_future()
        self.unfit: frozenset[str] = frozenset()
        """Packages that must not be loaded ahead."""
        self.reads: Mapping[str, str] = {}
        """Variables that packages have read, and which one did."""
        self.process: Process | None = None
        self.ended = False
        """Whether it was ended by `end`."""
        self._api = api
        self._files: dict[str, Stamp] = {}
        self._boot: asyncio.Future[bytes] = loop.create_future()
        self._lines: list[tuple[str, str]] = []
        self._on_line: Callable[[str, str], None] | None = None
        self.slot = Slot(
            on_answer=lambda request, body, error: None,
            on_init_error=lambda body: None,
            on_ready=lambda: None,
            on_loaded=lambda body: None,
            offers={
                "spare/modules": self._tell_modules,
                "spare/ready": self._take_report,
                "spare/boot": self._await_boot,
            },
        )

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self.process is not None and not self.process.exited.done()

    @property
    def is_ready(self) -> bool:
        """Whether it has loaded what it should."""
        return self.alive and self.ready.done() and self.ready.result()

    @property
    def outdated(self) -> bool:
        """Whether a file that it has loaded is another one now."""
        return bool(changed(self._files))

    async def start(self) -> None:
        """Start the process.

        Raises:
            OSError: It cannot be started.
            RelayError: There is no Runtime API.
        """
        address = await self._api.add(self.slot)
        own = {"AWS_LAMBDA_RUNTIME_API": address, "SAMLIVE_SPARE": "1"}
        recipe = self.recipe
        variables = {**recipe.variables, **own}
        self.process = spawn(recipe.command, recipe.cwd, variables, self._take_line)
        self.process.exited.add_done_callback(lambda _: self._on_exit())

    def hand_over(
        self, worker: Slot, variables: Mapping[str, str], on_line: Callable[[str, str], None]
    ) -> Process:
        """Make it a worker's process; returns it.

        Args:
            worker: Whom its slot tells from now on.
            variables: Variables of the worker's environment.
            on_line: Told each line, those written until now included.
        """
        assert self.process is not None
        self.slot.serve(worker)
        self._on_line = on_line
        for stream, line in self._lines:
            on_line(stream, line)
        given: dict[str, str | None] = {name: variables.get(name) for name in CHANGING}
        self._boot.set_result(json.dumps(given).encode())
        return self.process

    def end(self) -> None:
        """End the process."""
        self.ended = True
        if self.process is not None:
            self.process.kill()

    async def _tell_modules(self, _: bytes) -> bytes:
        folders = [str(folder.resolve()) for folder in (self.recipe.project, self.recipe.cwd)]
        return json.dumps({"modules": self.modules, "folders": folders}).encode()

    async def _take_report(self, body: bytes) -> bytes:
        report: dict[str, Any] = json.loads(body)
        self.unfit = frozenset(report["unfit"])
        self.reads = report["reads"]
        self._files = from_report(report["files"])
        if not self.ready.done():
            self.ready.set_result(True)
        return b"null"

    async def _await_boot(self, _: bytes) -> bytes:
        return await self._boot

    def _take_line(self, stream: str, line: str) -> None:
        if self._on_line is not None:
            self._on_line(stream, line)
        elif len(self._lines) < MOST_LINES:
            self._lines.append((stream, line))

    def _on_exit(self) -> None:
        self._api.remove(self.slot)
        self._boot.cancel()
        if not self.ready.done():
            self.ready.set_result(False)
