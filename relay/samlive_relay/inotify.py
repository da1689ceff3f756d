"""The kernel's file events on Linux: one descriptor, no thread, however many directories.

Directories are watched one by one, so that an ignored one (node_modules with its
50,000 directories) costs nothing, wherever it lies. Watches are a resource of the
user that other programs need as well (fs.inotify.max_user_watches): when none is
left, or after `MAX_WATCHES`, further directories are simply not watched.

https://man7.org/linux/man-pages/man7/inotify.7.html
"""

import asyncio
import ctypes
import os
import struct
import sys
from collections.abc import Callable, Mapping

AVAILABLE = sys.platform == "linux"
MAX_WATCHES = 8192
"""The lowest limit that distributions ship; a project with more directories is rare."""

IN_CLOSE_WRITE, IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE, IN_DELETE = 0x8, 0x40, 0x80, 0x100, 0x200
IN_Q_OVERFLOW, IN_IGNORED, IN_ISDIR = 0x4000, 0x8000, 0x40000000
IN_ONLYDIR, IN_EXCL_UNLINK = 0x01000000, 0x04000000
WANTED = IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE
NEW = IN_MOVED_TO | IN_CREATE
_HEAD = struct.Struct("iIII")
_ROOM = 1 << 18

OnEvent = Callable[[str, bool, bool], None]
"""Told a path, whether it is new, and whether it is a directory."""


class Inotify:
    """Watches directories, on the event loop.

    Args:
        on_event: Told what happened.
        on_overflow: Told that the kernel had to drop events.

    Raises:
        OSError: The user has no instance left (fs.inotify.max_user_instances).
    """

    def __init__(self, on_event: OnEvent, on_overflow: Callable[[], None]) -> None:
        self._on_event = on_event
        self._on_overflow = on_overflow
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        self._folders: dict[int, str] = {}
        self._numbers: dict[str, int] = {}
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._descriptor, self._read)

    @property
    def folders(self) -> Mapping[str, int]:
        """Watched directories."""
        return self._numbers

    def add(self, folder: str) -> None:
        """Watch a directory, unless it is gone or no watch is left."""
        if folder in self._numbers or len(self._numbers) >= MAX_WATCHES:
            return
        mask = WANTED | IN_ONLYDIR | IN_EXCL_UNLINK
        number = self._libc.inotify_add_watch(self._descriptor, os.fsencode(folder), mask)
        if number >= 0:
            self._forget(number)  # the same directory by another name
            self._folders[number] = folder
            self._numbers[folder] = number

    def drop(self, folder: str) -> None:
        """Stop watching a directory and those below: it is not there any more."""
        inside = folder + os.sep
        for path in [path for path in self._numbers if path == folder or path.startswith(inside)]:
            number = self._numbers[path]
            self._forget(number)
            self._libc.inotify_rm_watch(self._descriptor, number)

    def close(self) -> None:
        """Stop."""
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)

    def _forget(self, number: int) -> None:
        folder = self._folders.pop(number, None)
        if folder is not None:
            self._numbers.pop(folder, None)

    def _read(self) -> None:
        try:
            data = os.read(self._descriptor, _ROOM)
        except BlockingIOError:
            return
        at = 0
        while at < len(data):
            number, mask, _, length = _HEAD.unpack_from(data, at)
            at += _HEAD.size
            name = data[at : at + length].rstrip(b"\0")
            at += length
            self._take(number, mask, os.fsdecode(name))

    def _take(self, number: int, mask: int, name: str) -> None:
        if mask & IN_Q_OVERFLOW:
            self._on_overflow()
        elif mask & IN_IGNORED:
            self._forget(number)
        elif (folder := self._folders.get(number)) and name:
            path = os.path.join(folder, name)
            if mask & IN_ISDIR and mask & (IN_MOVED_FROM | IN_DELETE):
                self.drop(path)
            self._on_event(path, bool(mask & NEW), bool(mask & IN_ISDIR))
