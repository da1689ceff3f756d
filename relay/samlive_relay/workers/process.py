"""A child process that never outlives the relay.

Each process leads its own group, so that what the function starts ends with
it. When the relay dies without a chance to clean up (kill -9), the kernel does
it: the child holds the read end of a pipe, its lifeline, whose signal-driven
I/O is set to SIGKILL for the group; the pipe's other end closes with the relay.
That works for any program, even one stuck in a loop, and needs no thread in
it. Elsewhere than on Linux only the runner's own end-of-file check is left.

Exits are noticed through a pidfd in the event loop; where there is none, by a
thread that waits.
"""

import asyncio
import contextlib
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from .output import LineReader

OnLine = Callable[[str, str], None]
"""Called with "stdout" or "stderr" and a line."""

F_SETSIG = 10  # linux/fcntl.h; not in Python's fcntl before 3.13


class Process:
    """A running child, its output and its end.

    Args:
        command: Program and arguments; never a secret in them.
        cwd: Working directory.
        environment: Its whole environment.
        on_line: Told each line it writes.
        pass_fds: Descriptors that stay open in it.
    """

    def __init__(
        self,
        command: Sequence[str],
        cwd: Path,
        environment: Mapping[str, str],
        on_line: OnLine,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.exited: asyncio.Future[int] = self._loop.create_future()
        held, self._lifeline = os.pipe()
        out, out_child = os.pipe()
        error, error_child = os.pipe()
        try:
            self._child = subprocess.Popen(
                command,
                cwd=cwd,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=out_child,
                stderr=error_child,
                pass_fds=(held, *pass_fds),
                process_group=0,
            )
            tie(held, self._child.pid)
        except BaseException:
            for descriptor in (self._lifeline, out, error):
                os.close(descriptor)
            raise
        finally:
            for descriptor in (held, out_child, error_child):
                os.close(descriptor)
        self.pid = self._child.pid
        self._readers = [
            LineReader(out, lambda line: on_line("stdout", line)),
            LineReader(error, lambda line: on_line("stderr", line)),
        ]
        self._await_exit()

    def drain_output(self) -> None:
        """Hand over every line written so far."""
        for reader in self._readers:
            reader.drain()

    def kill(self) -> None:
        """End the whole group now."""
        if not self.exited.done():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def _await_exit(self) -> None:
        if hasattr(os, "pidfd_open"):
            self._watch = os.pidfd_open(self.pid)
            self._loop.add_reader(self._watch, self._on_pidfd)
        else:
            waiting = self._loop.run_in_executor(None, self._child.wait)
            waiting.add_done_callback(lambda done: self._on_exit(done.result()))

    def _on_pidfd(self) -> None:
        self._loop.remove_reader(self._watch)
        os.close(self._watch)
        self._on_exit(self._child.wait())

    def _on_exit(self, status: int) -> None:
        # What the function left running goes too, before its id can be used again.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        os.close(self._lifeline)
        for reader in self._readers:
            reader.close()
        if not self.exited.done():
            self.exited.set_result(status)


def tie(held: int, group: int) -> None:
    """Have the kernel kill a process group when the other end of a pipe closes.

    Args:
        held: Read end of the pipe, which the group keeps open.
        group: Process group.
    """
    if sys.platform == "linux":
        fcntl.fcntl(held, fcntl.F_SETOWN, -group)
        fcntl.fcntl(held, F_SETSIG, signal.SIGKILL)
        flags = fcntl.fcntl(held, fcntl.F_GETFL)
        fcntl.fcntl(held, fcntl.F_SETFL, flags | os.O_ASYNC)


def describe_exit(status: int) -> str:
    """Return how a process ended, in the words of Lambda's Runtime.ExitError."""
    if status == 0:
        return "Runtime exited without providing a reason"
    if status > 0:
        return f"Runtime exited with error: exit status {status}"
    try:
        name = signal.strsignal(-status) or str(-status)
    except ValueError:
        name = str(-status)
    return f"Runtime exited with error: signal: {name.lower()}"
