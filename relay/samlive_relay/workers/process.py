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

from .output import LineReader, look

OnLine = Callable[[str, str], None]
"""Called with "stdout" or "stderr" and a line."""

F_SETSIG = 10  # linux/fcntl.h; not in Python's fcntl before 3.13


class Process:
    """A running child, its output and its end.

    Args:
        pid: Process id, which is its group's id too.
        outputs: Read ends of its standard output and error.
        lifeline: Write end of its lifeline.
        on_line: Told each line it writes; may be exchanged.
        apart: Whether it puts its children into groups of their own, as delve does.
    """

    def __init__(
        self,
        pid: int,
        outputs: tuple[int, int],
        lifeline: int,
        on_line: OnLine,
        apart: bool = False,
    ) -> None:
        self.pid = pid
        self._apart = apart
        self.exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._lifeline = lifeline
        self.on_line = on_line
        self._written = look(outputs)
        self._readers = [
            LineReader(outputs[0], lambda line: self.on_line("stdout", line)),
            LineReader(outputs[1], lambda line: self.on_line("stderr", line)),
        ]

    def drain_output(self) -> None:
        """Hand over every line written so far."""
        if self._written():
            for reader in self._readers:
                reader.drain()

    def kill(self) -> None:
        """End the whole group now."""
        if not self.exited.done():
            for child in _children(self.pid) if self._apart else ():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def ended(self, status: int) -> None:
        """Note that the process has ended.

        Args:
            status: Its exit status; a signal as a negative number.
        """
        if self.exited.done():
            return
        # What the function left running goes too, before its id can be used again.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        os.close(self._lifeline)
        for reader in self._readers:
            reader.close()
        self.exited.set_result(status)


class Pipes:
    """The three pipes of a child: output, error, lifeline; ours and its ends."""

    def __init__(self) -> None:
        self.held, self.lifeline = os.pipe()
        self.out, self.out_child = os.pipe()
        self.error, self.error_child = os.pipe()

    def close_child_ends(self) -> None:
        """Close what only the child needs from now on."""
        for descriptor in (self.held, self.out_child, self.error_child):
            os.close(descriptor)

    def close_own_ends(self) -> None:
        """Close our ends, when there is no child after all."""
        for descriptor in (self.lifeline, self.out, self.error):
            os.close(descriptor)


def spawn(
    command: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str],
    on_line: OnLine,
    pass_fds: Sequence[int] = (),
    apart: bool = False,
) -> Process:
    """Start a program.

    Args:
        command: Program and arguments; never a secret in them.
        cwd: Working directory.
        environment: Its whole environment.
        on_line: Told each line it writes.
        pass_fds: Descriptors that stay open in it.
        apart: Whether it puts its children into groups of their own.

    Raises:
        OSError: It cannot be started.
    """
    pipes = Pipes()
    try:
        child = subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=pipes.out_child,
            stderr=pipes.error_child,
            pass_fds=(pipes.held, *pass_fds),
            process_group=0,
        )
        tie(pipes.held, child.pid)
    except BaseException:
        pipes.close_own_ends()
        raise
    finally:
        pipes.close_child_ends()
    outputs = pipes.out, pipes.error
    process = Process(child.pid, outputs, pipes.lifeline, on_line, apart)
    _await_exit(child, process)
    return process


def _await_exit(child: "subprocess.Popen[bytes]", process: Process) -> None:
    loop = asyncio.get_running_loop()
    if not hasattr(os, "pidfd_open"):
        waiting = loop.run_in_executor(None, child.wait)
        waiting.add_done_callback(lambda done: process.ended(done.result()))
        return
    watch = os.pidfd_open(child.pid)

    def on_exit() -> None:
        loop.remove_reader(watch)
        os.close(watch)
        process.ended(child.wait())

    loop.add_reader(watch, on_exit)


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


def _children(pid: int) -> list[int]:
    """Return the children of a process, as far as /proc tells."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            if int(entry.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(entry.parent.name))
    return found


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
