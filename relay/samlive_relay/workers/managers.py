"""Where poetry, pipenv, pyenv and uv keep a project's Python, told from files alone.

Their commands take half a second and more each, so the places are computed as
they compute them:

    poetry   CACHE/virtualenvs/<name>-<digest of the folder>-py3.12
             https://python-poetry.org/docs/configuration/#virtualenvspath
    pipenv   WORKON_HOME/<folder's name>-<digest of the Pipfile's path>
             https://pipenv.pypa.io/en/latest/virtualenv.html
    pyenv    PYENV_ROOT/versions/<version>, named by .python-version
             https://github.com/pyenv/pyenv#understanding-python-version-selection
    uv       its own Pythons, named by the same file
             https://docs.astral.sh/uv/concepts/python-versions/
"""

import base64
import hashlib
import os
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

_POETRY_ODD = re.compile(r'[ $`!*@"\\\r\n\t]')
_PIPENV_ODD = re.compile(r'[ &$`!*@"()\[\]\\\r\n\t]')


def environments(folder: Path, developer: Mapping[str, str], wanted: str) -> Iterator[Path]:
    """Yield the virtual environments that a folder's tools keep elsewhere, best first.

    Args:
        folder: A folder that may hold pyproject.toml or Pipfile.
        developer: Variables of the shell that samlive runs in.
        wanted: Python version of the function, such as "3.12".
    """
    if named := developer.get("UV_PROJECT_ENVIRONMENT"):
        if (folder / "pyproject.toml").is_file():
            yield folder / named
    yield from _poetry(folder, developer, wanted)
    if (folder / "Pipfile").is_file():
        yield _pipenv(folder, developer)


def interpreter(folder: Path, developer: Mapping[str, str]) -> Path | None:
    """Return the Python that a folder's .python-version names, if it is installed.

    Args:
        folder: A folder that may hold such a file.
        developer: Variables of the shell that samlive runs in.
    """
    try:
        lines = (folder / ".python-version").read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError):
        return None
    for name in lines:
        for place in (*_pyenv(name, developer), *_uv(name, developer)):
            if (place / "bin" / "python").exists():
                return place / "bin" / "python"
    return None


def _poetry(folder: Path, developer: Mapping[str, str], wanted: str) -> Iterator[Path]:
    name = _poetry_name(folder / "pyproject.toml")
    if not name or not ((folder / "poetry.lock").exists() or _uses_poetry(folder)):
        return
    cache = developer.get("POETRY_CACHE_DIR") or _cache(developer, "pypoetry")
    place = Path(developer.get("POETRY_VIRTUALENVS_PATH") or Path(cache) / "virtualenvs")
    digest = _digest(os.path.normcase(os.path.realpath(folder)))[:8]
    stem = f"{_POETRY_ODD.sub('_', name)[:42]}-{digest}"
    yield place / f"{stem}-py{wanted}"
    yield from sorted(place.glob(f"{stem}-py*"), reverse=True)


def _poetry_name(file: Path) -> str:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    named = content.get("project", {}).get("name")
    named = named or content.get("tool", {}).get("poetry", {}).get("name") or "non-package-mode"
    return re.sub(r"[-_.]+", "-", str(named)).lower()


def _uses_poetry(folder: Path) -> bool:
    return "[tool.poetry" in (folder / "pyproject.toml").read_text(encoding="utf-8")


def _pipenv(folder: Path, developer: Mapping[str, str]) -> Path:
    file = folder.absolute() / "Pipfile"
    digest = base64.urlsafe_b64encode(hashlib.sha256(str(file).encode()).digest()[:6]).decode()
    home = developer.get("WORKON_HOME")
    data = developer.get("XDG_DATA_HOME") or str(_home(developer) / ".local" / "share")
    place = Path(home) if home else Path(data) / "virtualenvs"
    return place / f"{_PIPENV_ODD.sub('_', file.parent.name)[:42]}-{digest}"


def _pyenv(name: str, developer: Mapping[str, str]) -> Iterator[Path]:
    root = Path(developer.get("PYENV_ROOT") or _home(developer) / ".pyenv") / "versions"
    yield root / name
    yield from sorted(root.glob(f"{name}.*"), key=_patch, reverse=True)


def _uv(name: str, developer: Mapping[str, str]) -> Iterator[Path]:
    data = developer.get("XDG_DATA_HOME") or str(_home(developer) / ".local" / "share")
    root = Path(developer.get("UV_PYTHON_INSTALL_DIR") or Path(data) / "uv" / "python")
    found = [*root.glob(f"cpython-{name}-*"), *root.glob(f"cpython-{name}.*")]
    yield from sorted(found, key=_patch, reverse=True)


def _patch(place: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", place.name)]


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _cache(developer: Mapping[str, str], name: str) -> Path:
    if sys.platform == "darwin":
        return _home(developer) / "Library" / "Caches" / name
    base = developer.get("XDG_CACHE_HOME")
    return (Path(base) if base else _home(developer) / ".cache") / name


def _home(developer: Mapping[str, str]) -> Path:
    return Path(developer.get("HOME") or Path.home())
