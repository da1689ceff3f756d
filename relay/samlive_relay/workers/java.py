"""Which Java runs a function, and how.

AWS's own runtime interface client runs it when its jar came with the function's
build or lies in the local Maven repository; otherwise our runner, which needs
nothing but a JDK and is compiled once for each.
"""

import asyncio
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from samlive_relay.config import LocalFunction
from samlive_relay.errors import RelayError

RUNNER = Path(__file__).parent.parent / "runners" / "java"
_CLIENT = "aws-lambda-java-runtime-interface-client"
_NEEDS = (_CLIENT, "aws-lambda-java-core", "aws-lambda-java-serialization")
QUICK = ("-XX:+TieredCompilation", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""The managed runtime's own options, for a quick start."""

HEAP_SHARE, MIN_HEAP = 0.85, 64
"""The heap's part of MemorySize, so that running out of memory shows here too; in MB."""

_COMPILE_SECONDS = 120


def program(developer: Mapping[str, str], name: str = "java") -> str | None:
    """Return the path of a program of the JDK: JAVA_HOME's, or the PATH's.

    Args:
        developer: Variables of the shell that samlive runs in.
        name: "java" or "javac".
    """
    if home := developer.get("JAVA_HOME"):
        found = Path(home) / "bin" / name
        if os.access(found, os.X_OK):
            return str(found)
    return shutil.which(name, path=developer.get("PATH"))


async def command(
    function: LocalFunction, state: Path, developer: Mapping[str, str], port: int | None
) -> tuple[str, ...]:
    """Return the command that runs a built function.

    Args:
        function: The function; its code is what its build made.
        state: Folder for caches.
        developer: Variables of the shell that samlive runs in.
        port: Port on 127.0.0.1 where a debugger attaches; it is waited for.

    Raises:
        RelayError: There is no Java, or no compiler for the runner.
    """
    java = program(developer)
    if java is None:
        raise RelayError(
            f"{function.logical_id} runs on {function.runtime}, but there is no java on the PATH.",
            "Install a JDK, or set JAVA_HOME.",
        )
    own = [str(function.code), str(function.code / "lib" / "*")]
    own += [str(layer / "java" / "lib" / "*") for layer in function.layers]
    main = "com.amazonaws.services.lambda.runtime.api.client.AWSLambda"
    client = interface_client(function, Path(developer.get("HOME", "~")).expanduser())
    if client is None:
        loop = asyncio.get_running_loop()
        folder = await loop.run_in_executor(None, compiled, java, state, dict(developer))
        client, main = (folder,), "samlive.runner.Main"
    path = os.pathsep.join([*own, *(str(each) for each in client)])
    heap = f"-Xmx{max(MIN_HEAP, int(function.memory * HEAP_SHARE))}m"
    return (java, *QUICK, heap, *debugging(port), "-cp", path, main, function.handler)


def debugging(port: int | None) -> tuple[str, ...]:
    """Return Java's options to wait for a debugger before anything runs.

    Args:
        port: Port on 127.0.0.1; None for no debugger.
    """
    if port is None:
        return ()
    wire = "transport=dt_socket,server=y,suspend=y"
    return (f"-agentlib:jdwp={wire},address=127.0.0.1:{port}",)


def interface_client(function: LocalFunction, home: Path) -> tuple[Path, ...] | None:
    """Return the jars of AWS's runtime interface client beyond the function's own.

    Args:
        function: The function; its code is what its build made.
        home: Home folder, whose Maven repository is looked through.

    Returns:
        None when one of them is nowhere.
    """
    found = []
    for name in _NEEDS:
        if any((function.code / "lib").glob(f"*{name}-[0-9]*.jar")):
            continue
        jars = sorted(_cached(home, name), key=_version)
        if not jars:
            return None
        found.append(jars[-1])
    return tuple(found)


def _cached(home: Path, name: str) -> Iterator[Path]:
    for jar in (home / ".m2" / "repository" / "com" / "amazonaws" / name).glob(f"*/{name}-*.jar"):
        if jar.stem == f"{name}-{jar.parent.name}":  # no sources, no javadoc, no platform
            yield jar


def _version(jar: Path) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", jar.parent.name)]


async def mismatch(function: LocalFunction, developer: Mapping[str, str]) -> str:
    """Return what the user should know about the version, or ""."""
    java = program(developer)
    if java is None:
        return ""
    found = await asyncio.get_running_loop().run_in_executor(None, major, java)
    wanted = re.sub(r"^java|\..*$", "", function.runtime)
    return "" if found in ("", wanted) else f"{function.runtime} runs locally on Java {found}."


@cache
def major(java: str) -> str:
    """Return the major version of a Java, such as "17"; "" when it cannot be had."""
    try:
        done = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return ""
    found = re.search(r'version "(?:1\.)?(\d+)', done.stderr)
    return found[1] if found else ""


def compiled(java: str, state: Path, developer: dict[str, str]) -> Path:
    """Return the folder of the runner's classes, compiled when they are not there yet.

    Args:
        java: Path of the Java that runs them.
        state: Folder for caches.
        developer: Variables of the shell that samlive runs in.

    Raises:
        RelayError: There is no compiler.
    """
    sources = sorted(RUNNER.rglob("*.java"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    folder = state / "java" / f"{digest}-{major(java) or 'x'}"
    if folder.is_dir():
        return folder
    javac = program(developer, "javac")
    if javac is None:
        raise RelayError(
            "There is a java but no javac, which the runner of Java functions is compiled by.",
            "Install a JDK (not only a runtime), or set JAVA_HOME to one.",
        )
    part = folder.with_name(f"{folder.name}.{os.getpid()}")
    part.mkdir(mode=0o700, parents=True, exist_ok=True)
    order = [javac, "-nowarn", "-d", str(part), *map(str, sources)]
    done = subprocess.run(order, capture_output=True, text=True, timeout=_COMPILE_SECONDS)
    if done.returncode != 0:
        shutil.rmtree(part, ignore_errors=True)
        raise RelayError(f"The runner of Java functions does not compile: {done.stderr.strip()}")
    try:
        part.rename(folder)
    except OSError:  # another call was quicker
        shutil.rmtree(part, ignore_errors=True)
    return folder
