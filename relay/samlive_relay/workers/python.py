"""Python functions, served by our own runner over a socket pair.

The process starts without the function's variables: they travel over the
channel, like everything else. Only what an interpreter reads at its start is
given to it directly. A call is sent without waiting for the import to end; the
runner takes it from the socket as soon as it is ready.
"""

import json
import socket
from pathlib import Path

from . import channel as wire
from .channel import Channel
from .environment import python_layer_paths
from .process import Process
from .stamps import from_report
from .worker import RETIRE_SECONDS, Boot, Call, Hooks, Outcome, Worker

RUNNER = Path(__file__).parent.parent / "runners" / "python" / "run_handler.py"
AT_START = ("LD_LIBRARY_PATH", "PYTHONHASHSEED", "PYTHONWARNINGS", "PYTHONUTF8", "PATH", "LANG")
"""Variables that have an effect only when they are there before the interpreter starts."""


class PythonWorker(Worker):
    """One interpreter of the user's project.

    Args:
        boot: The environment it stands for.
        hooks: Whom it tells.
        interpreter: Path of the Python to run.
    """

    def __init__(self, boot: Boot, hooks: Hooks, interpreter: str) -> None:
        super().__init__(boot, hooks)
        self._interpreter = interpreter
        self._channel: Channel | None = None

    async def start(self) -> None:
        """Start the runner and send it its environment."""
        ours, theirs = socket.socketpair()
        with theirs:
            environment = {
                name: value for name, value in self.boot.variables.items() if name in AT_START
            }
            command = [self._interpreter, str(RUNNER), str(theirs.fileno())]
            try:
                process = Process(
                    command,
                    self.boot.function.code,
                    environment,
                    self._on_line,
                    (theirs.fileno(),),
                )
            except BaseException:
                ours.close()
                raise
        self._launched(process)
        self._channel = await Channel.open(ours, self._on_message, self._on_end)
        self._channel.send_json(wire.BOOT, boot_message(self.boot))

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
            self._on_loaded(from_report(report["files"]))
            if "fault" in report:
                self._on_fault(report["fault"])
            else:
                self._hooks.third_party(report["third_party"])

    def _on_end(self) -> None:
        # Usually the process is about to end; one that closed its channel is of no use.
        if self._process is not None:
            self._loop.call_later(RETIRE_SECONDS, self._process.kill)


def boot_message(boot: Boot) -> dict[str, object]:
    """Return the BOOT message of an environment."""
    return {
        "handler": boot.function.handler,
        "code": str(boot.function.code),
        "path": python_layer_paths(boot.function),
        "roots": [str(boot.project)],
        "environment": dict(boot.variables),
    }
