"""The project's own esbuild: where it is, and what a template asks of it.

A template names esbuild's options in Metadata.BuildProperties as `sam build`
takes them (https://docs.aws.amazon.com/serverless-application-model/latest/
developerguide/serverless-sam-cli-using-build-typescript.html): in Pascal case,
lists as YAML lists or text with commas, maps as lists of "key=value". All are
passed on, except those that say where a bundle goes, which samlive decides.
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from samlive_relay.errors import RelayError

OURS = frozenset(
    "allow_overwrite bundle color entry_names entry_points log_level metafile out_extension "
    "outbase outdir outfile packages platform sourcemap splitting use_npm_ci watch write".split()
)
"""Options that samlive decides, or that `sam build` keeps for itself."""

MAPS = frozenset({"alias", "banner", "define", "footer", "loader", "log_override", "supported"})
LISTS = frozenset({"conditions", "drop", "external", "inject", "main_fields", "pure"})
COMMAS = frozenset({"conditions", "main_fields", "resolve_extensions", "target"})
SHRINKING = frozenset({"minify", "minify_identifiers", "minify_syntax", "minify_whitespace"})


def find(code: Path) -> Path:
    """Return the main module of the esbuild that Node would find for a folder.

    Args:
        code: Folder of the code.

    Raises:
        RelayError: There is none.
    """
    for folder in (code, *code.parents):
        main = folder / "node_modules" / "esbuild" / "lib" / "main.js"
        if main.is_file():
            return main
    if main_on_path := find_on_path():
        return main_on_path
    raise RelayError(
        f"The code in {code} is bundled with esbuild, but the project has none.",
        "Run `npm install --save-dev esbuild` in it.",
    )


def find_on_path() -> Path | None:
    """Return the main module of an esbuild that npm has installed for the whole machine."""
    program = shutil.which("esbuild")
    if program is None:
        return None
    for folder in Path(os.path.realpath(program)).parents:
        main = folder / "lib" / "main.js"
        if main.is_file() and (folder / "package.json").is_file():
            return main
    return None


def options(properties: Mapping[str, object], form: str, shrink: bool) -> dict[str, Any]:
    """Return the options of esbuild's JavaScript API for a template's BuildProperties.

    Args:
        properties: BuildProperties.
        form: "cjs" or "esm".
        shrink: Whether to minify where the template says so.
    """
    found: dict[str, Any] = {}
    for given, value in properties.items():
        name = _snake(given)
        if name in OURS or (name in SHRINKING and not shrink):
            continue
        found[_camel(name)] = _value(name, value)
    found["format"] = form
    return found


def default_format(properties: Mapping[str, object], entry: Path) -> str:
    """Return "cjs" or "esm", as the template or else the package says.

    Args:
        properties: BuildProperties.
        entry: The handler's file.
    """
    if said := properties.get("Format"):
        return "esm" if said == "esm" else "cjs"
    if "EntryPoints" in properties:
        return "cjs"  # what `sam build` makes of it
    return "esm" if _is_module(entry) else "cjs"


def _value(name: str, value: object) -> Any:
    if name in MAPS:
        return dict(_pairs(value))
    if name in COMMAS and isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    if name in LISTS and not isinstance(value, list):
        return [str(value)]
    if value in ("true", "false"):
        return value == "true"
    return value


def _pairs(value: object) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((str(key), item) for key, item in value.items())
        return
    for item in value if isinstance(value, list) else [value]:
        key, _, text = str(item).partition("=")
        yield key, text


def _snake(name: str) -> str:
    parts = (f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    return "".join(parts).lstrip("_")


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


def _is_module(entry: Path) -> bool:
    if entry.suffix in (".mts", ".mjs"):
        return True
    for folder in entry.parents:
        settings = folder / "package.json"
        if settings.is_file():
            try:
                return bool(json.loads(settings.read_text()).get("type") == "module")
            except ValueError:
                return False
    return False
