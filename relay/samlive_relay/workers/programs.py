"""What is started for a function whose process speaks the Runtime API by itself.

Java, Ruby, .NET and programs named `bootstrap` (Go, Rust, C++, a script), each
with the interface client of its runtime or our runner in its place; and what
the user's own command starts. Node.js has a worker of its own.
"""

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from samlive_relay.config import LocalFunction
from samlive_relay.errors import RelayError

from . import bootstrap, dotnet, java, ruby
from .builds import files_below, stamped
from .stamps import GONE, Stamp, stat
from .worker import Boot


@dataclass(frozen=True, slots=True)
class Program:
    """A process to start.

    Args:
        command: Program and arguments.
        loaded: Files that make another process necessary when they change, beside
            those that a runner reports.
        notice: What the user should know, or "".
        variables: Variables beside the function's, which its toolchain needs.
    """

    command: tuple[str, ...]
    loaded: Mapping[str, Stamp] = field(default_factory=dict, repr=False)
    notice: str = ""
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)


async def find(boot: Boot, developer: Mapping[str, str]) -> Program:
    """Return what runs a function.

    Args:
        boot: The environment; its function's code is what a build made, if there was one.
        developer: Variables of the shell that samlive runs in.

    Raises:
        RelayError: Nothing on this machine can.
    """
    function = boot.function
    if function.run:
        return Program(("/bin/sh", "-c", function.run), _everything(boot))
    if function.runtime.startswith("java"):
        command = await java.command(function, boot.state, developer, boot.debug_port)
        return Program(command, _everything(boot), await java.mismatch(function, developer))
    if function.runtime.startswith("ruby"):
        command = await ruby.command(function, developer)
        reports = str(ruby.RUNNER) in command
        notice = await ruby.mismatch(function, developer)
        variables = ruby.variables(developer, boot.variables)
        return Program(command, {} if reports else _everything(boot), notice, variables)
    if function.runtime.startswith("dotnet"):
        return Program(dotnet.command(function, developer), _everything(boot))
    program = bootstrap.find(function) if function.runtime.startswith("provided") else None
    if program is None:
        raise _unknown(function)
    command = (*_debugger(boot.debug_port, shutil.which), str(program))
    return Program(command, {str(program): stat(str(program)) or GONE})


def _everything(boot: Boot) -> dict[str, Stamp]:
    """Return the files of a function that was not built and does not tell what it loads."""
    if boot.inputs:
        return {}
    return stamped(files_below(str(boot.function.code)), time.time_ns())


def _debugger(port: int | None, which: Callable[[str], str | None]) -> tuple[str, ...]:
    """Return delve's command, which waits for an editor; nothing without a port or delve."""
    delve = which("dlv") if port is not None else None
    if delve is None:
        return ()
    return (delve, "exec", "--headless", "--api-version=2", f"--listen=127.0.0.1:{port}")


def _unknown(function: LocalFunction) -> RelayError:
    if function.runtime.startswith("provided"):
        return RelayError(
            f"{function.logical_id} runs on {function.runtime}, but its code has no program named "
            f"{bootstrap.NAME}.",
            "Say how it is built: Metadata: {BuildMethod: ...}, or Metadata: {SamLive: {Build: "
            "command}}.",
        )
    return RelayError(
        f"samlive cannot run {function.runtime or 'the image'} of {function.logical_id}.",
        "Say how: Metadata: {SamLive: {Run: command}}.",
    )
