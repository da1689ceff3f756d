"""Builds the functions whose runtime runs no sources: Go, Rust, Java, .NET, ruby bundles.

    sources -> a process of its own -> <state>/build/<function>/<number>/

A build is used again as long as nothing that it was made from has changed, and
functions with the same sources and the same way of building share one. Each
build has a folder of its own: processes that still run keep theirs. A build
that fails is remembered too, so that every call is answered at once, with what
the compiler said, until the next save.

The process is `python -m samlive_relay.workers.builders`, SAM's own builders behind their
JSON interface, or the user's command in a shell. It gets the developer's
environment and nothing of the function's, so no role's credentials reach a
compiler, and it ends with the relay, like every child.

What was built from is the files below the sources that are no product of a
build, and what the compiler lists beyond them (a module outside the folder).
They are stamped before the build starts; a save in its middle starts another.
A file that two builds in a row have changed is their product, not their input, when
it is new or no text.
"""

import asyncio
import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from pathlib import Path

from samlive_relay.config import Build, LocalFunction
from samlive_relay.errors import RelayError
from samlive_relay.watch import IGNORED

from . import builders, compilers, kept_builds
from .process import Process, spawn
from .stamps import TICK_NS, Stamp, changed, digest, is_half_saved, stat

PRODUCTS = frozenset({".gradle", "bin", "build", "dist", "obj", "out", "target"})
"""Folders directly below the sources that builds write to."""

MAX_TRIES = 5
SETTLE_SECONDS = 0.2
"""How long a file that is gone or empty may still be in the middle of a save."""

AT_ONCE = 2
"""How many builds run side by side: each compiler takes all cores it finds."""


OnBuild = Callable[[str, float | None, str], None]
"""Told of (logical id, seconds, problem): None seconds when a build starts; at its end
how long it took, and what the compiler said when it failed."""


class BuildError(RelayError):
    """The code does not build; answered as Lambda answers broken code.

    Args:
        problem: What the compiler said.
        inputs: What it was to be made from.
    """

    error_type = "Runtime.UserCodeSyntaxError"

    def __init__(self, problem: str, inputs: Mapping[str, Stamp]) -> None:
        super().__init__(problem)
        self.inputs = inputs


@dataclass(frozen=True, slots=True)
class Built:
    """A finished build.

    Args:
        folder: Stands for the code's folder.
        made_in: Folder that the build was to fill.
        inputs: What it was made from.
        problem: What the compiler said when it failed; else "".
    """

    folder: Path
    made_in: Path
    inputs: dict[str, Stamp] = field(repr=False)
    problem: str = ""


@dataclass(slots=True, eq=False)
class _Line:
    """The builds of one set of sources, one after the other."""

    folder: Path
    way: str
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    made: list[Built] = field(default_factory=list)
    count: int = 0
    products: set[str] = field(default_factory=set)
    found: frozenset[str] = frozenset()
    """The sources before the first build."""

    def makes(self, path: str) -> bool:
        """Tell whether a file that two builds in a row have changed is their product.

        A text that was there before is not: its owner may have saved it twice.
        """
        return path not in self.found or _is_binary(path)


class Builds:
    """Builds the functions of a session.

    Args:
        state: Folder that builds are written below.
        project: Folder of the project; what is outside it is nobody's edit.
        on_build: Told of a build's start and of its end.
    """

    def __init__(self, state: Path, project: Path, on_build: OnBuild) -> None:
        self._folder = state / "build"
        self._project = project
        self._on_build = on_build
        self._lines: dict[tuple[Path, str, Build], _Line] = {}
        self._free = asyncio.Semaphore(AT_ONCE)
        self._running: set[Process] = set()
        self._held: Counter[Path] = Counter()

    async def build(self, function: LocalFunction, build: Build) -> Built:
        """Return the function's build as of now.

        Args:
            function: The function.
            build: How it is built.

        Raises:
            RelayError: It does not build; says what the compiler said.
        """
        line = self._line(function, build)
        async with line.turn:
            built = line.made[-1] if line.made else None
            if built is None or _differing(function, build, line, built.inputs):
                async with self._free:
                    built = await self._settled(function, build, line)
                line.made.append(built)
                self._tidy(line)
        if built.problem:
            raise BuildError(built.problem, built.inputs)
        return built

    def hold(self, built: Built) -> Callable[[], None]:
        """Keep a build for a process that runs it; what is returned lets it go."""
        self._held[built.made_in] += 1

        def let_go() -> None:
            self._held[built.made_in] -= 1

        return let_go

    def _tidy(self, line: _Line) -> None:
        """Remove the builds that no process runs any more, and no other will."""
        *older, newest = line.made
        line.made = [each for each in older if self._held[each.made_in]] + [newest]
        for each in older:
            if each not in line.made:
                shutil.rmtree(each.made_in, ignore_errors=True)
                self._held.pop(each.made_in, None)

    def concerns(self, function: LocalFunction, build: Build, paths: AbstractSet[str]) -> bool:
        """Tell whether saved, removed or new files make another build necessary."""
        line = self._line(function, build)
        if not line.made or line.turn.locked():
            return False
        return not paths.isdisjoint(_differing(function, build, line, line.made[-1].inputs))

    async def close(self) -> None:
        """End what is being built."""
        for process in list(self._running):
            process.kill()
            await process.exited

    def _line(self, function: LocalFunction, build: Build) -> _Line:
        key = (function.code, function.runtime, build)
        if key not in self._lines:
            folder = self._folder / function.logical_id.replace("/", "-")
            if folder in {line.folder for line in self._lines.values()}:
                folder = folder.with_name(f"{folder.name}-{len(self._lines)}")
            line = self._lines[key] = _Line(folder, repr(key))
            if last := kept_builds.recall(folder, line.way):
                made_in, runs, inputs = last
                line.made.append(Built(runs, made_in, inputs))
                line.count = int(made_in.name)
                line.found = frozenset(inputs)
        return self._lines[key]

    async def _settled(self, function: LocalFunction, build: Build, line: _Line) -> Built:
        """Build until nothing was saved meanwhile."""
        self._on_build(function.logical_id, None, "")
        started = time.monotonic()
        touched: set[str] = set()
        for _ in range(MAX_TRIES):
            await _until_saved(line.made[-1].inputs if line.made else {})
            built = await self._once(function, build, line)
            different = _differing(function, build, line, built.inputs)
            different -= _rewritten(built.inputs, different)
            line.products |= {path for path in touched & different if line.makes(path)}
            touched = different
            if not different - line.products:
                break
        inputs = {path: s for path, s in built.inputs.items() if path not in line.products}
        self._on_build(function.logical_id, time.monotonic() - started, built.problem)
        if not built.problem:
            kept_builds.keep(line.folder, line.way, built.made_in, built.folder, inputs)
        return replace(built, inputs=inputs)

    async def _once(self, function: LocalFunction, build: Build, line: _Line) -> Built:
        began = time.time_ns()
        before = stamped(_sources(function, build), began, line.products)
        line.found = line.found or frozenset(before)
        line.count += 1
        artifacts, scratch = line.folder / str(line.count), line.folder / "scratch"
        if not build.command:  # they copy the sources there, also those that are gone since
            shutil.rmtree(scratch, ignore_errors=True)
        for folder in (artifacts, scratch):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status, lines = await self._run(function, build, artifacts, scratch)
        problem = ""
        if status != 0:
            places = {str(scratch): str(function.code)}
            problem = compilers.problem(lines, places, by_builders=not build.command)
            problem = problem or f"The build ended with status {status}."
        beyond = set(compilers.mentioned(problem)) if problem else set()
        beyond |= await self._listed(function, build, artifacts, scratch)
        inputs = stamped(self._own(function, beyond), began, line.products) | before
        empty = not problem and not any(artifacts.iterdir())
        return Built(function.code if empty else artifacts, artifacts, inputs, problem)

    def _own(self, function: LocalFunction, paths: Iterable[str]) -> Iterator[str]:
        """Yield the real paths of those files that are the project's own."""
        project = os.path.realpath(self._project) + os.sep
        for path in paths:
            real = os.path.realpath(function.code / path)
            if real.startswith(project) and not IGNORED & set(real[len(project) :].split(os.sep)):
                if os.path.isfile(real):
                    yield real

    async def _run(
        self, function: LocalFunction, build: Build, artifacts: Path, scratch: Path
    ) -> tuple[int, list[str]]:
        if build.command:
            command = ["/bin/sh", "-c", build.command]
        else:
            job = compilers.job(function, build, artifacts, scratch)
            # -P: a json.py in the code's folder must not be taken for the library's.
            command = [sys.executable, "-P", "-m", builders.__name__, job]
        return await self._process(command, function.code, artifacts, scratch)

    async def _listed(
        self, function: LocalFunction, build: Build, artifacts: Path, scratch: Path
    ) -> set[str]:
        """Return the files that the compiler has read, also those beyond the sources."""
        if not build.lists:
            return set()
        command = ["/bin/sh", "-c", build.lists]
        status, lines = await self._process(command, function.code, artifacts, scratch)
        return set(compilers.listed(lines)) if status == 0 else set()

    async def _process(
        self, command: list[str], cwd: Path, artifacts: Path, scratch: Path
    ) -> tuple[int, list[str]]:
        lines: list[str] = []
        variables = {
            **os.environ,
            "ARTIFACTS_DIR": str(artifacts),
            "SCRATCH_DIR": str(scratch),
            "LAMBDA_BUILDERS_LOG_LEVEL": "10",  # compilers' words are only in the debug log
        }
        try:
            process = spawn(command, cwd, variables, lambda _, line: lines.append(line))
        except OSError as error:
            raise RelayError(f"{command[0]} cannot be started: {error}.") from None
        self._running.add(process)
        try:
            status = await asyncio.shield(process.exited)
        except asyncio.CancelledError:
            process.kill()
            await process.exited
            raise
        finally:
            self._running.discard(process)
        return status, lines


def _sources(function: LocalFunction, build: Build) -> Iterator[str]:
    for source in build.sources or (function.code,):
        path = os.path.realpath(source)
        if os.path.isdir(path):
            yield from files_below(path)
        else:
            yield path


def files_below(folder: str) -> Iterator[str]:
    """Yield the files below a folder that may be a build's input."""
    for path, names, files in os.walk(folder):
        skipped = IGNORED | PRODUCTS if path == folder else IGNORED
        names[:] = [name for name in names if name not in skipped]
        yield from (os.path.join(path, name) for name in files)


def stamped(
    paths: Iterable[str], began: int, products: AbstractSet[str] = frozenset()
) -> dict[str, Stamp]:
    """Return what identifies files, with digests for those just saved.

    Args:
        paths: The files.
        began: Now, in nanoseconds.
        products: Files to leave out.
    """
    found = {}
    for path in paths:
        stamp = None if path in products else stat(path)
        if stamp is not None:
            fresh = stamp.modified > began - TICK_NS
            found[path] = replace(stamp, digest=digest(path)) if fresh else stamp
    return found


def _rewritten(inputs: dict[str, Stamp], different: AbstractSet[str]) -> set[str]:
    """Return the files whose content is what it was, and note their new stamps."""
    same = set()
    for path in different & inputs.keys():
        now, known = stat(path), inputs[path].digest
        if now is not None and known and digest(path) == known:
            inputs[path] = replace(now, digest=known)
            same.add(path)
    return same


def _is_binary(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return b"\0" in file.read(8192)
    except OSError:
        return False


async def _until_saved(before: Mapping[str, Stamp]) -> None:
    """Wait for the end of a save that is under way, but not for long."""
    end = time.monotonic() + SETTLE_SECONDS
    while any(is_half_saved(*each) for each in before.items()) and time.monotonic() < end:
        await asyncio.sleep(0.002)


def _differing(
    function: LocalFunction, build: Build, line: _Line, inputs: dict[str, Stamp]
) -> set[str]:
    """Return the files that were saved, removed or made since their stamps were taken."""
    there = {path for path in _sources(function, build) if path not in line.products}
    return set(changed(inputs)) | (there - inputs.keys())
