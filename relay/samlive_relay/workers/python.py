"""Python functions, served by our own runner over a socket pair.

The process starts without the function's variables: they travel over the
channel, like everything else. Only what an interpreter reads at its start is
given to it directly. A call is sent without waiting for the import to end; the
runner takes it from the socket as soon as it is ready.
"""

import importlib.util
import json
import socket
from collections.abc import Sequence
from pathlib import Path

from samlive_relay.errors import RelayError

from . import channel as wire
from . import sdk
from .channel import Channel
from .environment import python_layer_paths
from .process import Process, spawn
from .reserve import Forked
from .stamps import from_report
from .worker import RETIRE_SECONDS, Boot, Call, Hooks, Outcome, Worker
from .zygotes import Zygotes

RUNNER = Path(__file__).parent.parent / "runners" / "python" / "run_handler.py"
AT_START = ("LD_LIBRARY_PATH", "PYTHONHASHSEED", "PYTHONWARNINGS", "PYTHONUTF8", "PATH", "LANG")
"""Variables that have an effect only when they are there before the interpreter starts."""


class PythonWorker(Worker):
    """One interpreter of the user's project.

    Args:
        boot: The environment it stands for.
        hooks: Whom it tells.
        interpreter: Path of the Python to run.
        zygotes: Forks it when that is possible, and learns what it imports.
        prefix: What the command starts with; a process that has one is not forked.
    """

    def __init__(
        self,
        boot: Boot,
        hooks: Hooks,
        interpreter: str,
        zygotes: Zygotes | None = None,
        prefix: Sequence[str] = (),
    ) -> None:
        super().__init__(boot, hooks)
        self._interpreter = interpreter
        self._zygotes = zygotes
        self._prefix = prefix
        self.forked = False
        self._channel: Channel | None = None
        self.debugged = boot.debug_port is not None

    async def start(self) -> None:
        """Start the runner and send it its environment."""
        started = await self._fork() or self._spawn()
        self._launched(started.process)
        self._channel = Channel(started.channel, self._on_message, self._on_end)
        self._channel.send_json(wire.BOOT, boot_message(self.boot, self._interpreter))

    async def _fork(self) -> Forked | None:
        if self.boot.debug_port is not None or self._prefix:
            return None
        zygote = self._zygotes and self._zygotes.zygote_for(self._interpreter, self.boot)
        if not zygote:
            return None
        try:
            forked = await zygote.reserve.take(self._on_line)
        except RelayError:
            return None
        self.forked = True
        return forked

    def _spawn(self) -> Forked:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                return Forked(ours, self._spawn_with(theirs))
            except BaseException:
                ours.close()
                raise

    def _spawn_with(self, channel: socket.socket) -> Process:
        variables = self.boot.variables
        environment = {name: value for name, value in variables.items() if name in AT_START}
        command = [*self._prefix, self._interpreter, str(RUNNER), str(channel.fileno())]
        code = self.boot.function.code
        try:
            return spawn(command, code, environment, self._on_line, (channel.fileno(),))
        except OSError as problem:
            raise RelayError(f"{self._interpreter} does not start: {problem}.") from None

    def reload(self) -> bool:
        """Load changed code in place, which keeps a debugger attached."""
        if not self.debugged or self._channel is None or self.boot.inputs:
            return False
        self.loaded.clear()
        self.outdated = False
        self._fault = None
        self._channel.send(wire.RELOAD)
        return True

    def _dispatch(self, call: Call) -> None:
        assert self._channel is not None
        self._channel.send_invocation(dict(call.fields), call.event)

    def _hang_up(self) -> None:
        if self._channel is not None:
            self._channel.close()

    def _on_message(self, kind: bytes, body: bytes) -> None:
        if kind == wire.RESPONSE or kind == wire.ERROR:
            self._finish(Outcome(body, error=kind == wire.ERROR))
        elif kind == wire.LOADED:
            self._on_loaded(from_report(json.loads(body)))
        elif kind == wire.READY:
            self._on_ready()
            report = json.loads(body)
            self.memory_before = report.get("before", 0)
            self._on_loaded(from_report(report["files"]))
            if "fault" in report:
                self._on_fault(report["fault"])
        elif kind == wire.DEPENDENCIES and self._zygotes is not None:
            report = json.loads(body)
            self._zygotes.learn(self._interpreter, report["modules"], report["loader"])

    def _on_exit(self) -> None:
        if self._channel is not None:
            self._channel.drain()  # why it has ended, or even the answer
        super()._on_exit()

    def _on_end(self) -> None:
        # Usually the process is about to end; one that closed its channel is of no use.
        if self._process is not None:
            self._loop.call_later(RETIRE_SECONDS, self._process.kill)


def boot_message(boot: Boot, interpreter: str) -> dict[str, object]:
    """Return the BOOT message of an environment for a runner under an interpreter."""
    layers = python_layer_paths(boot.function)
    fetched = boot.function.fetched
    edited = [path for path in layers if not any(map(Path(path).is_relative_to, fetched))]
    message: dict[str, object] = {
        "handler": boot.function.handler,
        "code": str(boot.function.code),
        "path": layers,
        "roots": [str(boot.function.code), *edited, str(boot.project)],
        "runtime": sdk.folders(interpreter, boot.state),
        "environment": dict(boot.variables),
    }
    if boot.debug_port is not None:
        found = importlib.util.find_spec("debugpy")
        folder = Path(found.origin).parent.parent if found and found.origin else ""
        message["debug"] = {"port": boot.debug_port, "path": str(folder)}
    return message
