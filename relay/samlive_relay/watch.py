"""Notices saves; the only importer of watchdog.

Correctness does not hang on this: every invocation compares what its process
has loaded with the disk. The watcher is a head start (the new process imports
while the developer switches windows) and tells about the reload.

Ignored directories (node_modules, .venv, .git, ...) are left out. On Linux every
other one is watched by itself, by one descriptor and no thread (`inotify`).
Elsewhere watchdog watches whole trees, which costs a thread each, and what comes
from ignored directories is dropped. Files that were loaded from elsewhere (a
shared folder, behind a symlink) get their own directory watched once a process
reports them.

Events are collected for a few milliseconds, longer while they keep coming: a
branch switch of thousands of files is one or two changes, not thousands.
"""

import asyncio
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

from . import inotify
from .config import LocalFunction

IGNORED = frozenset(
    {
        ".aws-sam",
        ".git",
        ".hypothesis",
        ".idea",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".samlive",
        ".tox",
        ".venv",
        "__pycache__",
        "node_modules",
        "venv",
    }
)
SOURCES = tuple(
    ".c .cc .cjs .cpp .cs .csproj .cts .fs .go .gradle .h .java .js .json .kt .kts .mjs .mod .mts "
    ".properties .proto .py .rb .rs .scala .sum .toml .ts .tsx .xml .yaml .yml".split()
)
"""A new file with one of these endings may change what an import finds, or a build makes."""

FIRST_SECONDS = 0.003
LONGEST_SECONDS = 0.2
QUIET_SECONDS = 0.5
PATIENCE_SECONDS = 0.05
"""How long a file that is gone or empty may still be in the middle of a save."""

OnChange = Callable[[set[str], set[str]], None]
"""Told the paths of files that were saved or removed, and of files that are new."""


class Watcher:
    """Watches the code of the live functions.

    Args:
        on_change: Called on the event loop.
    """

    def __init__(self, on_change: OnChange) -> None:
        self._on_change = on_change
        self._loop = asyncio.get_running_loop()
        self._eyes: Eyes | None = None
        self._aliases: dict[str, set[str]] = {}
        self._changed: set[str] = set()
        self._created: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._delay = FIRST_SECONDS
        self._flushed = 0.0
        self._waited = 0.0

    @property
    def watched(self) -> Collection[str]:
        """Watched directories."""
        return () if self._eyes is None else self._eyes.folders

    def start(self, functions: Iterable[LocalFunction]) -> None:
        """Watch the code and layers of these functions; may be called again."""
        if self._eyes is None:
            try:
                self._eyes = self._open()
            except OSError:
                return  # the check at each invocation remains
        for folder in _outermost(functions):
            self._eyes.add_tree(folder)

    def loaded(self, files: Iterable[str]) -> None:
        """Make sure that the files a process has loaded are watched."""
        for path in files:
            real = os.path.realpath(path)
            self._aliases.setdefault(real, set()).add(path)
            if self._eyes is not None:
                self._eyes.add(os.path.dirname(real))

    def stop(self) -> None:
        """Stop watching; its threads are gone when this returns."""
        if self._timer is not None:
            self._timer.cancel()
        if self._eyes is not None:
            self._eyes.close()
            self._eyes = None

    def _open(self) -> "Eyes":
        if inotify.AVAILABLE:
            return _Directories(self._on_event, self._on_overflow)
        return _Trees(self._on_event, self._loop)

    def _on_event(self, path: str, created: bool, is_folder: bool) -> None:
        if os.path.basename(path) not in IGNORED:
            self._note(path, created, is_folder)

    def _on_overflow(self) -> None:
        """Look at everything: the kernel had more to tell than it could keep."""
        self._changed.update(self._aliases)
        self._note("", created=False, is_folder=False)

    def _note(self, path: str, created: bool, is_folder: bool) -> None:
        if is_folder:
            if created and self._eyes is not None and os.path.isdir(path):
                self._eyes.add_tree(path)
                self._created.update(_files_below(path))
            prefix = path + os.sep
            self._changed.update(real for real in self._aliases if real.startswith(prefix))
        else:
            self._changed.add(path)
            if created and path.endswith(SOURCES):
                self._created.add(path)
        if self._timer is None:
            now = self._loop.time()
            quiet = now - self._flushed > QUIET_SECONDS
            self._delay = FIRST_SECONDS if quiet else min(self._delay * 4, LONGEST_SECONDS)
            self._timer = self._loop.call_later(self._delay, self._flush)

    def _flush(self) -> None:
        self._timer = None
        changed: set[str] = set()
        for path in self._changed:
            changed |= self._aliases.get(os.path.realpath(path), set())
        if self._waited < PATIENCE_SECONDS and any(map(_is_half_saved, changed)):
            self._waited += FIRST_SECONDS
            self._timer = self._loop.call_later(FIRST_SECONDS, self._flush)
            return
        self._waited = 0.0
        self._flushed = self._loop.time()
        created = {path for path in self._created if os.path.realpath(path) not in self._aliases}
        self._changed, self._created = set(), set()
        if changed or created:
            self._on_change(changed, created)


class Eyes(Protocol):
    """What sees file events."""

    @property
    def folders(self) -> Collection[str]:
        """Watched directories."""

    def add(self, folder: str) -> None:
        """Watch a directory by itself."""

    def add_tree(self, folder: str) -> None:
        """Watch a directory and those below that are not ignored."""

    def close(self) -> None:
        """Stop."""


class _Directories(inotify.Inotify):
    """Linux: one directory after another."""

    def add_tree(self, folder: str) -> None:
        """Watch a directory and those below that are not ignored."""
        for path in directories(folder):
            self.add(path)


class _Trees:
    """Elsewhere: watchdog, with whole trees."""

    def __init__(self, on_event: inotify.OnEvent, loop: asyncio.AbstractEventLoop) -> None:
        from watchdog.observers import Observer

        self._on_event = on_event
        self._loop = loop
        self._recursive: dict[str, bool] = {}
        self._observer = Observer()
        self._observer.daemon = True
        self._observer.start()

    @property
    def folders(self) -> Collection[str]:
        """Watched directories."""
        return self._recursive

    def add(self, folder: str) -> None:
        """Watch a directory by itself."""
        if not self._covers(folder):
            self._schedule(folder, recursive=False)

    def add_tree(self, folder: str) -> None:
        """Watch a directory and those below."""
        if not self._covers(folder):
            self._schedule(folder, recursive=True)

    def close(self) -> None:
        """Stop, and wait for its threads."""
        self._observer.stop()
        self._observer.join(2)

    def _covers(self, folder: str) -> bool:
        if folder in self._recursive:
            return True
        inside = any(self._recursive.get(str(parent)) for parent in Path(folder).parents)
        return inside and not IGNORED & set(Path(folder).parts)

    def _schedule(self, folder: str, recursive: bool) -> None:
        from watchdog.events import FileSystemEvent, FileSystemEventHandler

        trees = self

        class Handler(FileSystemEventHandler):
            def on_any_event(self, event: FileSystemEvent) -> None:
                trees._take(folder, event)

        try:
            self._observer.schedule(Handler(), folder, recursive=recursive)
        except OSError:
            return  # gone meanwhile: the check at each invocation remains
        self._recursive[folder] = recursive

    def _take(self, root: str, event: Any) -> None:
        """Take an event (on watchdog's thread)."""
        if event.event_type not in ("closed", "moved", "created", "deleted", "modified"):
            return
        source, target = os.fsdecode(event.src_path), os.fsdecode(event.dest_path or "")
        moved = event.event_type == "moved"
        created = event.event_type == "created"
        if not (event.event_type == "modified" and event.is_directory):
            self._hand_over(root, source, created, event.is_directory)
        if moved and target:
            self._hand_over(root, target, True, event.is_directory)

    def _hand_over(self, root: str, path: str, created: bool, is_folder: bool) -> None:
        if IGNORED & set(os.path.relpath(path, root).split(os.sep)):
            return
        try:
            self._loop.call_soon_threadsafe(self._on_event, path, created, is_folder)
        except RuntimeError:
            pass  # the loop has been closed


def _is_half_saved(path: str) -> bool:
    """Tell whether a file is gone or empty: editors begin a save that way."""
    try:
        return os.path.getsize(path) == 0
    except OSError:
        return True


def directories(folder: str) -> Iterator[str]:
    """Yield a directory, then those below it, without ignored ones.

    Args:
        folder: Where to start; links are not followed.
    """
    pending = [folder]
    while pending:
        path = pending.pop()
        yield path  # watched before it is listed: nothing can slip in between
        try:
            with os.scandir(path) as listed:
                entries = list(listed)
        except OSError:
            continue
        for entry in entries:
            if entry.name not in IGNORED and entry.is_dir(follow_symlinks=False):
                pending.append(entry.path)


def _outermost(functions: Iterable[LocalFunction]) -> list[str]:
    """Return the folders of functions and layers, without those inside another."""
    folders = {
        os.path.realpath(folder)
        for function in functions
        for folder in function.sources
        if folder.is_dir()
    }
    return sorted(
        folder
        for folder in folders
        if not any(folder.startswith(other + os.sep) for other in folders)
    )


def _files_below(folder: str) -> Iterator[str]:
    for path, names, files in os.walk(folder):
        names[:] = [name for name in names if name not in IGNORED]
        yield from (os.path.join(path, name) for name in files if name.endswith(SOURCES))
