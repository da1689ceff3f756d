"""Bundles TypeScript handlers with the project's own esbuild.

Packages stay outside the bundle: that keeps a build at a few milliseconds and
the AWS SDK out of it; a link to the nearest node_modules lets Node find them
from the bundle's place in the state folder. A build is used again as long as
its inputs (esbuild's metafile) are unchanged.

A save in the middle of a build would be missed, as the inputs are only known
afterwards. So a build counts only if none of them was saved since it began.
"""

import asyncio
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from samlive_relay.config import LocalFunction
from samlive_relay.errors import RelayError

from .stamps import TICK_NS, Stamp, changed, stat

ENDINGS = (".ts", ".mts", ".cts", ".tsx")
PLAIN = (".js", ".mjs", ".cjs")
MAX_TRIES = 5
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
    """

    def __init__(self, state: Path, project: Path) -> None:
        self._folder = state / "bundles"
        self._project = project
        self._bundles: dict[LocalFunction, list[Bundle]] = {}
        self._turns: dict[LocalFunction, asyncio.Lock] = {}
        self._count = 0

    async def bundle(self, function: LocalFunction) -> Bundle | None:
        """Return the function's bundle as of now; None when it is no TypeScript.

        Args:
            function: A Node.js function.

        Raises:
            RelayError: esbuild is missing, or the code does not build.
        """
        entry = find_entry(function)
        if entry is None:
            return None
        async with self._turns.setdefault(function, asyncio.Lock()):
            made = self._bundles.setdefault(function, [])
            if made and not changed(made[-1].inputs):
                return made[-1]
            loop = asyncio.get_running_loop()
            bundle = await loop.run_in_executor(None, self._build, function, entry)
            made.append(bundle)
            while len(made) > KEPT:
                shutil.rmtree(made.pop(0).folder, ignore_errors=True)
            return bundle

    def close(self) -> None:
        """Remove what was built."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _build(self, function: LocalFunction, entry: Path) -> Bundle:
        esbuild = find_esbuild(function.code, self._project)
        for _ in range(MAX_TRIES):
            began = time.time_ns()
            self._count += 1
            folder = self._folder / str(self._count)
            folder.mkdir(mode=0o700, parents=True)
            inputs = _run(esbuild, function, entry, folder)
            if all(stamp.modified < began - TICK_NS for stamp in inputs.values()):
                break
        for modules in _above(function.code, self._project, "node_modules"):
            (folder / "node_modules").symlink_to(modules)
            break
        return Bundle(folder, inputs)


def find_entry(function: LocalFunction) -> Path | None:
    """Return the TypeScript file of a function's handler, unless JavaScript is there."""
    module = function.handler.rpartition("/")[2].partition(".")[0]
    base = function.code / Path(function.handler).parent / module
    if any(base.with_name(module + ending).is_file() for ending in PLAIN):
        return None
    files = (base.with_name(module + ending) for ending in ENDINGS)
    return next((file for file in files if file.is_file()), None)


def find_esbuild(code: Path, project: Path) -> str:
    """Return the path of the project's esbuild.

    Raises:
        RelayError: It has none.
    """
    for modules in _above(code, project, "node_modules"):
        # The program itself first: the other one is a script that starts it.
        found = [*modules.glob("@esbuild/*/bin/esbuild"), modules / ".bin" / "esbuild"]
        for path in found:
            if os.access(path, os.X_OK):
                return str(path)
    if program := find_on_path():
        return program
    raise RelayError(
        f"{code} holds TypeScript, but the project has no esbuild.",
        "Run `npm install --save-dev esbuild` in it.",
    )


def find_on_path() -> str | None:
    """Return an esbuild that is installed for the whole machine."""
    return shutil.which("esbuild")


def _run(esbuild: str, function: LocalFunction, entry: Path, folder: Path) -> dict[str, Stamp]:
    properties = function.build_properties
    form = str(properties.get("Format") or ("esm" if _is_module(entry) else "cjs"))
    ending = ".mjs" if form == "esm" else ".cjs"
    out = folder / entry.relative_to(function.code).with_suffix(ending)
    meta = folder / "meta.json"
    command = [
        esbuild,
        str(entry),
        "--bundle",
        "--platform=node",
        "--packages=external",
        "--sourcemap=linked",
        "--log-level=error",
        "--color=false",
        f"--format={form}",
        f"--outfile={out}",
        f"--metafile={meta}",
        *_options(properties),
    ]
    done = subprocess.run(
        command, cwd=function.code, capture_output=True, text=True, timeout=BUILD_SECONDS
    )
    if done.returncode != 0:
        raise BuildError(done.stderr.strip() or f"esbuild ended with status {done.returncode}.")
    inputs = json.loads(meta.read_text())["inputs"]
    paths = (os.path.normpath(function.code / name) for name in inputs)
    return {path: stamp for path in paths if (stamp := stat(path)) is not None}


def _options(properties: Mapping[str, object]) -> Iterator[str]:
    """Return esbuild's options for the BuildProperties that matter to what runs."""
    if target := properties.get("Target"):
        yield f"--target={target}"
    for name in ("External", "Loader", "Define"):
        values = properties.get(name) or []
        if isinstance(values, Mapping):
            values = [f"{key}={value}" for key, value in values.items()]
        for value in values if isinstance(values, list) else [values]:
            yield f"--{name.lower()}:{value}"


def _is_module(entry: Path) -> bool:
    if entry.suffix == ".mts":
        return True
    for folder in entry.parents:
        settings = folder / "package.json"
        if settings.is_file():
            try:
                return bool(json.loads(settings.read_text()).get("type") == "module")
            except ValueError:
                return False
    return False


def _above(code: Path, project: Path, name: str) -> Iterator[Path]:
    """Yield the folders of a name in the code's folder and above, up to the project."""
    for folder in (code, *code.parents):
        if (folder / name).is_dir():
            yield folder / name
        if folder == project or not folder.is_relative_to(project):
            return
