"""Notices edits of the files that make the infrastructure: template, nested ones, settings.

They are few and change seldom, so their modification times are compared a few
times a second: that sees every editor's way of saving, in every file system,
for less than a watch would cost. A burst of saves counts as one.
"""

import asyncio
from collections.abc import Iterable
from pathlib import Path

INTERVAL_SECONDS = 0.3

Marks = dict[Path, tuple[int, int, int] | None]


def marks(paths: Iterable[Path]) -> Marks:
    """Return what tells one version of each file from another; None where there is none."""
    found: Marks = {}
    for path in paths:
        try:
            state = path.stat()
        except OSError:
            found[path] = None
        else:
            found[path] = (state.st_mtime_ns, state.st_size, state.st_ino)
    return found


async def changed(paths: frozenset[Path], before: Marks) -> tuple[frozenset[Path], Marks]:
    """Wait until files change and come to rest.

    Args:
        paths: Files that are looked at.
        before: Their marks when they were read.

    Returns:
        The files that changed, and the marks of all.
    """
    now = marks(paths)
    while now == {path: before.get(path) for path in paths}:
        await asyncio.sleep(INTERVAL_SECONDS)
        now = marks(paths)
    while True:
        await asyncio.sleep(INTERVAL_SECONDS)
        later = marks(paths)
        if later == now:
            break
        now = later
    return frozenset(path for path in paths if now[path] != before.get(path)), now
