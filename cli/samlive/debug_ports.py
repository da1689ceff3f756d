"""Which port a debugger finds a function at: the same one for as long as the project stands.

Ports are given out once and remembered in `.samlive/`, so that an editor's launch
configurations, which hold them, stay right when functions come and go. Each
project has a range of its own, below those that systems give to outgoing
connections, so that two projects can be debugged side by side.
"""

import difflib
import fnmatch
import json
import shutil
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from samlive.errors import SamliveError
from samlive.state import Project, write_private

if TYPE_CHECKING:
    from samlive_relay.config import LocalFunction

FIRST_PORT, RANGES, PORTS = 20_000, 120, 100
WHICH = "Python, Node.js and Java functions can be debugged, and Go with delve (dlv) on the PATH."
_FILE = "debug-ports.json"


def ports(project: Project, functions: Iterable[str]) -> dict[str, int]:
    """Return the port of each function; new ones get the next that is free.

    Args:
        project: Where they are remembered.
        functions: Logical ids.
    """
    known = _known(project)
    wanted = list(functions)
    taken = set(known.values())
    start = FIRST_PORT + zlib.crc32(str(project.folder.resolve()).encode()) % RANGES * PORTS
    free = (port for port in range(start, 32_768) if port not in taken)
    fresh = {name: next(free) for name in wanted if name not in known}
    if fresh:
        project.make()
        text = json.dumps({**known, **fresh}, indent=2) + "\n"
        write_private(project.root / _FILE, text.encode())
    return {name: {**known, **fresh}[name] for name in wanted}


def assign(
    functions: Mapping[str, "LocalFunction"],
    patterns: tuple[str, ...],
    project: Project,
    strict: bool = True,
) -> dict[str, "LocalFunction"]:
    """Return the functions, those that are to be debugged with their port.

    Args:
        functions: Live functions by logical id.
        patterns: Logical ids, or patterns of them such as "*".
        project: Where ports are remembered.
        strict: Refuse what cannot be; else it is passed over, as after an edit
            that removes a function.

    Raises:
        SamliveError: There is no such function, or no debugger for its runtime.
    """
    if strict:
        _check(functions, patterns)
    chosen = [
        name
        for pattern in patterns
        for name in fnmatch.filter(functions, pattern)
        if can_be_debugged(functions[name].runtime, _is_go(functions[name]))
    ]
    given = ports(project, dict.fromkeys(chosen))
    return {name: with_port(each, given.get(name)) for name, each in functions.items()}


def with_port(function: "LocalFunction", port: int | None) -> "LocalFunction":
    """Return a function that waits for a debugger, and is built for one.

    Args:
        function: The function.
        port: Port on 127.0.0.1; None for no debugger.
    """
    build = function.build
    if port is not None and build is not None:
        build = replace(build, debug=True)
    return replace(function, debug_port=port, build=build)


def _check(functions: Mapping[str, "LocalFunction"], patterns: tuple[str, ...]) -> None:
    for pattern in patterns:
        if not fnmatch.filter(functions, pattern):
            close = difflib.get_close_matches(pattern, functions, 1)
            raise SamliveError(
                f"--debug-functions: there is no live function {pattern}.",
                f"Did you mean {close[0]}?" if close else f"Live are: {', '.join(functions)}.",
            )
        function = functions.get(pattern)
        if function and not can_be_debugged(function.runtime, _is_go(function)):
            raise SamliveError(
                f"--debug-functions: {pattern} runs on {function.runtime}, for which there is no "
                "debugger here.",
                WHICH,
            )


def can_be_debugged(runtime: str, go: bool = False) -> bool:
    """Tell whether a debugger can attach to a function.

    Args:
        runtime: Its runtime.
        go: Whether it is a Go program, for which delve is needed.
    """
    if runtime.startswith("provided"):
        return go and shutil.which("dlv") is not None
    return runtime.startswith(("python", "nodejs", "java"))


def _is_go(function: "LocalFunction") -> bool:
    build = function.build
    return build is not None and (build.language == "go" or build.command.startswith("go build"))


def _known(project: Project) -> dict[str, int]:
    try:
        found = json.loads((project.root / _FILE).read_text())
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: port for name, port in found.items() if isinstance(port, int)}
