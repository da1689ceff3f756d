"""Which Ruby runs a function, and how.

AWS's own runtime interface client, the gem aws_lambda_ric, runs it when it is
installed for that Ruby; otherwise our runner. Gems come from the bundle of the
code's folder, as `bundle install` or the build has left it.
"""

import asyncio
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from samlive_relay.config import LocalFunction
from samlive_relay.errors import RelayError

RUNNER = Path(__file__).parent.parent / "runners" / "ruby" / "run_handler.rb"
MANAGED = ("GEM_HOME", "GEM_PATH", "MY_RUBY_HOME", "RBENV_ROOT", "RBENV_VERSION", "ASDF_DATA_DIR")
_LOOK = "print RUBY_VERSION; print Gem::Specification.find_all_by_name('aws_lambda_ric').any?"


async def command(function: LocalFunction, developer: Mapping[str, str]) -> tuple[str, ...]:
    """Return the command that runs a function.

    Args:
        function: The function.
        developer: Variables of the shell that samlive runs in.

    Raises:
        RelayError: There is no Ruby.
    """
    ruby = shutil.which("ruby", path=developer.get("PATH"))
    if ruby is None:
        raise RelayError(
            f"{function.logical_id} runs on {function.runtime}, but there is no ruby on the PATH.",
            "Install Ruby, or open a shell in which `ruby --version` works.",
        )
    _, has_client = await _look(ruby)
    client = shutil.which("aws_lambda_ric", path=developer.get("PATH")) if has_client else None
    return (ruby, client, function.handler) if client else (ruby, str(RUNNER))


def variables(developer: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Return what version managers set to find a Ruby and its gems.

    Args:
        developer: Variables of the shell that samlive runs in.
        own: The function's variables, which come first.
    """
    return {name: developer[name] for name in MANAGED if name in developer and name not in own}


async def mismatch(function: LocalFunction, developer: Mapping[str, str]) -> str:
    """Return what the user should know about the version, or ""."""
    ruby = shutil.which("ruby", path=developer.get("PATH"))
    if ruby is None:
        return ""
    found, _ = await _look(ruby)
    wanted = function.runtime.removeprefix("ruby")
    same = not found or found == wanted or found.startswith(f"{wanted}.")
    return "" if same else f"{function.runtime} runs locally on Ruby {found} ({ruby})."


async def _look(ruby: str) -> tuple[str, bool]:
    return await asyncio.get_running_loop().run_in_executor(None, _asked, ruby)


@cache
def _asked(ruby: str) -> tuple[str, bool]:
    """Return a Ruby's version, and whether it has the runtime interface client."""
    try:
        done = subprocess.run([ruby, "-e", _LOOK], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return "", False
    return done.stdout.removesuffix("true").removesuffix("false"), done.stdout.endswith("true")
