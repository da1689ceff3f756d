"""Zips whose bytes depend on their content alone.

Sorted names, one date, modes reduced to "runs" and "does not run": the same
folder gives the same digest on every machine and at every time, so what has
not changed is not uploaded again.
"""

import hashlib
import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

_DATE = (1980, 1, 1, 0, 0, 0)
_LEFT_OUT = frozenset((".aws-sam", ".git", ".mypy_cache", ".pytest_cache", ".samlive", ".venv"))
_COMPRESSED = zipfile.ZIP_DEFLATED


def zip_folder(folder: Path) -> bytes:
    """Return the zip of a folder's files."""
    return _zip((path.relative_to(folder).as_posix(), path) for path in files_of(folder))


def zip_file(path: Path) -> bytes:
    """Return the zip of one file."""
    return _zip(iter([(path.name, path)]))


def digest(data: bytes) -> str:
    """Return the digest that names content in a bucket."""
    return hashlib.sha256(data).hexdigest()[:32]


def digest_folder(folder: Path) -> str:
    """Return a digest of a folder's names and contents."""
    whole = hashlib.sha256()
    for path in files_of(folder):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        whole.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return whole.hexdigest()[:32]


def files_of(folder: Path) -> list[Path]:
    """Return the files that belong to a folder's content, sorted by name."""
    return sorted(walk(folder), key=lambda path: path.relative_to(folder).as_posix())


def walk(folder: Path) -> Iterator[Path]:
    """Yield the files that belong to a folder's content."""
    for root, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(f for f in folders if f not in _LEFT_OUT and f != "__pycache__")
        yield from (Path(root, name) for name in names if not name.endswith(".pyc"))


def _zip(entries: Iterator[tuple[str, Path]]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", _COMPRESSED, compresslevel=6) as archive:
        for name, path in entries:
            mode = 0o755 if os.access(path, os.X_OK) else 0o644
            entry = zipfile.ZipInfo(name, _DATE)
            entry.compress_type = _COMPRESSED
            entry.external_attr = (0o100000 | mode) << 16
            archive.writestr(entry, path.read_bytes())
    return target.getvalue()
