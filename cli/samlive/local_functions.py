"""The live functions as they stand on this machine: from the report to the relay's terms.

Inline code has no file, so it is written to one below the stage's folder. A
function whose code is not on this machine goes live all the same (its events
arrive), but every call would fail: the user is told at the start.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from samlive import images, recipes
from samlive.state import write_private
from samlive_transform.report import FunctionReport

if TYPE_CHECKING:
    from samlive_relay.config import LocalFunction

Warn = Callable[[str, str], None]
"""Told of (function, text)."""


def from_report(
    functions: tuple[FunctionReport, ...],
    folder: Path,
    inline: Path,
    warn: Warn,
    layers: Mapping[str, Path] = MappingProxyType({}),
) -> Mapping[str, "LocalFunction"]:
    """Return the live functions by logical id.

    Args:
        functions: All functions of the report; their paths hold from this process's folder.
        folder: Folder of the template.
        inline: Folder that inline code is written below.
        warn: Told of functions that cannot run here.
        layers: Folders of layers that are named by ARN; the others are left out.
    """
    found = {}
    for function in functions:
        if function.live:
            shown = _from_source(function)
            code = _code(shown, folder, inline, warn)
            found[function.logical_id] = _local(shown, code, warn, layers)
    return found


def layer_arns(functions: tuple[FunctionReport, ...]) -> dict[str, list[str]]:
    """Return the layers that live functions name by ARN, and which functions do."""
    found: dict[str, list[str]] = {}
    for function in functions:
        for layer in function.layers:
            if function.live and layer.startswith("arn:"):
                found.setdefault(layer, []).append(function.logical_id)
    return found


def _local(
    function: FunctionReport, code: Path, warn: Warn, fetched: Mapping[str, Path]
) -> "LocalFunction":
    from samlive_relay.config import LocalFunction

    layers = []
    for layer in function.layers:
        path = fetched.get(layer) or Path(layer)
        if path.is_dir():
            layers.append(path.resolve())
        elif not layer.startswith("arn:"):  # of those was told when they were asked for
            warn(function.logical_id, f"its layer {path} does not exist")
    return LocalFunction(
        logical_id=function.logical_id,
        runtime=function.runtime,
        handler=function.handler,
        code=code,
        timeout=function.timeout,
        memory=function.memory,
        layers=tuple(layers),
        architecture=function.architecture,
        build_properties=function.metadata.get("BuildProperties") or {},
        build=recipes.build(function),
        run=recipes.wish(function, "Run"),
        fetched=tuple(fetched[layer].resolve() for layer in function.layers if layer in fetched),
    )


def _from_source(function: FunctionReport) -> FunctionReport:
    """Return an image as the function that its Dockerfile makes of its source."""
    if function.package != "Image":
        return function
    found = images.source(function)
    return function if isinstance(found, str) else found


def _code(function: FunctionReport, folder: Path, inline: Path, warn: Warn) -> Path:
    if function.inline is not None:
        return _written(function, inline)
    if function.code is None:
        warn(function.logical_id, "its code is not on this machine; calls will fail")
        return folder
    path = Path(function.code).resolve()
    if not path.exists() and recipes.build(function) is None:
        warn(function.logical_id, f"its code {path} does not exist; calls will fail")
    elif path.is_file() and path.suffix not in recipes.ARCHIVES:
        warn(function.logical_id, f"{path.name} is no folder; name the one that it lies in")
    return recipes.folder(function) or path


def _written(function: FunctionReport, inline: Path) -> Path:
    """Write inline code where Lambda would have it; leave an unchanged file alone."""
    folder = inline / function.logical_id.replace("/", "-")
    path = folder / ("index.py" if function.runtime.startswith("python") else "index.js")
    data = (function.inline or "").encode()
    if not path.is_file() or path.read_bytes() != data:
        write_private(path, data)
    return folder
