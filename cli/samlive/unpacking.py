"""Unpacks an archive that somebody else has made, without letting it out of its folder.

    names           relative, without "..", never below a link
    links           made last; where one leads is looked up on the disk, not in its text,
                    and /opt in it means the folder itself, as that is where a layer lies
    size            counted while it is written, whatever the archive says of itself
    modes           the owner's alone: 0600, or 0700 where something may be executed

The folder appears whole or not at all.
"""

import errno
import os
import shutil
import stat
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path, PurePosixPath

MAX_BYTES = 262_144_000
"""Lambda's own limit, all layers of a function together, unzipped (bytes).
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

MAX_ENTRIES = 200_000
_OPT = PurePosixPath("/opt")
_CHUNK = 1 << 20


class Unsafe(Exception):
    """The archive is damaged, too large, or leads out of its folder; says which."""


def unpack(content: bytes, folder: Path, limit: int = MAX_BYTES) -> None:
    """Unpack a zip into a folder that does not exist yet.

    Args:
        content: The zip.
        folder: Where to; its parent exists.
        limit: Most bytes that it may unpack to.

    Raises:
        Unsafe: It is not unpacked; nothing is left of it.
        OSError: The disk does not take it.
    """
    fresh = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=folder.parent))
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            _write(archive, fresh, limit)
        _settle(fresh, folder)
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as problem:
        raise Unsafe(f"it is no readable zip ({problem})") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _settle(fresh: Path, folder: Path) -> None:
    """Give what was unpacked its name, unless another process was faster."""
    try:
        fresh.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise


def _write(archive: zipfile.ZipFile, root: Path, limit: int) -> None:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise Unsafe(f"it holds {len(entries)} entries")
    links: dict[Path, str] = {}
    for entry in entries:
        target = root / _inside(entry.filename)
        mode = entry.external_attr >> 16
        if entry.is_dir():
            _make(target)
        elif stat.S_ISLNK(mode):
            links[target] = archive.read(entry).decode(errors="surrogateescape")
        else:
            _make(target.parent)
            limit = _copy(archive, entry, target, limit)
            target.chmod(0o700 if mode & 0o111 else 0o600)
    for link, leads_to in links.items():
        _link(link, leads_to, root)
    for link in links:
        if _is_circle(link) or not _end(link).is_relative_to(_end(root)):
            raise Unsafe(f"its link {link.relative_to(root)} leads out of it, or nowhere")


def _inside(name: str) -> PurePosixPath:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or "\0" in name or not path.parts:
        raise Unsafe(f"its entry {name!r} leads out of it")
    return path


def _copy(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, limit: int) -> int:
    """Write one file; return how many bytes are left."""
    if target.is_dir():
        raise Unsafe(f"its entry {entry.filename!r} is a file and a folder")
    with archive.open(entry) as source, target.open("wb") as file:
        while chunk := source.read(_CHUNK):
            limit -= len(chunk)
            if limit < 0:
                raise Unsafe("it is larger than a layer can be")
            file.write(chunk)
    return limit


def _link(link: Path, leads_to: str, root: Path) -> None:
    _make(link.parent)
    if link.exists() or link.is_symlink():
        raise Unsafe(f"its link {link.relative_to(root)} is something else, too")
    path = PurePosixPath(leads_to)
    if path.is_absolute():
        if not path.is_relative_to(_OPT):
            raise Unsafe(f"its link {link.relative_to(root)} leads out of it")
        leads_to = os.path.relpath(root / path.relative_to(_OPT), link.parent)
    link.symlink_to(leads_to)


def _end(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _is_circle(link: Path) -> bool:
    try:
        link.stat()
    except OSError as problem:
        return problem.errno == errno.ELOOP
    return False


def _make(folder: Path) -> None:
    """Make a folder for its owner alone.

    Raises:
        Unsafe: A file is where it should be.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise Unsafe(f"its entry {folder.name!r} is a file and a folder") from None
