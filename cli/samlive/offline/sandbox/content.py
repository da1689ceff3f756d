"""Unpacked packages and layers, one copy per content.

Lambda shows a function its code and layers read-only, so environments share
them. Layers are unpacked over one another, the last one on top. Folders are
named after the digest of what they hold and appear in one step.
"""

import hashlib
import io
import os
import stat
import tempfile
import threading
import zipfile
from pathlib import Path


class Content:
    """Unpacks zips below a folder.

    Args:
        folder: The cloud's private folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "content"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = threading.Lock()

    def unpacked(self, zips: tuple[bytes, ...]) -> Path:
        """Return a folder with the content of the zips, later ones on top.

        Raises:
            zipfile.BadZipFile: One is no zip, or leaves its folder.
        """
        digest = hashlib.sha256()
        for content in zips:
            digest.update(hashlib.sha256(content).digest())
        target = self._folder / digest.hexdigest()[:32]
        with self._lock:
            if not target.is_dir():
                fresh = Path(tempfile.mkdtemp(dir=self._folder))
                for content in zips:
                    _unpack(content, fresh)
                fresh.rename(target)
        return target


def _unpack(content: bytes, into: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            path = into / entry.filename
            if not os.path.realpath(path).startswith(os.path.realpath(into) + os.sep):
                if os.path.realpath(path) == os.path.realpath(into):
                    continue
                raise zipfile.BadZipFile(f"{entry.filename} leaves the package")
            if entry.is_dir():
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, archive.read(entry), entry.external_attr >> 16)


def _write(path: Path, data: bytes, mode: int) -> None:
    path.unlink(missing_ok=True)
    if stat.S_ISLNK(mode):
        path.symlink_to(data.decode())
        return
    path.write_bytes(data)
    # A zip made by a tool that knows no modes says 0; Lambda makes such files readable.
    path.chmod(stat.S_IMODE(mode) or 0o644)
