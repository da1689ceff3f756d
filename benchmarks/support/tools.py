"""Other people's packages that rows are compared with: installed once, into a cache.

`.cache/bench` in the checkout, which git ignores. What cannot be installed
(no registry, no Node.js) makes its rows a visible skip, never an error.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from .result import say

NO_INSTALL = "SAMLIVE_BENCHMARK_NO_INSTALL"
"""Set to anything: what is not in the cache is skipped instead of installed."""

CACHE = (Path(__file__).parents[2] / ".cache" / "bench").resolve()


class Missing(Exception):
    """Something cannot be installed here; says what and why."""


def virtual_environment(name: str, *packages: str) -> Path:
    """Return the Python of a virtual environment with packages, made when needed.

    Raises:
        Missing: pip could not install them.
    """
    folder = CACHE / name
    python = folder / "bin" / "python"
    _install(
        folder,
        packages,
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages],
    )
    return python


def node_packages(name: str, *packages: str) -> Path:
    """Return a folder with a `node_modules` of packages, made when needed.

    Raises:
        Missing: There is no npm, or it could not install them.
    """
    folder = CACHE / name
    if shutil.which("npm") is None:
        raise Missing("npm is not on the path")
    words = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder)]
    _install(folder, packages, [*words, *packages])
    return folder


def _install(folder: Path, packages: tuple[str, ...], *commands: list[str]) -> None:
    done = folder / ".installed"
    wanted = "\n".join(packages)
    if done.exists() and done.read_text() == wanted:
        return
    if os.environ.get(NO_INSTALL):
        raise Missing(f"{' '.join(packages)} is not installed, and {NO_INSTALL} is set")
    say(f"installing {' '.join(packages)} into the cache")
    folder.mkdir(parents=True, exist_ok=True)
    for command in commands:
        made = subprocess.run(command, capture_output=True, text=True, timeout=600)
        if made.returncode:
            last = (made.stderr or made.stdout).strip().splitlines()[-1:]
            raise Missing(f"{' '.join(packages)} cannot be installed: {' '.join(last)[:200]}")
    done.write_text(wanted)
