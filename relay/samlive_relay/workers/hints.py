"""What to do about a dependency that is not installed: the command that installs it.

Which one follows from the project's own files, looked for from the code's folder
upwards. A module of the project's own is not a dependency, so nothing is said of
it: its import path is wrong.
"""

import json
import re
import sys
from pathlib import Path

from samlive_relay.config import LocalFunction

from . import interpreters

_PYTHON = re.compile(r"No module named '([^']+)'")
_NODE = re.compile(r"Cannot find (?:module|package) '([^']+)'")
_PACKAGES = {
    "PIL": "pillow",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "jose": "python-jose",
    "jwt": "PyJWT",
    "psycopg2": "psycopg2-binary",
    "sklearn": "scikit-learn",
    "yaml": "PyYAML",
}
"""Packages on PyPI whose modules have another name."""

_PYTHON_TOOLS = {"uv.lock": "uv add", "poetry.lock": "poetry add", "Pipfile": "pipenv install"}
_NODE_TOOLS = {
    "pnpm-lock.yaml": ("pnpm install", "pnpm add"),
    "yarn.lock": ("yarn install", "yarn add"),
    "bun.lock": ("bun install", "bun add"),
    "bun.lockb": ("bun install", "bun add"),
}


def for_error(
    function: LocalFunction, kind: str, message: str, project: Path, interpreter: str
) -> str:
    """Return what to do about an error of a function; "" when it is of another kind.

    Args:
        function: The function.
        kind: Its error type.
        message: Its error message.
        project: Folder of the project.
        interpreter: The Python that runs it; "" for other runtimes.
    """
    if kind not in ("Runtime.ImportModuleError", "ModuleNotFoundError", "Error"):
        return ""
    if interpreter and (found := _PYTHON.search(message)):
        return _python(function, found[1].partition(".")[0], project, interpreter)
    if not interpreter and (found := _NODE.search(message)):
        return _node(function, found[1], project)
    return ""


def _python(function: LocalFunction, module: str, project: Path, interpreter: str) -> str:
    folders = interpreters.upwards(function.code, project)
    if any((folder / f"{module}.py").exists() or (folder / module).is_dir() for folder in folders):
        return ""
    package = _PACKAGES.get(module, module)
    tool = next(
        (
            command
            for folder in folders
            for name, command in _PYTHON_TOOLS.items()
            if (folder / name).is_file()
        ),
        "",
    )
    missing = f"Python {interpreters.version(interpreter)} ({interpreter}) has no module {module}."
    if tool:
        return f"{missing} Install it: {tool} {package}"
    wanted = next(
        (f"-r {file}" for folder in folders if (file := folder / "requirements.txt").is_file()),
        package,
    )
    if interpreter == sys.executable:  # samlive's own, which is not the project's to fill
        return (
            f"{missing} Make an environment for the project: python{function.runtime[6:]} -m venv "
            f"{project / '.venv'} && {project / '.venv/bin/pip'} install {wanted}"
        )
    return f"{missing} Install it there: {interpreter} -m pip install {wanted}"


def _node(function: LocalFunction, name: str, project: Path) -> str:
    if name.startswith((".", "/", "file:")):
        return ""
    parts = name.split("/")
    package = "/".join(parts[: 2 if name.startswith("@") else 1])
    folders = interpreters.upwards(function.code, project)
    home = next((folder for folder in folders if (folder / "package.json").is_file()), None)
    if home is None:
        return f"There is no package {package}. Install it: npm --prefix {folders[0]} i {package}"
    everything, one = next(
        (
            commands
            for folder in folders
            for file, commands in _NODE_TOOLS.items()
            if (folder / file).is_file()
        ),
        ("npm install", "npm install"),
    )
    command = everything if package in _declared(home / "package.json") else f"{one} {package}"
    return f"There is no package {package}. Install it: cd {home} && {command}"


def _declared(file: Path) -> set[str]:
    try:
        content = json.loads(file.read_text())
        return {*content.get("dependencies", {}), *content.get("devDependencies", {})}
    except (OSError, ValueError, AttributeError, TypeError):
        return set()
