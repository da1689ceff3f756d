"""Packs the macro's code: the rules, the contract and jinja2, and nothing else.

The parser, the text editor and the linter are left out: a macro gets a tree and
gives one back. The same installation gives the same bytes.
"""

import io
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

HANDLER = "samlive_transform.macro.handler"

_PACKAGES = ("jinja2", "markupsafe", "samlive_templates", "samlive_transform")
_STUB_MODULES = ("__init__.py", "contract.py")
_SUFFIXES = frozenset({".py", ".j2", ".typed", ".txt"})
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can hold
_LEFT_OUT = frozenset(
    {
        "deployed.py", "emit.py", "flow.py", "json_tree.py", "lint.py", "macro_zip.py", "patch.py",
        "people.py", "plan.py", "refusals.py", "scalars.py", "source.py", "spans.py", "style.py",
        "translate.py", "yaml_tree.py",
    }
)  # fmt: skip


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
    for package in _PACKAGES:
        root = _folder(package)
        for path in root.rglob("*"):
            inside = path.relative_to(root)
            if path.suffix not in _SUFFIXES or "__pycache__" in inside.parts:
                continue
            if package == "samlive_transform" and str(inside) in _LEFT_OUT:
                continue
            yield f"{package}/{inside.as_posix()}", path
    for name in _STUB_MODULES:
        yield f"samlive_stub/{name}", _folder("samlive_stub") / name


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{package} is not installed", name=package)
    return Path(spec.origin).parent
