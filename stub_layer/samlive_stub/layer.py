"""Builds the layer's zip from the installed package; not part of the layer.

    samlive/start                    the exec wrapper
    samlive/__main__.py              what it runs: `loader`
    samlive/stub.bz2                 all modules, shrunk, in one stream
    samlive/samlive_stub/roots.der

The same source always has the same digest, whatever Python builds it, so it
names a layer version that stages, developers and sessions share: sorted
names, the zip format's first date, modes set here.
"""

import bz2
import hashlib
import io
import zipfile
from importlib.resources import files

from .anchors import anchor, split
from .cuts import Source
from .loader import PACKAGE
from .record import Record
from .rename import rename
from .shake import shake
from .shrink import shrink, squeeze, strip

NOT_SHIPPED = frozenset(
    (
        "anchors",
        "cuts",
        "layer",
        "loader",
        "relay_acks",
        "relay_aging",
        "relay_events",
        "relay_parts",
        "relay_presence",
        "relay_runs",
        "relay_shards",
        "relay_streams",
        "relay_workers",
        "rename",
        "responder",
        "shake",
        "shrink",
    )
)
"""Modules for the developer's machine, and the loader, which lies beside the archive."""

ENTRIES = ("main",)
"""What the loader takes from the modules."""

ROOT = "samlive"
MAX_ZIP_BYTES = 25 * 1024
"""Goal of its size, kept by a test; Lambda would take 50 MB."""

_DATE = (1980, 1, 1, 0, 0, 0)


class Layer(Record):
    """A built layer.

    Args:
        zip: The archive, as PublishLayerVersion takes it.
        digest: Hex digest of what it holds, so that it does not depend on who compressed it.
    """

    __slots__ = ("digest", "zip")
    zip: bytes
    digest: str

    def __init__(self, content: bytes, digest: str) -> None:
        self._set(zip=content, digest=digest)


def build_layer() -> Layer:
    """Build the layer from this very package."""
    buffer = io.BytesIO()
    digest = hashlib.sha256()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, (mode, content) in sorted(_content().items()):
            info = zipfile.ZipInfo(name, _DATE)
            info.create_system = 3
            info.external_attr = (0o100000 | mode) << 16
            stored = name.endswith(".bz2")
            info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            archive.writestr(info, content, compresslevel=9)
            digest.update(f"{name} {mode:o} {len(content)}\0".encode() + content)
    return Layer(buffer.getvalue(), digest.hexdigest())


def modules_of_layer() -> dict[str, str]:
    """Return the sources that the layer holds, by their modules' names."""
    sources = {}
    for entry in sorted(files(__package__ or PACKAGE).iterdir(), key=lambda entry: entry.name):
        name, _, kind = entry.name.rpartition(".")
        if kind == "py" and name not in NOT_SHIPPED:
            sources[name] = Source(entry.read_text(encoding="utf-8"))
    for source in sources.values():
        strip(source)
    shake(sources.values(), ENTRIES)
    rename(sources.values())
    return {name: squeeze(source.text()) for name, source in sources.items()}


def _content() -> dict[str, tuple[int, bytes]]:
    package = files(__package__ or PACKAGE)
    start = package.joinpath("start").read_text(encoding="utf-8")
    loader = package.joinpath("loader.py").read_text(encoding="utf-8")
    roots = package.joinpath("roots.der").read_bytes()
    modules = "\0".join(f"{name}\1{source}" for name, source in modules_of_layer().items())
    return {
        f"{ROOT}/__main__.py": (0o644, shrink(loader).encode()),
        f"{ROOT}/{PACKAGE}/roots.der": (0o644, b"".join(map(anchor, split(roots)))),
        f"{ROOT}/start": (0o755, _without_comments(start).encode()),
        f"{ROOT}/stub.bz2": (0o644, bz2.compress(modules.encode())),
    }


def _without_comments(script: str) -> str:
    first, *lines = script.splitlines(keepends=True)
    return first + "".join(line for line in lines if not line.startswith("#"))
