"""The process that builds bundles, from the relay's side; its own is `runners/node/bundler.mjs`.

It runs the project's esbuild for the whole session. Requests and answers are
lines of JSON on a socket pair, in any order; each request has one answer, also
when the process ends in the middle of it.
"""

import asyncio
import itertools
import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from samlive_relay.errors import RelayError

from .process import Process, spawn

RUNNER = Path(__file__).parent.parent / "runners" / "node" / "bundler.mjs"
LONGEST_LINE = 1 << 26


class Bundling:
    """One esbuild that stays.

    Args:
        node: Node.js that runs it.
        esbuild: Main module of esbuild.
        environment: Its variables.
        cwd: Where it starts.
    """

    def __init__(self, node: str, esbuild: Path, environment: Mapping[str, str], cwd: Path) -> None:
        self._command = (node, str(RUNNER))
        self._esbuild = esbuild
        self._environment = environment
        self._cwd = cwd
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._said: list[str] = []
        self._process: Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self._process is not None and not self._process.exited.done()

    @property
    def pid(self) -> int:
        """Id of its process; 0 when none has been started."""
        return self._process.pid if self._process else 0

    async def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Have something built; starts the process when it does not run.

        Args:
            request: What `runners/node/bundler.mjs` takes, without an id.

        Returns:
            Its answer.

        Raises:
            RelayError: The process has ended instead.
        """
        async with self._starting:
            if not self.alive:
                await self._start()
        assert self._writer is not None
        number = next(self._numbers)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            self._writer.write(json.dumps({"id": number, **request}).encode() + b"\n")
            return await answer
        finally:
            del self._waiting[number]

    async def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            await asyncio.shield(self._process.exited)
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        if self._writer is not None:
            self._writer.close()

    async def _start(self) -> None:
        await self.close()
        ours, theirs = socket.socketpair()
        self._said.clear()
        with theirs:
            command = [*self._command, str(theirs.fileno()), str(self._esbuild)]
            passed = (theirs.fileno(),)
            try:
                self._process = spawn(command, self._cwd, self._environment, self._note, passed)
            except BaseException:
                ours.close()
                raise
        reader, self._writer = await asyncio.open_connection(sock=ours, limit=LONGEST_LINE)
        self._reading = asyncio.get_running_loop().create_task(self._read(reader))

    def _note(self, _: str, line: str) -> None:
        self._said = [*self._said[-20:], line]

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                answer = json.loads(line)
                waiting = self._waiting.get(answer["id"])
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer)
        except ConnectionError:
            pass
        if self._process is not None:
            self._process.drain_output()
        problem = "\n".join(self._said) or f"{self._esbuild} has ended."
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(RelayError(f"esbuild does not run: {problem}"))
