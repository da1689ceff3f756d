"""The process of an execution environment: its group, its output, its end.

Output goes to a file and not through a pipe: a runtime has written its lines
before it posts its answer, so what the file has grown by since the start of
an invocation is that invocation's log, without waiting for a reader.
"""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from samlive.offline.groups import Groups


@dataclass(frozen=True, slots=True)
class Start:
    """What to start.

    Args:
        command: Command line.
        variables: Its whole environment.
        folder: Its working directory.
        log: File for its output.
    """

    command: list[str]
    variables: dict[str, str] = field(repr=False)
    folder: Path
    log: Path


class Process:
    """Starts a process in a group of its own.

    Args:
        start: What to start.
        groups: Takes the group.
        on_exit: Called with the exit status when it has ended, from a thread.
    """

    def __init__(self, start: Start, groups: Groups, on_exit: Callable[[int], None]) -> None:
        self._log = start.log
        self._groups = groups
        self._on_exit = on_exit
        start.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        start.log.touch(mode=0o600)
        with start.log.open("ab") as log:
            self._process = subprocess.Popen(
                start.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=start.folder,
                env=start.variables,
                start_new_session=True,
            )
        groups.add(self._process.pid)
        threading.Thread(target=self._watch, name=f"exit-{self.pid}", daemon=True).start()

    @property
    def pid(self) -> int:
        """Process id, also the id of the group."""
        return self._process.pid

    def kill(self) -> None:
        """Kill the group; may be called again."""
        self._groups.kill(self._process.pid)

    def freeze(self) -> None:
        """Stop the group from running, until `thaw`."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let the group run again."""
        self._signal(signal.SIGCONT)

    def written(self) -> int:
        """Return how many bytes it has written; 0 when somebody removed the log."""
        with contextlib.suppress(FileNotFoundError):
            return self._log.stat().st_size
        return 0

    def log_since(self, offset: int) -> str:
        """Return what it has written after so many bytes; nothing when the log is gone."""
        with contextlib.suppress(FileNotFoundError), self._log.open("rb") as log:
            log.seek(offset)
            return log.read().decode("utf-8", "replace")
        return ""

    def _signal(self, number: int) -> None:
        # Once waited for, its id may be another's.
        if self._process.returncode is None:
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, number)

    def _watch(self) -> None:
        code = self._process.wait()
        self.kill()
        self._on_exit(code)
