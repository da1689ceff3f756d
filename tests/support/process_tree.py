"""What processes of a session are, hold and do, by /proc.

A process may end at any moment, between two looks at it and within one: a file
of it is then missing (ENOENT) or says nothing any more (ESRCH). So nobody looks
first and reads then. Everything is read through `_read`, for which a process
that is gone is an ordinary answer.
"""

import contextlib
import os
import re
import sys
from collections.abc import Collection

AVAILABLE = sys.platform == "linux"


def state(pid: int) -> str:
    """Return the letter for what a process does ("R", "S", "Z", ...); "" when it is gone."""
    return _stat(pid)[0]


def is_running(pid: int) -> bool:
    """Whether a process exists and has not ended; who waits to be reaped has ended."""
    if AVAILABLE:
        return state(pid) not in ("", "Z", "X")
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def switches(pid: int) -> str:
    """Return how often a process was switched away from; the same again where it only waits."""
    return "".join(re.findall(r"ctxt_switches:\s+(\d+)", _read(pid, "status").decode()))


def pids() -> list[int]:
    """Return every process of this machine."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def parents() -> dict[int, int]:
    """Return the parent of every process."""
    found = {pid: _stat(pid) for pid in pids()}
    return {pid: parent for pid, (letter, parent) in found.items() if letter}


def descendants(root: int, without: Collection[int] = ()) -> set[int]:
    """Return every process below this one.

    Args:
        root: The process; it is not among them itself.
        without: Processes that are left out, with all that is below them.
    """
    above, found = parents(), set()
    for pid in above:
        line = [pid]
        while line[-1] in above and line[-1] != root and line[-1] not in without:
            line.append(above[line[-1]])
        if line[-1] == root and pid != root:
            found.add(pid)
    return found


def command(pid: int) -> list[str]:
    """Return a process's program and arguments; nothing when it is gone or a zombie."""
    return _read(pid, "cmdline").decode(errors="replace").split("\0")[:-1]


def environment(pid: int) -> bytes:
    """Return a process's environment as it was at its start, apart by zero bytes."""
    return _read(pid, "environ")


def folder(pid: int) -> str:
    """Return a process's current folder; "" when it is gone."""
    with contextlib.suppress(OSError):
        return os.readlink(f"/proc/{pid}/cwd")
    return ""


def proportional_kib(pid: int) -> int:
    """Return the memory of a process in KiB, shared pages by their share; 0 when it is gone."""
    return _rollup(pid, "Pss")


def private_kib(pid: int) -> int:
    """Return what a process has written and shares with nobody in KiB; 0 when it is gone."""
    return _rollup(pid, "Private_Dirty")


def descriptors(pid: int) -> int:
    """Return how many descriptors a process has open; 0 when it is gone."""
    with contextlib.suppress(OSError):
        return len(os.listdir(f"/proc/{pid}/fd"))
    return 0


def _stat(pid: int) -> tuple[str, int]:
    # The program's name stands in brackets before this, and may hold anything.
    words = _read(pid, "stat").rpartition(b")")[2].split()
    return (words[0].decode(), int(words[1])) if words else ("", 0)


def _rollup(pid: int, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB".encode(), _read(pid, "smaps_rollup"), re.M)
    return int(found[1]) if found else 0


def _read(pid: int, name: str) -> bytes:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/{name}", "rb") as file:
        return file.read()
    return b""
