"""Whether files still are what a worker loaded.

A worker reports each file it read with modification time, size and inode,
taken before it read. Comparing them before every invocation closes the races
that any file watcher has; 200 files take half a millisecond.

File times advance in kernel ticks of up to 10 ms, so two saves of equal length
within one tick look the same. For a file that was read so soon after its last
save the worker reports a digest too, and its content is compared until the
tick is surely over (git calls such entries "racily clean").
"""

import hashlib
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass

TICK_NS = 50_000_000
"""No clock that stamps files is coarser than this."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What identifies a file's content.

    Args:
        modified: Modification time in nanoseconds.
        size: Size in bytes.
        inode: Inode number.
        digest: Digest of the content, when the three alone cannot be trusted yet.
    """

    modified: int
    size: int
    inode: int
    digest: str = ""


GONE = Stamp(-1, -1, -1)


def changed(loaded: dict[str, Stamp]) -> list[str]:
    """Return the files that differ from what was loaded.

    Args:
        loaded: Stamps by path; a digest that is needed no longer is dropped from it.
    """
    different = []
    for path, before in loaded.items():
        try:
            now = os.stat(path)
        except OSError:
            if before != GONE:
                different.append(path)
            continue
        # Not as a `Stamp`: this is done for every file before every call.
        if (
            now.st_mtime_ns != before.modified
            or now.st_size != before.size
            or now.st_ino != before.inode
        ):
            different.append(path)
        elif before.digest:
            # Not yet trusted: the content decides.
            settled = time.time_ns() - before.modified > TICK_NS
            if digest(path) != before.digest:
                different.append(path)
            elif settled:
                loaded[path] = Stamp(before.modified, before.size, before.inode)
    return different


def stat(path: str) -> Stamp | None:
    """Return a file's present stamp without a digest; None when it is gone."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return Stamp(found.st_mtime_ns, found.st_size, found.st_ino)


def digest(path: str) -> str:
    """Return the digest of a file's content, "" when it is gone."""
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return ""


def is_half_saved(path: str, before: Stamp) -> bool:
    """Tell whether a file looks like in the middle of a save.

    Args:
        path: The file.
        before: How a process found it.
    """
    now = stat(path)
    if now is None:
        return before != GONE
    if now.size > 0:
        return False
    # Empty for good, like most __init__.py files, or only just emptied?
    return before.size > 0 or time.time_ns() - now.modified < TICK_NS


def from_report(entries: Iterable[list[object]]) -> dict[str, Stamp]:
    """Return the stamps in a worker's report.

    Args:
        entries: Lists of path, modification time, size, inode and digest; numbers
            may be text, as JavaScript's cannot hold nanoseconds.
    """
    return {
        str(path): Stamp(int(str(modified)), int(str(size)), int(str(inode)), str(digest_))
        for path, modified, size, inode, digest_ in entries
    }
