"""What is missing on this machine to run a function: the reason why it is kept as deployed.

A function whose toolchain is not installed must never break a session; the
report names what is missing. Programs are looked for where a shell would find
them, again at every rewrite, so that an edit of the template after an
installation is enough; none is started, but Ruby where there is a Gemfile.

`obstacle` is the transform's question; `survey` answers the same for
`samlive doctor`, one line per toolchain that the template's functions need.
"""

import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from samlive import images, recipes
from samlive_transform.report import FunctionReport

NEEDS = {
    "node": ("Node.js", "https://nodejs.org"),
    "java": ("a Java runtime", "a JDK, or set JAVA_HOME"),
    "javac": ("a Java compiler", "a JDK, or set JAVA_HOME"),
    "mvn": ("Maven", "Maven"),
    "gradle": ("Gradle", "Gradle, or add its wrapper (gradlew) to the project"),
    "ruby": ("Ruby", "Ruby"),
    "bundle": ("Bundler", "it: gem install bundler"),
    "dotnet": ("the .NET SDK", "the .NET SDK"),
    "go": ("Go", "Go"),
    "cargo": ("Rust", "Rust (rustup)"),
    "make": ("make", "make"),
}
"""Programs by name: what they belong to, and what to install."""

_UNBUILT = "it is deployed unbuilt, unless `sam build` has built it"
_WRAPPERS = {"gradle": "gradlew"}
_OURS = ("python", "nodejs", "java", "ruby", "dotnet", "provided")


@dataclass(frozen=True, slots=True)
class Toolchain:
    """One program that functions of a template need.

    Args:
        program: Its name on the PATH.
        path: Where it was found; None when it is missing.
        functions: Logical ids of the functions that need it.
        hint: What to do when it is missing.
    """

    program: str
    path: str | None
    functions: tuple[str, ...]
    hint: str


def obstacle(function: FunctionReport) -> str:
    """Return why this machine cannot run a function; "" when it can.

    Args:
        function: The function as it was declared.
    """
    if recipes.wish(function, "Run"):
        return ""
    if function.package == "Image":
        found = images.source(function)
        if isinstance(found, str):
            return found
        function = found
    if function.runtime and not function.runtime.startswith(_OURS):
        return f"{function.runtime} is no runtime that samlive can run"
    return _without_program(function) or _without_way(function)


def survey(functions: Iterable[FunctionReport]) -> tuple[Toolchain, ...]:
    """Return the programs that functions need, whether they are there or not.

    Args:
        functions: Functions as they were declared, live or kept.
    """
    needed: dict[str, list[str]] = {}
    for function in functions:
        shown = images.source(function) if function.package == "Image" else function
        if not isinstance(shown, str) and not recipes.wish(function, "Run"):
            for program in programs(shown):
                needed.setdefault(program, []).append(function.logical_id)
    return tuple(
        Toolchain(program, find(program), tuple(names), f"Install {NEEDS[program][1]}.")
        for program, names in needed.items()
    )


def programs(function: FunctionReport) -> tuple[str, ...]:
    """Return the programs that building and running a function takes."""
    runtime = function.runtime
    found: list[str] = []
    for beginning, program in (("nodejs", "node"), ("java", "java"), ("ruby", "ruby")):
        if runtime.startswith(beginning):
            found.append(program)
    if runtime.startswith("dotnet"):
        found.append("dotnet")
    elif runtime.startswith("java"):
        found.append("javac")
    folder = recipes.folder(function)
    program = recipes.program(function)
    if program and not (folder and (folder / _WRAPPERS.get(program, "\0")).is_file()):
        found.append(program)
    return tuple(dict.fromkeys(found))


def find(program: str, which: Callable[[str], str | None] = shutil.which) -> str | None:
    """Return the path of a program; None when it is not installed."""
    if program in ("java", "javac") and (home := os.environ.get("JAVA_HOME")):
        path = Path(home) / "bin" / program
        if os.access(path, os.X_OK):
            return str(path)
    return which(program)


def _without_program(function: FunctionReport) -> str:
    for program in programs(function):
        if find(program) is None:
            what = NEEDS[program][0]
            text = f"{what} is not installed on this machine (no `{program}` on the PATH)"
            return f"{text}; {_UNBUILT}" if recipes.program(function) else text
    return ""


def _without_way(function: FunctionReport) -> str:
    """Return why a function cannot be built, although all programs are there."""
    if function.runtime.startswith("dotnet"):
        return _class_library(function)
    if not function.runtime.startswith("provided") or recipes.build(function) is not None:
        return ""
    folders = [recipes.folder(function), *map(Path, function.layers)]
    if any(str(folder).startswith("arn:") for folder in folders):
        return ""
    if any(folder and (folder / "bootstrap").is_file() for folder in folders):
        return ""
    return (
        "its code holds no `bootstrap`, and nothing says how to build one "
        "(Metadata: BuildMethod, or SamLive: {Build: command})"
    )


def _class_library(function: FunctionReport) -> str:
    from samlive_relay.workers import dotnet

    if not dotnet.is_library(function.handler):
        return ""
    folder = recipes.folder(function)
    named = folder is not None and any(
        dotnet.SUPPORT in path.read_text(errors="replace") for path in folder.glob("*.csproj")
    )
    if named or dotnet.runtime_support(None, dotnet.home(os.environ)) is not None:
        return ""
    return (
        f"it is a class library, which only {dotnet.SUPPORT} starts: add that package to the "
        "project"
    )
