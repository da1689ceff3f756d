"""What was built last, remembered from one session to the next.

A build is used again when it was made in the same way and none of its inputs
has changed since; a session of a large Java project then starts at once.
"""

import contextlib
import json
import os
import shutil
from pathlib import Path

from .stamps import Stamp

_NOTE = "last.json"


def keep(folder: Path, way: str, made_in: Path, runs: Path, inputs: dict[str, Stamp]) -> None:
    """Remember a build that succeeded.

    Args:
        folder: Folder of the function's builds.
        way: What tells ways of building apart.
        made_in: Folder that the build filled.
        runs: Folder that stands for the code's.
        inputs: What it was made from.
    """
    stamps = {path: [s.modified, s.size, s.inode, s.digest] for path, s in inputs.items()}
    note = {"way": way, "made_in": made_in.name, "runs": str(runs), "inputs": stamps}
    part = folder / f"{_NOTE}.{os.getpid()}"
    part.write_text(json.dumps(note))
    part.replace(folder / _NOTE)


def recall(folder: Path, way: str) -> tuple[Path, Path, dict[str, Stamp]] | None:
    """Return where the last build was made and what runs, with its inputs; remove all others.

    Args:
        folder: Folder of the function's builds.
        way: What tells ways of building apart.
    """
    found = _read(folder, way)
    kept = {"scratch", *([found[0].name] if found else ())}
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir() and path.name not in kept:
            shutil.rmtree(path, ignore_errors=True)
    return found


def _read(folder: Path, way: str) -> tuple[Path, Path, dict[str, Stamp]] | None:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        note = json.loads((folder / _NOTE).read_text())
        made_in, runs = folder / note["made_in"], Path(note["runs"])
        if note["way"] == way and made_in.is_dir() and runs.is_dir():
            inputs = {path: Stamp(*stamp) for path, stamp in note["inputs"].items()}
            return made_in, runs, inputs
    return None
