"""Packs the macro's code: what the handler imports when it starts, and nothing else.

The modules are found by following the import statements at the top of each,
from the macro on; what is imported inside functions (the parser, the text editor,
the linter) is what the macro never calls. The same installation gives the same
bytes.
"""

import ast
import io
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

HANDLER = "samlive_transform.macro.handler"

_OURS = "samlive_transform"
_WHOLE = ("jinja2", "markupsafe", "samlive_templates")
_STUB_MODULES = ("__init__.py", "contract.py")
_SUFFIXES = frozenset({".py", ".j2", ".typed"})
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can hold


def build() -> bytes:
    """Return the zip of the macro function, to be called at `HANDLER`."""
    buffer = io.BytesIO()
    with ZipFile(buffer, "w") as packed:
        for name, path in sorted(_files()):
            entry = ZipInfo(name, date_time=_EPOCH)
            entry.external_attr = 0o100644 << 16
            entry.compress_type = ZIP_DEFLATED
            packed.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def _files() -> Iterator[tuple[str, Path]]:
    for package in _WHOLE:
        root = _folder(package)
        for path in root.rglob("*"):
            inside = path.relative_to(root)
            if path.suffix in _SUFFIXES and "__pycache__" not in inside.parts:
                yield f"{package}/{inside.as_posix()}", path
    for name in _STUB_MODULES:
        yield f"samlive_stub/{name}", _folder("samlive_stub") / name
    for path in _needed(_folder(_OURS)):
        yield f"{_OURS}/{path.relative_to(_folder(_OURS)).as_posix()}", path


def _needed(root: Path) -> set[Path]:
    """Return the modules of this package that the macro imports, directly or not."""
    found: set[Path] = set()
    waiting = [root / "__init__.py", root / "macro.py"]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting += _imported(module, root)
    return found


def _imported(module: Path, root: Path) -> Iterator[Path]:
    for statement in ast.parse(module.read_bytes()).body:
        if isinstance(statement, ast.ImportFrom) and statement.module:
            names = [f"{statement.module}.{alias.name}" for alias in statement.names]
            for name in (statement.module, *names):
                package, _, rest = name.partition(".")
                if package == _OURS and rest:
                    place = root.joinpath(*rest.split("."))
                    for path in (place.with_suffix(".py"), place / "__init__.py"):
                        if path.is_file():
                            yield path


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{package} is not installed", name=package)
    return Path(spec.origin).parent
