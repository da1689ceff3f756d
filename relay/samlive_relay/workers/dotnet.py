"""How a built .NET function is run.

An executable assembly, whose handler is its name, brings the runtime interface
client along and is started as it is. A class library ("Assembly::Type::Method") is
started by the client, Amazon.Lambda.RuntimeSupport, when that is part of the
build or lies in the local NuGet cache.

https://docs.aws.amazon.com/lambda/latest/dg/csharp-handler.html
"""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from samlive_relay.config import LocalFunction
from samlive_relay.errors import RelayError

SUPPORT = "Amazon.Lambda.RuntimeSupport"


def is_library(handler: str) -> bool:
    """Tell whether a handler names a method of a class library."""
    return "::" in handler


def command(function: LocalFunction, developer: Mapping[str, str]) -> tuple[str, ...]:
    """Return the command that runs a built function.

    Args:
        function: The function; its code is what its build made.
        developer: Variables of the shell that samlive runs in.

    Raises:
        RelayError: There is no .NET, no such assembly, or nothing to start it by.
    """
    dotnet = shutil.which("dotnet", path=developer.get("PATH"))
    if dotnet is None:
        raise RelayError(
            f"{function.logical_id} runs on {function.runtime}, but there is no dotnet on the "
            "PATH.",
            "Install the .NET SDK.",
        )
    name = function.handler.partition("::")[0]
    assembly = function.code / f"{name}.dll"
    if not assembly.is_file():
        raise RelayError(
            f"The build of {function.logical_id} made no {name}.dll.",
            "The handler has to start with the assembly's name.",
        )
    if not is_library(function.handler):
        return (dotnet, "exec", str(assembly))
    support = runtime_support(function.code, home(developer))
    if support is None:
        raise RelayError(
            f"{function.logical_id} is a class library, and {SUPPORT} is not in its build.",
            f"Add it to the project: dotnet add package {SUPPORT}",
        )
    settings = assembly.with_suffix(".runtimeconfig.json")
    about = ("--depsfile", str(assembly.with_suffix(".deps.json")))
    return (
        dotnet,
        "exec",
        *about,
        "--runtimeconfig",
        str(settings),
        str(support),
        function.handler,
    )


def home(developer: Mapping[str, str]) -> Path:
    """Return the developer's home folder."""
    return Path(developer.get("HOME", "~")).expanduser()


def runtime_support(code: Path | None, home: Path) -> Path | None:
    """Return the runtime interface client's assembly; None when it is nowhere.

    Args:
        code: What a build made; None to look into the NuGet cache alone.
        home: Home folder, whose NuGet cache is looked through.
    """
    if code is not None and (code / f"{SUPPORT}.dll").is_file():
        return code / f"{SUPPORT}.dll"
    cache = home / ".nuget" / "packages" / SUPPORT.lower()
    found = sorted(cache.glob(f"*/lib/net*/{SUPPORT}.dll"), key=_version)
    return found[-1] if found else None


def _version(path: Path) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", "/".join(path.parts[-4:]))]
