"""One zygote process, from the relay's side; its own is `samlive_runner.zygote`.

    starting -> ready -> closed

The control channel is a sequenced-packet socket: each message is one packet, so
nothing has to be cut, and descriptors of a new environment travel with the
request for it. When a zygote ends, its children live on (their channel and
lifeline are the relay's), but nobody can tell their exit status any more, so
they are ended with it.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from samlive_relay.errors import RelayError

from .process import OnLine, Pipes, Process, spawn
from .reserve import Reserve

RUNNER = Path(__file__).parent.parent / "runners" / "python" / "run_zygote.py"
PACKET = 1 << 20
PATIENCE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Order:
    """What a zygote preloads.

    Args:
        modules: Full module names, in order of import.
        loader: Calls of botocore's data loader.
        path: Folders at the end of its import path.
    """

    modules: tuple[str, ...] = ()
    loader: tuple[Any, ...] = field(default=(), repr=False)
    path: tuple[str, ...] = ()


class Zygote:
    """A process that forks environments of Python functions.

    Args:
        interpreter: Python that runs it.
        order: What it preloads.
        environment: Its variables: those that every function has alike.
        cwd: Where it starts.
    """

    def __init__(
        self, interpreter: str, order: Order, environment: Mapping[str, str], cwd: Path
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setblocking(False)
        self.order = order
        self.reads: dict[str, tuple[str | None, str]] = {}
        self.threads: list[str] = []
        self.ready: asyncio.Future[bool] = self._loop.create_future()
        self._children: dict[int, Process] = {}
        self._early: dict[int, int] = {}
        self._forking: list[asyncio.Future[int]] = []
        self._unsettled = 0  # forks whose child is not among `_children` yet
        self._closing = False
        self.reserve = Reserve(self.fork)
        # Thread pools of numeric libraries would not survive the fork.
        single = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        with theirs:
            try:
                self._process = spawn(
                    [interpreter, str(RUNNER), str(theirs.fileno())],
                    cwd,
                    {**environment, **single},
                    lambda stream, line: None,
                    (theirs.fileno(),),
                )
            except OSError as problem:
                self._control.close()
                raise RelayError(f"{interpreter} does not start: {problem}.") from None
        self._control.send(json.dumps(asdict(order)).encode())
        self._loop.add_reader(self._control.fileno(), self._read)
        self._process.exited.add_done_callback(lambda _: self._on_end())

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def usable(self) -> bool:
        """Whether it is ready to fork."""
        ready = self.ready.done() and not self.ready.cancelled() and self.ready.result()
        return ready and not self._closing

    @property
    def packages(self) -> frozenset[str]:
        """Top-level names that it has preloaded."""
        return frozenset(name.partition(".")[0] for name in self.order.modules)

    async def fork(
        self, channel: socket.socket, on_line: OnLine, for_reserve: bool = False
    ) -> Process:
        """Fork an environment.

        Args:
            channel: The runner's end of its channel.
            on_line: Told each line it writes.
            for_reserve: Whether it is going to wait before it is told what it is.

        Raises:
            RelayError: The zygote has ended.
        """
        pipes = Pipes()
        self._unsettled += 1
        try:
            pid = await self._ask(b"reserve" if for_reserve else b"fork", channel, pipes)
        except BaseException:
            pipes.close_own_ends()
            raise
        finally:
            self._unsettled -= 1
            pipes.close_child_ends()
            self._loop.call_soon(self._close_if_childless)
        process = Process(pid, (pipes.out, pipes.error), pipes.lifeline, on_line)
        if pid in self._early:
            process.ended(self._early.pop(pid))
        else:
            self._children[pid] = process
        return process

    async def _ask(self, request: bytes, channel: socket.socket, pipes: Pipes) -> int:
        forked: asyncio.Future[int] = self._loop.create_future()
        self._forking.append(forked)
        descriptors = [channel.fileno(), pipes.out_child, pipes.error_child, pipes.held]
        try:
            socket.send_fds(self._control, [request], descriptors)
        except OSError:
            self._forking.remove(forked)
            raise RelayError("The zygote has ended.") from None
        pid = await forked
        if self._process.exited.done():
            # It ended in the same turn of the loop: nobody would tell how the child ends.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            raise RelayError("The zygote has ended.")
        return pid

    def retire(self) -> None:
        """End it once its last child has ended."""
        self._closing = True
        self.reserve.close()
        self._close_if_childless()

    async def close(self) -> None:
        """End it and its children now."""
        self._closing = True
        await self.reserve.closed()
        children = list(self._children.values())
        for child in children:
            child.kill()
        if children:  # it tells of their end, unless it hangs
            await asyncio.wait([child.exited for child in children], timeout=PATIENCE_SECONDS)
        self._process.kill()
        await asyncio.shield(self._process.exited)

    def _close_if_childless(self) -> None:
        if self._closing and not self._children and not self._unsettled:
            self._process.kill()

    def _read(self) -> None:
        while True:
            try:
                packet = self._control.recv(PACKET)
            except BlockingIOError:
                return
            except OSError:
                packet = b""
            if not packet:
                self._loop.remove_reader(self._control.fileno())
                return
            self._on_message(json.loads(packet))

    def _on_message(self, message: dict[str, Any]) -> None:
        if "ready" in message:
            report = message["ready"]
            self.reads = {name: (value, by) for name, (value, by) in report["reads"].items()}
            self.threads = report["threads"]
            if not self.ready.done():
                self.ready.set_result(True)
                self.reserve.plan()
        elif "forked" in message:
            forked = self._forking.pop(0)
            if forked.done():
                pass
            elif message["forked"] > 0:
                forked.set_result(message["forked"])
            else:
                forked.set_exception(RelayError("There is no room for another process."))
        elif child := self._children.pop(message["exited"], None):
            child.ended(message["status"])
            self._close_if_childless()
        else:
            self._early[message["exited"]] = message["status"]

    def _on_end(self) -> None:
        self._loop.remove_reader(self._control.fileno())
        self._control.close()
        self._closing = True
        self.reserve.close()
        if not self.ready.done():
            self.ready.set_result(False)
        for forked in self._forking:
            if not forked.done():
                forked.set_exception(RelayError("The zygote has ended."))
        for child in list(self._children.values()):
            child.kill()
            child.ended(-9)
        self._children.clear()
