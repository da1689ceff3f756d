"""Imports the project's own modules from source, and notes every file that was read.

A .pyc is matched by whole seconds and size: of two equally long saves within
one second it serves the first. So modules below the project are compiled at
every import, while dependencies (site-packages, or vendored beside the code
with a *.dist-info) keep their bytecode.

The notes are what the relay compares before each invocation: path, mtime in
nanoseconds, size, inode, and a digest when the file was saved so recently that
its time may stay the same for one more save. They are taken before the file is
read, so that a save during the read shows as a difference. Files that the code opens for reading
(templates, JSON) are noted as well, because module globals often hold them.
"""

import hashlib
import importlib
import io
import os
import sys
import time
from collections.abc import Sequence
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
)
from types import CodeType
from typing import Any, Optional

SKIPPED = frozenset(
    {"site-packages", "node_modules", ".venv", "venv", "__pycache__", ".git", ".samlive"}
)
Stamp = tuple[int, int, int, str]
TICK_NS = 50_000_000


class Ledger:
    """Which files below some folders were read, and how they looked before.

    Args:
        roots: Folders of the user's own code.
    """

    def __init__(self, roots: Sequence[str]) -> None:
        # Both as named and as resolved: a symlink in the code may lead outside.
        named = [os.path.abspath(root) for root in roots]
        self.roots = list(dict.fromkeys(named + [os.path.realpath(root) for root in named]))
        self._vendored = {root: _vendored(root) for root in self.roots}
        self._noted: dict[str, Optional[Stamp]] = {}
        self._fresh: list[str] = []

    def owns(self, path: str) -> bool:
        """Tell whether a path is the user's own code, not a dependency of it."""
        path = os.path.abspath(path)
        return self._holds(path) or self._holds(os.path.realpath(path))

    def _holds(self, path: str) -> bool:
        for root in self.roots:
            if path == root:
                return True
            if path.startswith(root + os.sep):
                parts = path[len(root) + 1 :].split(os.sep)
                return not SKIPPED & set(parts) and parts[0] not in self._vendored[root]
        return False

    def note(self, path: str) -> None:
        """Note a file that is about to be read."""
        if path in self._noted:
            return
        try:
            found = os.stat(path)
        except OSError:
            return
        self._noted[path] = None  # reading it for the digest is seen by the hook below
        recent = time.time_ns() - found.st_mtime_ns < TICK_NS
        digest = _digest(path) if recent else ""
        self._noted[path] = (found.st_mtime_ns, found.st_size, found.st_ino, digest)
        self._fresh.append(path)

    def ignore(self, path: str) -> None:
        """Never report a file: the code writes it itself."""
        self._noted[path] = None

    def take(self) -> list[tuple[str, int, int, int, str]]:
        """Return what was noted since the last call."""
        taken = []
        for path in self._fresh:
            stamp = self._noted[path]
            if stamp is not None:
                taken.append((path, *stamp))
        self._fresh = []
        return taken

    def forget(self) -> None:
        """Note every file anew from now on, but those that the code writes itself."""
        self._noted = {path: None for path, stamp in self._noted.items() if stamp is None}
        self._fresh = []

    def watch_opens(self) -> None:
        """Note files that the code opens by itself, from now on."""

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            if event == "open" and isinstance(arguments[0], str):
                path, _, flags = arguments
                if os.path.isabs(path) or flags is not None:
                    self._opened(os.path.abspath(path), flags or 0)

        sys.addaudithook(hook)

    def _opened(self, path: str, flags: int) -> None:
        if path.endswith((".pyc", os.sep)) or not self.owns(path):
            return
        if flags & (os.O_WRONLY | os.O_RDWR):
            self.ignore(path)
        elif os.path.isfile(path):
            self.note(path)


def get_ready() -> None:
    """Do ahead, in a zygote, what every child would have to do by itself."""
    importlib.invalidate_caches()
    sys.path_importer_cache.clear()
    hashlib.sha256(b"").hexdigest()  # OpenSSL looks for its implementation at the first use


def _digest(path: str) -> str:
    try:
        with io.FileIO(path) as file:
            return hashlib.sha256(file.readall()).hexdigest()
    except OSError:
        return ""


def _vendored(root: str) -> frozenset[str]:
    """Return top-level names that a package installer wrote into a folder."""
    names = set()
    try:
        entries = os.listdir(root)
    except OSError:
        return frozenset()
    for entry in entries:
        if entry.endswith(".dist-info"):
            names.add(entry)
            try:
                with open(os.path.join(root, entry, "RECORD"), encoding="utf-8") as record:
                    names.update(line.split(",")[0].split("/")[0] for line in record)
            except OSError:
                continue
    return frozenset(names)


class FreshSource(SourceFileLoader):
    """Compiles a module from its source, whatever bytecode there is.

    Args:
        ledger: Where the file is noted.
        fullname: Name of the module.
        path: Its file.
    """

    def __init__(self, ledger: Ledger, fullname: str, path: str) -> None:
        super().__init__(fullname, path)
        self._ledger = ledger

    def get_code(self, fullname: str) -> Optional[CodeType]:
        """Return the module's code (importlib's protocol)."""
        path = self.get_filename(fullname)
        self._ledger.note(path)
        return self.source_to_code(self.get_data(path), path)


def install(ledger: Ledger) -> None:
    """Compile the user's own modules at every import, from now on."""

    def load(fullname: str, path: str) -> FreshSource:
        return FreshSource(ledger, fullname, path)

    finder = FileFinder.path_hook(
        (ExtensionFileLoader, EXTENSION_SUFFIXES),
        (load, SOURCE_SUFFIXES),  # type: ignore[arg-type]  # called like the class
    )

    def hook(path: str) -> Any:
        if not ledger.owns(path or "."):
            raise ImportError("not the user's own code")  # the next hook takes it
        return finder(path)

    sys.path_hooks.insert(0, hook)
    for path in [path for path in sys.path_importer_cache if ledger.owns(path or ".")]:
        del sys.path_importer_cache[path]
