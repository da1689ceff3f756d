"""Which Node.js runs a function, and how."""

import asyncio
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from samlive_relay.config import LocalFunction
from samlive_relay.errors import RelayError

RUNNER = Path(__file__).parent.parent / "runners" / "node" / "run_handler.mjs"


def find(function: LocalFunction, developer: Mapping[str, str]) -> str:
    """Return the path of the Node.js on the developer's PATH.

    Raises:
        RelayError: There is none.
    """
    node = shutil.which("node", path=developer.get("PATH"))
    if node is None:
        raise RelayError(
            f"{function.logical_id} runs on {function.runtime}, but there is no node on the PATH.",
            "Install Node.js, or open a shell in which `node --version` works.",
        )
    return node


def inspect(port: int | None) -> tuple[str, ...]:
    """Return Node's options to wait for a debugger before anything runs.

    Args:
        port: Port on 127.0.0.1; None for no debugger.
    """
    return () if port is None else (f"--inspect-wait=127.0.0.1:{port}",)


async def mismatch(function: LocalFunction, node: str) -> str:
    """Return what the user should know about the version, or ""."""
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(None, _major, node)
    wanted = function.runtime.removeprefix("nodejs").removesuffix(".x")
    if not found or found == wanted:
        return ""
    return f"{function.runtime} runs locally on Node.js {found} ({node})."


@cache
def _major(node: str) -> str:
    try:
        done = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip().removeprefix("v").partition(".")[0]
