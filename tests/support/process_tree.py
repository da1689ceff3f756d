"""What processes of a session are, hold and do, by /proc."""

import contextlib
import os
from pathlib import Path


def descendants(root: int) -> set[int]:
    """Every process below this one, itself included."""
    found, waiting = set(), [root]
    while waiting:
        pid = waiting.pop()
        found.add(pid)
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{pid}/task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
    return found


def private_kib(pid: int) -> int:
    """Memory that a process has written and shares with nobody, in KiB."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(rollup.split("Private_Dirty:")[1].split()[0])


def descriptors(pid: int) -> int:
    """How many descriptors a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))
