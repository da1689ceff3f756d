"""Bundles TypeScript handlers, and JavaScript that the template says esbuild builds.

Installed packages stay outside the bundle: that keeps a build at a few
milliseconds and the AWS SDK out of it. A process is started from the bundle as
of now: esbuild is asked at every start, and answers with the build before when
nothing has changed. What it read, and how it found it, becomes what the process
has loaded: a later save of any of it makes another build necessary.
"""

import asyncio
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from samlive_relay.config import LocalFunction
from samlive_relay.errors import RelayError

from . import esbuild
from .bundling import Bundling
from .environment import FROM_DEVELOPER
from .stamps import Stamp, from_report

ENDINGS = (".ts", ".mts", ".cts", ".tsx")
PLAIN = (".js", ".mjs", ".cjs", ".jsx")
KEPT = 3
BUILD_SECONDS = 60


class BuildError(RelayError):
    """The code does not build; answered as Lambda answers broken code."""

    error_type = "Runtime.UserCodeSyntaxError"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A finished build.

    Args:
        folder: Stands for the code folder: the bundle has the handler's path in it.
        inputs: What it was made of.
    """

    folder: Path
    inputs: dict[str, Stamp] = field(repr=False)


class Bundler:
    """Builds the TypeScript functions of a session.

    Args:
        state: Folder that bundles are written below.
        project: Folder of the project.
        developer: Variables of the shell that samlive runs in.
    """

    def __init__(self, state: Path, project: Path, developer: Mapping[str, str]) -> None:
        self._folder = state / "bundles"
        self._project = project
        self._environment = {name: developer[name] for name in FROM_DEVELOPER if name in developer}
        self._running: dict[tuple[str, Path], Bundling] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._made: dict[str, list[Path]] = {}
        self._count = 0

    @property
    def pids(self) -> list[int]:
        """Ids of the processes that build."""
        return [running.pid for running in self._running.values() if running.alive]

    async def bundle(self, function: LocalFunction, node: str) -> Bundle | None:
        """Return the function's bundle as of now; None when it needs none.

        Args:
            function: A Node.js function.
            node: Node.js that runs esbuild.

        Raises:
            RelayError: esbuild is missing, or the code does not build.
        """
        entry = find_entry(function)
        if entry is None:
            return None
        async with self._turns.setdefault(function.logical_id, asyncio.Lock()):
            running = self._esbuild(node, esbuild.find(function.code))
            try:
                answer = await asyncio.wait_for(
                    running.ask(self._request(function, entry)), BUILD_SECONDS
                )
            except TimeoutError:
                await running.close()
                raise BuildError(f"esbuild took longer than {BUILD_SECONDS} seconds.") from None
            if "error" in answer:
                raise BuildError(str(answer["error"]))
            folder = Path(answer["folder"])
            self._keep(function, folder)
            return Bundle(folder, from_report(answer["inputs"]))

    async def close(self) -> None:
        """End esbuild, and remove what was built."""
        for running in self._running.values():
            await running.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _esbuild(self, node: str, main: Path) -> Bundling:
        key = (node, main)
        if key not in self._running:
            self._running[key] = Bundling(node, main, self._environment, self._project)
        return self._running[key]

    def _request(self, function: LocalFunction, entry: Path) -> dict[str, object]:
        self._count += 1
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        properties = function.build_properties
        form = esbuild.default_format(properties, entry)
        options = esbuild.options(properties, form, shrink=function.debug_port is None)
        return {
            "key": function.logical_id,
            "options": {"absWorkingDir": str(function.code), **options},
            "entry": str(entry),
            "own": str(entry.parent),
            "folder": str(self._folder / str(self._count)),
            "output": _module(function),
            "modules": _installed(function.code),
        }

    def _keep(self, function: LocalFunction, folder: Path) -> None:
        made = self._made.setdefault(function.logical_id, [])
        if folder not in made:
            made.append(folder)
        while len(made) > KEPT:
            shutil.rmtree(made.pop(0), ignore_errors=True)


def find_entry(function: LocalFunction) -> Path | None:
    """Return the source file that a function's handler is bundled from, or None.

    A template's EntryPoints say so; their handler has the path of the file that
    esbuild makes of one. Without them TypeScript is bundled, and only if there is
    no JavaScript in its place.
    """
    module = _module(function)
    points = function.build_properties.get("EntryPoints")
    if isinstance(points, list):
        files = [_with_ending(function.code / str(point)) for point in points]
        found = [file for file in files if file is not None]
        base = os.path.commonpath([file.parent for file in found]) if found else ""
        for file in found:
            if os.path.relpath(file.with_suffix(""), base) == module:
                return file
    path = function.code / module
    if any(_file(path, ending) for ending in PLAIN):
        return _with_ending(path) if isinstance(points, list) else None
    return _first(path, ENDINGS)


def _module(function: LocalFunction) -> str:
    """Return the path of the handler's module below the code, without an ending."""
    folder, _, name = function.handler.rpartition("/")
    return os.path.normpath(os.path.join(folder, name.partition(".")[0]))


def _with_ending(path: Path) -> Path | None:
    if path.suffix and path.is_file():
        return path
    return _first(path, (*ENDINGS, *PLAIN))


def _first(path: Path, endings: Iterable[str]) -> Path | None:
    files = (_file(path, ending) for ending in endings)
    return next((file for file in files if file is not None), None)


def _file(path: Path, ending: str) -> Path | None:
    file = path.with_name(path.name + ending)
    return file if file.is_file() else None


def _installed(code: Path) -> str:
    """Return the nearest node_modules, for what a bundle imports by name at run time."""
    return next((str(folder) for folder in _above(code) if folder.is_dir()), "")


def _above(code: Path) -> Iterator[Path]:
    for folder in (code, *code.parents):
        yield folder / "node_modules"
