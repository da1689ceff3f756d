"""How much memory a process has needed at most, as far as it can be told cheaply.

The kernel keeps the peak of the resident set (VmHWM). What a forked process
shares with its zygote is in it, although the function may never have asked for
it, so pages that other processes use as well are not counted against a limit.
That makes the figure a lower bound: who is told to be over it is over it.
"""

import re

_PEAK = re.compile(rb"^VmHWM:\s*(\d+) kB", re.M)
_SHARED = re.compile(rb"^Shared_(?:Clean|Dirty):\s*(\d+) kB", re.M)


def over(pid: int, limit: int, before: int = 0) -> int:
    """Return how many MB a process has needed, when that is more than a limit; else 0.

    Args:
        pid: The process.
        limit: MB.
        before: KB that it had of its own before it was the function's.
    """
    peak = _kilobytes(_PEAK, f"/proc/{pid}/status")
    if peak <= limit * 1024:
        return 0
    # This walks all pages, a millisecond or more, so only where it matters.
    own = peak - before - _kilobytes(_SHARED, f"/proc/{pid}/smaps_rollup")
    return -(-own // 1024) if own > limit * 1024 else 0


def _kilobytes(pattern: re.Pattern[bytes], path: str) -> int:
    try:
        with open(path, "rb") as file:
            return sum(map(int, pattern.findall(file.read())))
    except OSError:
        return 0  # it has ended, or this is not Linux
