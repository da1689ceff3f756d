"""The last one out: kills what a killed cloud left behind.

Runs as a process of its own (standard library only, a few MB) with a pipe from
the cloud as its standard input. The cloud writes a line for every process
group it starts ("+123") and ends ("-123"). When the pipe closes, because the
cloud ended, by itself or by kill -9, the guard kills the groups still noted
and removes the cloud's private folder. Usage: guard.py FOLDER
"""

import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Iterable


def groups_left(lines: Iterable[str]) -> set[int]:
    """Return the process groups that were started and not ended."""
    left: set[int] = set()
    for line in lines:
        group = int(line[1:])
        if line[0] == "+":
            left.add(group)
        else:
            left.discard(group)
    return left


def main() -> None:
    """Wait for the end of the cloud, then clean up."""
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    for group in groups_left(sys.stdin):
        with contextlib.suppress(OSError):
            os.killpg(group, signal.SIGKILL)
    shutil.rmtree(sys.argv[1], ignore_errors=True)


if __name__ == "__main__":
    main()
