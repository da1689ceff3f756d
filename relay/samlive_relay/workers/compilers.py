"""How aws-lambda-builders is asked, and what compilers and build tools say.

The builders keep most of what a compiler wrote to themselves: it is found in
their debug log, between the start of the failing step and the traceback.
Paths in the folder that they copied the sources to become those of the sources.

https://github.com/aws/aws-lambda-builders/blob/develop/DESIGN.md has the interface.
"""

import json
import os
import platform
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from samlive_relay.config import Build, LocalFunction

PROTOCOL = "0.3"
MAX_LINES = 40

_ENDINGS = "c cc cpp cs csproj fs fsproj go gradle h java kt kts mod py rb rs scala toml ts xml"
_IN_PATH = r"[^\s:'\"()\[\]]"
_PLACE = re.compile(
    rf"(?<!{_IN_PATH})(?P<path>{_IN_PATH}++)"  # whole words only: a build can write megabytes
    rf"(?:{'|'.join(rf'(?<={_IN_PATH}[.]{ending})' for ending in _ENDINGS.split())})"
    r"(?::\[?|\()(?P<line>\d+)(?:(?:[:,](?P<column>\d+))?[\])]?)"
)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_OWN_WORDS = re.compile(
    r"Go files not found|(?<!\S)[^\s:]++:\S++ failed$|Current Artifacts Directory"
)
_STEP = re.compile(r"^\w+:\w+ - (?:\w+ Failed: )?")
_MAVEN = "[ERROR] "
_RULE = re.compile(r"^(?:\\.|[^\s\\])+:(?:\s|$)")


def job(function: LocalFunction, build: Build, artifacts: Path, scratch: Path) -> str:
    """Return what is asked of aws-lambda-builders; see builders.py.

    Args:
        function: The function; what is built has to run on this machine, whatever
            architecture it has in Lambda.
        build: How it is built.
        artifacts: Folder to fill.
        scratch: Folder to work in.
    """
    return json.dumps(
        {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "LambdaBuilder.build",
            "params": {
                "__protocol_version": PROTOCOL,
                "capability": {
                    "language": build.language,
                    "dependency_manager": build.manager or None,
                    "application_framework": None,
                },
                "source_dir": str(function.code),
                "artifacts_dir": str(artifacts),
                "scratch_dir": str(scratch),
                "manifest_path": str(build.manifest),
                "runtime": function.runtime,
                "optimizations": {},
                "options": json.loads(build.options),
                "mode": "debug" if build.debug else None,
                "architecture": architecture(),
            },
        }
    )


def architecture() -> str:
    """Return this machine's architecture as Lambda names it."""
    return "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x86_64"


def problem(lines: list[str], places: Mapping[str, str], by_builders: bool) -> str:
    """Return what went wrong with a build, as its compiler said it.

    Args:
        lines: Everything that the build wrote.
        places: Folders and what they stand for.
        by_builders: Whether aws-lambda-builders wrote it.
    """
    plain = [_COLOUR.sub("", line).rstrip() for line in lines]
    said = _told_by_builders(plain) if by_builders else plain
    text = "\n".join(line for line in said if line)
    for place, stands_for in places.items():
        text = text.replace(os.path.realpath(place), stands_for).replace(place, stands_for)
    shown = text.splitlines()
    if len(shown) > MAX_LINES:
        found = [number for number, line in enumerate(shown) if _PLACE.search(line)]
        first = max(0, found[0] - 1) if found else len(shown) - MAX_LINES
        shown = shown[first : first + MAX_LINES]
    return "\n".join(_PLACE.sub(_plain_place, line) for line in shown)


def mentioned(text: str) -> set[str]:
    """Return the paths of files that a compiler complains about."""
    return {found["path"] for found in _PLACE.finditer(text)}


def listed(lines: Iterable[str]) -> Iterator[str]:
    """Yield the files in a list, one a line, or in the rules of a makefile."""
    for line in lines:
        rule = _RULE.match(line)
        if rule is None:
            yield from [line.strip()] if line.strip() else []
        else:
            for word in re.split(r"(?<!\\)\s+", line[rule.end() :].strip()):
                if word:
                    yield word.replace("\\ ", " ")


def _told_by_builders(lines: list[str]) -> list[str]:
    """Return the lines of the step that failed, or at least the builders' own message."""
    step = max((n for n, line in enumerate(lines) if line.startswith(" Running ")), default=-1)
    end = next((n for n, line in enumerate(lines) if line.startswith("Traceback")), len(lines))
    during = [line for line in lines[step + 1 : end] if not _OWN_WORDS.search(line)]
    during = [line.removeprefix("Maven logs: ") for line in during]
    places = [line for line in during if _PLACE.search(line)]
    if errors := [line for line in places if line.startswith(_MAVEN)]:
        return list(dict.fromkeys(line.removeprefix(_MAVEN) for line in errors))
    if places:
        return during[max(0, during.index(places[0]) - 1) :]
    return _message(lines) or during


def _message(lines: list[str]) -> list[str]:
    for line in reversed(lines):
        if line.startswith("{") and '"error"' in line:
            try:
                message = str(json.loads(line)["error"]["message"])
                return _STEP.sub("", message).splitlines()
            except (ValueError, KeyError, TypeError):
                return [line]
    return []


def _plain_place(found: re.Match[str]) -> str:
    column = f":{found['column']}" if found["column"] else ""
    return f"{found['path']}:{found['line']}{column}"
