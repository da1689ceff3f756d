"""Which Python runs a function.

The nearest virtual environment wins: of the code's folder or one above it up to
the project, whether it lies there or where poetry or pipenv keep it; then the
active one; then what .python-version names; then the interpreter that samlive
itself runs in (which has boto3, as Lambda's runtime has).
"""

import re
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from samlive_relay.config import LocalFunction

from . import managers

FOLDERS = (".venv", "venv")


def find(function: LocalFunction, project: Path, developer: Mapping[str, str]) -> str:
    """Return the path of the interpreter for a function.

    Args:
        function: The function.
        project: Folder of the project.
        developer: Variables of the shell that samlive runs in.
    """
    folders = upwards(function.code, project)
    for folder in folders:
        kept = managers.environments(folder, developer, function.runtime.removeprefix("python"))
        for environment in (*(folder / name for name in FOLDERS), *kept):
            if python := _python_of(environment):
                return python
    if active := developer.get("VIRTUAL_ENV"):
        if python := _python_of(Path(active)):
            return python
    for folder in folders:
        if named := managers.interpreter(folder, developer):
            return str(named)
    return sys.executable


def mismatch(function: LocalFunction, interpreter: str) -> str:
    """Return what the user should know about the interpreter's version, or "".

    Args:
        function: The function.
        interpreter: Path of the interpreter that will run it.
    """
    wanted = function.runtime.removeprefix("python")
    found = version(interpreter)
    if not found or found == wanted:
        return ""
    return (
        f"{function.runtime} runs locally on Python {found} ({interpreter}). "
        f"Make a .venv with Python {wanted} in the project to run the same version."
    )


@cache
def version(interpreter: str) -> str:
    """Return an interpreter's "major.minor", or "" when it cannot be had."""
    if interpreter == sys.executable:
        return f"{sys.version_info.major}.{sys.version_info.minor}"
    settings = Path(interpreter).parent.parent / "pyvenv.cfg"
    if settings.is_file():
        if found := re.search(r"^version(?:_info)?\s*=\s*(\d+\.\d+)", settings.read_text(), re.M):
            return found.group(1)
    command = [interpreter, "-ISc", "import sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def upwards(code: Path, project: Path) -> list[Path]:
    """Return a code folder and those above it up to the project, which comes last."""
    code, project = code.absolute(), project.absolute()
    above = [folder for folder in code.parents if folder.is_relative_to(project)]
    return [code, *above] if code.is_relative_to(project) else [code, project]


def _python_of(environment: Path) -> str | None:
    if environment.is_file():  # pipenv takes it for the name of the real one
        environment = environment.parent / environment.read_text(errors="replace").strip()
    python = environment / "bin" / "python"
    return str(python) if python.exists() else None
