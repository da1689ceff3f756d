"""The folder that one cloud writes its logs to.

Two clouds may be started for one project, for two stages. The first one takes
the folder itself, further ones a numbered folder in it; a lock, held as long
as the process lives, says which are taken. Logs of an earlier run go.
"""

import fcntl
import itertools
import os
import shutil
from pathlib import Path

_LOCK = ".lock"
_held: list[int] = []


def claim(state: Path) -> Path:
    """Take the first free folder, emptied of an earlier run's logs.

    Args:
        state: The user's folder; made when missing.

    Returns:
        The folder, for this process alone until it ends.
    """
    for number in itertools.count(1):
        folder = state if number == 1 else state / str(number)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _lock(folder / _LOCK):
            shutil.rmtree(functions(folder), ignore_errors=True)
            return folder
    raise AssertionError("unreachable")


def functions(folder: Path) -> Path:
    """Return the folder for the output of functions."""
    return folder / "functions"


def _lock(path: Path) -> bool:
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return False
    _held.append(lock)
    return True
