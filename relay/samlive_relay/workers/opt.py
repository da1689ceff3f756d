"""The layers of a function at /opt, where the system lets an ordinary user mount.

Runtimes find what layers hold by variables, so nothing is mounted for layers that
hold only packages. Programs, libraries and files are named by their path often
enough (/opt/bin/ffmpeg, /opt/config.json): for those the process is started in a
namespace in which /opt is a folder of links into its layers, the last one first.
It stays the same process, in the same group, with the same user.

Where /opt holds something that the process needs itself, such as its interpreter,
nothing is mounted.
"""

import asyncio
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from samlive_relay.config import LocalFunction

LAUNCHER = Path(__file__).parent.parent / "runners" / "opt" / "in_opt.py"
OPT = Path("/opt")
OF_RUNTIMES = frozenset({"python", "nodejs", "ruby", "java", "dotnet", "extensions"})
"""Folders of layers that runtimes look into by themselves, or that are not used here."""

SOURCES = frozenset(
    {
        "Gemfile",
        "Gemfile.lock",
        "LICENSE",
        "Makefile",
        "README.md",
        "package-lock.json",
        "package.json",
        "pyproject.toml",
        "requirements.txt",
    }
)
"""What a layer of the project is built from, and does not hold."""

_PROBE_SECONDS = 10


class Opt:
    """Mounts for the processes of a session.

    Args:
        state: Folder that the links are made in.
    """

    def __init__(self, state: Path) -> None:
        self._state = state / "opt"
        self._possible: bool | None = None

    async def prefix(self, function: LocalFunction, needs: Iterable[str]) -> tuple[str, ...]:
        """Return what to put before a command, so that it sees the function's layers at /opt.

        Args:
            function: The function.
            needs: Paths that its process needs: program, code, project.

        Returns:
            Nothing, when there is no need or no way.
        """
        if not named_by_path(function.layers) or _hides(needs):
            return ()
        loop = asyncio.get_running_loop()
        if self._possible is None:
            self._possible = await loop.run_in_executor(None, self._probe)
        if not self._possible:
            return ()
        folder = await loop.run_in_executor(None, merged, function.layers, self._state)
        return (sys.executable, "-IS", str(LAUNCHER), str(folder))

    def _probe(self) -> bool:
        """Find out once whether the system allows it."""
        if sys.platform != "linux" or not OPT.is_dir():
            return False
        self._state.mkdir(mode=0o700, parents=True, exist_ok=True)
        command = [sys.executable, "-IS", str(LAUNCHER), "--strict", str(self._state), "true"]
        try:
            return (
                subprocess.run(command, capture_output=True, timeout=_PROBE_SECONDS).returncode == 0
            )
        except (OSError, subprocess.SubprocessError):
            return False


def named_by_path(layers: Sequence[Path]) -> list[str]:
    """Return what layers hold that code can only name by its path."""
    return sorted(
        {
            name
            for layer in layers
            for name in _names(layer)
            if name not in OF_RUNTIMES | SOURCES and not name.startswith(".")
        }
    )


def missing(layers: Sequence[Path]) -> str:
    """Return what to say where nothing can be mounted; "" when nothing is missed."""
    names = named_by_path(layers)
    if not names:
        return ""
    places = ", ".join(str(layer) for layer in layers)
    return f"what its layers hold besides packages ({', '.join(names)}) is not at /opt: {places}."


def merged(layers: Sequence[Path], state: Path) -> Path:
    """Return a folder of links that shows layers as one, as /opt does.

    Args:
        layers: Their folders, first one first; of two files of a name the last layer's counts.
        state: Folder that it is made in.
    """
    links = sorted(_links(tuple(reversed(layers)), Path()))
    text = "\n".join(f"{name}\0{target}" for name, target in links)
    folder = state / hashlib.sha256(text.encode()).hexdigest()[:32]
    if not folder.is_dir():
        fresh = folder.with_suffix(f".{os.getpid()}")
        for name, target in links:
            (fresh / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            (fresh / name).symlink_to(target)
        fresh.rename(folder)
    return folder


def _links(folders: Sequence[Path], below: Path) -> Iterator[tuple[str, str]]:
    """Yield links by name; a folder that only one layer has is one link."""
    for name in dict.fromkeys(name for folder in folders for name in _names(folder / below)):
        found = [folder for folder in folders if os.path.lexists(folder / below / name)]
        inner = [folder for folder in found if (folder / below / name).is_dir()]
        if len(inner) > 1 and inner[0] == found[0]:
            yield from _links(inner, below / name)
        else:
            yield str(below / name), str(found[0] / below / name)


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _hides(needs: Iterable[str]) -> bool:
    named = [Path(path).absolute() for path in needs]
    everything = [*named, *(Path(os.path.realpath(path)) for path in named)]
    return any(path.is_relative_to(OPT) for path in everything)
