"""Notices saves; the only importer of watchdog.

Correctness does not hang on this: every invocation compares what its process
has loaded with the disk. The watcher is a head start (the new process imports
while the developer switches windows) and tells about the reload.

watchdog cannot leave out a directory inside a recursive watch, and every watch
costs threads. So a directory that holds an ignored one (node_modules, .venv,
.git, ...) somewhere below is watched by itself, and each of its children that
holds none recursively. Files that were loaded from elsewhere (a shared folder,
behind a symlink) get their own directory watched once a process reports them.

Events are collected for a few milliseconds, longer while they keep coming: a
branch switch of thousands of files is one or two changes, not thousands.
"""

import asyncio
import importlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

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
UNWATCHED = IGNORED - {"__pycache__"}
"""Small enough to be watched along; its events are only left out."""

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

MOVE_SECONDS = 0.001
_GROUPERS = (
    ("inotify_move_event_grouper", "InotifyMoveEventGrouper"),
    ("inotify_buffer", "InotifyBuffer"),
)
"""Where watchdog 7, and 4 to 6, keep how long they wait."""

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
        self._observer: Any = None
        self._watched: dict[str, bool] = {}
        self._aliases: dict[str, set[str]] = {}
        self._changed: set[str] = set()
        self._created: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._delay = FIRST_SECONDS
        self._flushed = 0.0
        self._waited = 0.0

    @property
    def watched(self) -> Mapping[str, bool]:
        """Watched directories, and whether with all below them."""
        return self._watched

    def start(self, functions: Iterable[LocalFunction]) -> None:
        """Watch the code and layers of these functions; may be called again."""
        if self._observer is None:
            from watchdog.observers import Observer

            _hasten_moves()
            self._observer = Observer()
            self._observer.daemon = True
            self._observer.start()
        for folder in _outermost(functions):
            self._watch_tree(folder)

    def loaded(self, files: Iterable[str]) -> None:
        """Make sure that the files a process has loaded are watched."""
        for path in files:
            real = os.path.realpath(path)
            self._aliases.setdefault(real, set()).add(path)
            folder = os.path.dirname(real)
            if self._observer is not None and not self._covers(folder):
                self._schedule(folder, recursive=False)

    def stop(self) -> None:
        """Stop watching; its threads are gone when this returns."""
        if self._timer is not None:
            self._timer.cancel()
        if self._observer is not None:
            self._observer.stop()
            self._observer.join(2)
            self._observer = None

    def _watch_tree(self, folder: str) -> None:
        for path, recursive in plan(folder):
            if not self._covers(path):
                self._schedule(path, recursive)

    def _covers(self, folder: str) -> bool:
        if folder in self._watched:
            return True
        parents = Path(folder).parents
        inside = any(self._watched.get(str(parent)) for parent in parents)
        return inside and not UNWATCHED & set(Path(folder).parts)

    def _schedule(self, folder: str, recursive: bool) -> None:
        from watchdog.events import FileSystemEvent, FileSystemEventHandler

        watcher = self

        class Handler(FileSystemEventHandler):
            def on_any_event(self, event: FileSystemEvent) -> None:
                watcher._on_event(event)

        try:
            self._observer.schedule(Handler(), folder, recursive=recursive)
        except OSError:
            return  # gone meanwhile, or out of watches: the check at invoke remains
        self._watched[folder] = recursive

    def _on_event(self, event: Any) -> None:
        """Take an event (on watchdog's thread)."""
        kind = event.event_type
        if kind not in _KINDS:
            return
        source, target = os.fsdecode(event.src_path), os.fsdecode(event.dest_path or "")
        if kind == "moved":
            self._hand_over(source, created=False, is_folder=event.is_directory)
            source, kind = target, "created"
        self._hand_over(source, created=kind == "created", is_folder=event.is_directory)

    def _hand_over(self, path: str, created: bool, is_folder: bool) -> None:
        if not path or IGNORED & set(path.split(os.sep)):
            return
        try:
            self._loop.call_soon_threadsafe(self._note, path, created, is_folder)
        except RuntimeError:
            pass  # the loop has been closed

    def _note(self, path: str, created: bool, is_folder: bool) -> None:
        if is_folder:
            if created and self._observer is not None and os.path.isdir(path):
                self._watch_tree(path)
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


_KINDS = frozenset({"closed", "moved", "created", "deleted"}) | (
    # inotify says "closed" at the end of a save; elsewhere "modified" is all there is.
    frozenset() if sys.platform == "linux" else frozenset({"modified"})
)


def _hasten_moves() -> None:
    """Let watchdog wait shortly for the second half of a move.

    On Linux it holds back every event behind a file that was moved out of the
    tree, for half a second, in case its new place is seen. Here a move is a
    file that is gone and one that is new, paired or not.
    """
    for module, name in _GROUPERS:
        try:
            grouper = getattr(importlib.import_module(f"watchdog.observers.{module}"), name)
        except (ImportError, AttributeError, OSError):
            continue  # another version's name, or another system
        grouper.delay = MOVE_SECONDS


def _is_half_saved(path: str) -> bool:
    """Tell whether a file is gone or empty: editors begin a save that way."""
    try:
        return os.path.getsize(path) == 0
    except OSError:
        return True


def plan(folder: str) -> Iterator[tuple[str, bool]]:
    """Return the directories to watch below one, and whether with all below them.

    Args:
        folder: Where to start; an ignored directory below it is left out.
    """
    found, _ = _plan(folder)
    yield from found


def _plan(folder: str) -> tuple[list[tuple[str, bool]], bool]:
    """Return the plan, and whether nothing ignored is below."""
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return [], True
    children = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    kept = [path for path in children if os.path.basename(path) not in UNWATCHED]
    plans = [_plan(path) for path in kept]
    if len(kept) == len(children) and all(clean for _, clean in plans):
        return [(folder, True)], True
    return [(folder, False), *(entry for below, _ in plans for entry in below)], False


def _outermost(functions: Iterable[LocalFunction]) -> list[str]:
    """Return the folders of functions and layers, without those inside another."""
    folders = {
        os.path.realpath(folder)
        for function in functions
        for folder in (function.code, *function.layers)
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
