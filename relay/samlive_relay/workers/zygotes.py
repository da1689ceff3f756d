"""Keeps one zygote per interpreter, preloaded with what its functions import.

What to preload is learned: after its first answer a process reports the
dependencies it has imported. The list is kept in the state folder, so that the
next session's first cold start is a fork already.

A fork must not differ from a fresh process, so a function gets one only if

- no variable of its own differs from what the zygote's packages read while they
  were imported (such packages are left out of the next zygote);
- its code and layers hold nothing by the name of a preloaded package;
- it sets no variable that an interpreter reads at its start;
- the installed packages have not changed since the zygote was started.

In every other case, and elsewhere than on Linux, a process is spawned.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samlive_relay.errors import RelayError

from . import sdk
from .environment import FROM_DEVELOPER, python_layer_paths
from .planned import call_off
from .worker import Boot
from .zygote import Order, Zygote

NAME = "preload.json"
MAX_MODULES = 3000
MAX_STARTS = 8
"""More zygotes of one interpreter in a session are a sign that it never settles."""

QUIET_SECONDS = 0.5
"""A zygote that lacks something is replaced after so long without more news: several
functions that start at once teach in turns, and need the processor themselves."""

STARTUP_VARIABLES = ("LD_LIBRARY_PATH", "LD_PRELOAD")


@dataclass(slots=True)
class Known:
    """What is known of one interpreter."""

    modules: dict[str, None] = field(default_factory=dict)
    loader: list[Any] = field(default_factory=list)
    excluded: set[str] = field(default_factory=set)
    packages: int = 0
    zygote: Zygote | None = None
    starts: int = 0
    planned: asyncio.TimerHandle | None = None

    def order(self, path: list[str]) -> Order:
        """Return what its next zygote preloads, with these folders on its import path."""
        modules = [name for name in self.modules if name.partition(".")[0] not in self.excluded]
        return Order(tuple(modules[:MAX_MODULES]), tuple(self.loader), tuple(path))


class Zygotes:
    """The zygotes of a session.

    Args:
        state: Folder where the lists are kept.
        project: Folder of the project.
        developer: Variables of the shell that samlive runs in.
    """

    def __init__(self, state: Path, project: Path, developer: Mapping[str, str]) -> None:
        self._file = state / NAME
        self._project = project
        self._environment = {name: developer[name] for name in FROM_DEVELOPER if name in developer}
        self._known: dict[str, Known] = {}
        self._all: set[Zygote] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.enabled = sys.platform == "linux"
        self.forks = 0

    @property
    def known(self) -> Mapping[str, Known]:
        """What is known of each interpreter, by its path."""
        return self._known

    @property
    def pids(self) -> list[int]:
        """Ids of the zygotes that stand ready."""
        return [known.zygote.pid for known in self._known.values() if known.zygote]

    @property
    def reserved(self) -> list[int]:
        """Ids of the forks that wait for an environment."""
        return [zygote.reserve.pid for zygote in self._all if zygote.reserve.pid]

    def warm_up(self, interpreter: str) -> None:
        """Start an interpreter's zygote when it is known what to preload."""
        known = self._of(interpreter)
        if known.modules and known.zygote is None:
            self._restart(interpreter, known, pause=0)

    def zygote_for(self, interpreter: str, boot: Boot) -> Zygote | None:
        """Return a zygote that can become a function's environment, or None.

        Args:
            interpreter: Python of the function.
            boot: The environment.
        """
        known = self._of(interpreter)
        zygote = known.zygote
        if zygote is None or not zygote.usable:
            return None
        if _packages_stamp(interpreter) != known.packages:
            known.modules.clear()
            known.zygote = None
            zygote.retire()
            return None
        variables = boot.variables
        if any(name in variables for name in STARTUP_VARIABLES) or any(
            name.startswith("PYTHON") and name != "PYTHONPATH" for name in variables
        ):
            return None
        if different := _reading_packages(zygote, variables):
            known.excluded |= different
            self._restart(interpreter, known)
            return None
        if zygote.packages & _names_in(
            [str(boot.function.code), *python_layer_paths(boot.function)]
        ):
            return None
        self.forks += 1
        return zygote

    def learn(self, interpreter: str, modules: list[str], loader: list[Any]) -> None:
        """Note what a process has imported; a zygote that lacks some of it is replaced.

        Args:
            interpreter: Python of the process.
            modules: Full module names in order of import.
            loader: Calls of botocore's data loader.
        """
        known = self._of(interpreter)
        before = (len(known.modules), len(known.loader))
        known.modules.update(dict.fromkeys(modules))
        known.loader += [call for call in loader if call not in known.loader]
        if known.zygote is None or before != (len(known.modules), len(known.loader)):
            self._restart(interpreter, known)

    async def close(self) -> None:
        """End every zygote."""
        self.enabled = False
        await call_off([known.planned for known in self._known.values()], self._tasks)
        for zygote in list(self._all):
            await zygote.close()

    def _of(self, interpreter: str) -> Known:
        if interpreter not in self._known:
            self._known[interpreter] = self._recall(interpreter)
        return self._known[interpreter]

    def _restart(self, interpreter: str, known: Known, pause: float = QUIET_SECONDS) -> None:
        if not self.enabled or known.starts >= MAX_STARTS:
            return
        loop = asyncio.get_running_loop()
        if known.planned is not None:
            known.planned.cancel()
        known.planned = loop.call_later(pause, self._begin, interpreter, known)

    def _begin(self, interpreter: str, known: Known) -> None:
        known.planned = None
        if not self.enabled:
            return
        known.starts += 1
        task = asyncio.get_running_loop().create_task(self._replace(interpreter, known))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _replace(self, interpreter: str, known: Known) -> None:
        order = known.order(sdk.folders(interpreter, self._file.parent))
        if known.zygote is not None and known.zygote.order == order:
            return
        known.packages = _packages_stamp(interpreter)
        try:
            fresh = Zygote(interpreter, order, self._environment, self._project)
        except RelayError:
            return
        self._all.add(fresh)
        if not await fresh.ready:
            self._all.discard(fresh)
            return
        if fresh.threads:
            known.excluded |= set(fresh.threads)
            fresh.retire()
            self._restart(interpreter, known)
            return
        old, known.zygote = known.zygote, fresh
        if old is not None:
            old.retire()
        self.remember()

    def _recall(self, interpreter: str) -> Known:
        installed = _packages_stamp(interpreter)
        noted = _read(self._file).get(interpreter)
        if not isinstance(noted, dict) or noted.get("packages") != installed:
            return Known(packages=installed)
        return Known(
            modules=dict.fromkeys(noted.get("modules", [])),
            loader=noted.get("loader", []),
            excluded=set(noted.get("excluded", [])),
            packages=installed,
        )

    def remember(self) -> None:
        """Keep what was learned for the next session."""
        noted = _read(self._file)
        for interpreter, known in self._known.items():
            noted[interpreter] = {
                "modules": list(known.modules),
                "loader": known.loader,
                "excluded": sorted(known.excluded),
                "packages": known.packages,
            }
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(noted))
        fresh.replace(self._file)


def _reading_packages(zygote: Zygote, variables: Mapping[str, str]) -> set[str]:
    """Return the packages that have read a variable which a function has otherwise."""
    return {
        package
        for name, (value, package) in zygote.reads.items()
        if name == "*" or variables.get(name) != value
    }


def _names_in(folders: list[str]) -> set[str]:
    """Return the module names that folders offer."""
    names: set[str] = set()
    for folder in folders:
        try:
            names.update(entry.partition(".")[0] for entry in os.listdir(folder))
        except OSError:
            continue
    return names


def _packages_stamp(interpreter: str) -> int:
    """Return what changes when packages are installed for an interpreter."""
    root = Path(interpreter).parent.parent
    stamps = [folder.stat().st_mtime_ns for folder in root.glob("lib/python3*/site-packages")]
    return max(stamps, default=0)


def _read(file: Path) -> dict[str, Any]:
    try:
        noted = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}
