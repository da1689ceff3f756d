"""Builds the layer's zip from the installed package; not part of the layer.

    samlive/start                      the exec wrapper
    samlive/__main__.py                what it runs
    samlive/samlive_stub/*.py          without docstrings and comments, same lines
    samlive/samlive_stub/roots.pem
    samlive/samlive_stub/__pycache__/  bytecode, because /opt cannot be written

The same source and interpreter always give the same bytes, so the digest names
a layer version that stages, developers and sessions share: sorted names, the
zip format's first date, modes set here. Bytecode is of the "unchecked hash"
kind (PEP 552): valid whatever the file times are after unpacking. It serves
the interpreter version that builds; another one compiles the source.
"""

import ast
import hashlib
import importlib.util
import io
import marshal
import sys
import tokenize
import zipfile
from importlib.resources import files

from .record import Record

NOT_SHIPPED = frozenset(
    ("layer", "relay_events", "relay_presence", "relay_shards", "relay_workers", "responder")
)
"""Modules for the developer's machine."""

ROOT = "samlive"
MAX_ZIP_BYTES = 128 * 1024
_DATE = (1980, 1, 1, 0, 0, 0)
_UNCHECKED_HASH = (1).to_bytes(4, "little")


class Layer(Record):
    """A built layer.

    Args:
        zip: The archive, as PublishLayerVersion takes it.
        digest: Hex digest of the archive; the same content has the same.
    """

    __slots__ = ("digest", "zip")
    zip: bytes
    digest: str

    def __init__(self, content: bytes) -> None:
        self._set(zip=content, digest=hashlib.sha256(content).hexdigest())


def build_layer() -> Layer:
    """Build the layer from this very package."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, (mode, content) in sorted(_content().items()):
            info = zipfile.ZipInfo(name, _DATE)
            info.create_system = 3
            info.external_attr = (0o100000 | mode) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return Layer(buffer.getvalue())


def strip(source: str) -> str:
    """Return source without comments and bare strings; every line keeps its number."""
    lines = source.split("\n")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
            # A body may hold nothing else.
            lines[first] = lines[first].encode()[: node.col_offset].decode() + "0"
            lines[first + 1 : last + 1] = [""] * (last - first)
    text = "\n".join(lines)
    lines = text.split("\n")
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip()
    return "\n".join(lines)


def _content() -> dict[str, tuple[int, bytes]]:
    package = files(__package__ or "samlive_stub")
    content = {}
    for entry in package.iterdir():
        module, _, kind = entry.name.rpartition(".")
        if entry.name == "start":
            content[f"{ROOT}/start"] = (0o755, entry.read_bytes())
        elif kind == "pem":
            content[f"{ROOT}/samlive_stub/{entry.name}"] = (0o644, entry.read_bytes())
        elif kind == "py" and module not in NOT_SHIPPED:
            source = strip(entry.read_text(encoding="utf-8"))
            if module == "__main__":
                content[f"{ROOT}/__main__.py"] = (0o644, source.encode())
                continue
            name = f"{ROOT}/samlive_stub/{entry.name}"
            cached = f"{ROOT}/samlive_stub/__pycache__/{module}.{sys.implementation.cache_tag}.pyc"
            content[name] = (0o644, source.encode())
            content[cached] = (0o644, _bytecode(source, f"/opt/{name}"))
    return content


def _bytecode(source: str, path: str) -> bytes:
    code = compile(source, path, "exec", dont_inherit=True)
    # Later marshal versions write references by use counts, which vary from run to run.
    return b"".join(
        (
            importlib.util.MAGIC_NUMBER,
            _UNCHECKED_HASH,
            importlib.util.source_hash(source.encode()),
            marshal.dumps(code, 2),
        )
    )
