"""Which command starts a function's runtime.

Managed runtimes are emulated: an interpreter of this machine with a bootstrap
of ours in the place of AWS's. As on Lambda the exec wrapper, when there is
one, is started with that command as its arguments and may ignore it. The
provided runtimes start the function's own bootstrap and know no wrapper.
"""

import logging
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from samlive.offline.sandbox.function import Function
from samlive.offline.sandbox.places import Places

_log = logging.getLogger("samlive.offline")
_HERE = Path(__file__).parent
PYTHON_BOOTSTRAP = _HERE / "runtimes" / "python" / "bootstrap.py"
NODE_BOOTSTRAP = _HERE / "runtimes" / "nodejs" / "bootstrap.mjs"
_OLDEST_MINOR = 10
"""The boto3 of samlive's environment does not run on older Pythons than 3.10."""
_VERSION_PROBE = "import sys; print('%d.%d' % sys.version_info[:2], sys.executable)"


class NoEntryPointError(Exception):
    """There is no command that could run the function; says why."""


def command(function: Function, places: Places, task: Path, opt: Path) -> list[str]:
    """Return the command line of a function's runtime.

    Args:
        function: The function.
        places: Its folders as it will see them.
        task: Its code, as it lies on this machine now.
        opt: Its layers, as they lie on this machine now.

    Raises:
        NoEntryPointError: The runtime cannot be run here.
    """
    if function.package == "Image":
        raise NoEntryPointError("functions from container images do not run offline")
    runtime = function.runtime
    if runtime.startswith("provided"):
        return [*places.prefix, _own_bootstrap(places, task, opt)]
    if match := re.fullmatch(r"python(3\.\d+)", runtime):
        inner = [python(match[1]), str(PYTHON_BOOTSTRAP)]
    elif runtime.startswith("nodejs"):
        inner = [_node(), str(NODE_BOOTSTRAP)]
    else:
        raise NoEntryPointError(f"the offline cloud does not run {runtime or 'no runtime'}")
    return [*places.prefix, *_wrapped(function, inner, places, opt)]


def _own_bootstrap(places: Places, task: Path, opt: Path) -> str:
    for real, seen in ((task, places.task), (opt, places.opt)):
        if (real / "bootstrap").is_file():
            return str(seen / "bootstrap")
    raise NoEntryPointError(
        "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"
    )


def _wrapped(function: Function, inner: list[str], places: Places, opt: Path) -> list[str]:
    wrapper = function.variables.get("AWS_LAMBDA_EXEC_WRAPPER")
    if not wrapper:
        return inner
    if not wrapper.startswith("/opt/"):
        return [wrapper, *inner]
    relative = wrapper.removeprefix("/opt/")
    if not (opt / relative).is_file():
        raise NoEntryPointError(f"{wrapper}: does not exist")
    return [str(places.opt / relative), *inner]


@cache
def python(version: str) -> str:
    """Return the path of a Python, of this version when the machine has it.

    Args:
        version: Such as "3.13".
    """
    own = getattr(sys, "_base_executable", None) or sys.executable
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return str(own)
    candidate = shutil.which(f"python{version}")
    if candidate and int(version.partition(".")[2]) >= _OLDEST_MINOR:
        probe = [candidate, "-I", "-S", "-c", _VERSION_PROBE]
        answer = subprocess.run(probe, capture_output=True, text=True, check=False).stdout.split()
        if answer[:1] == [version]:
            return answer[1]
    _log.warning("Functions for Python %s run on %s", version, own)
    return str(own)


@cache
def _node() -> str:
    found = shutil.which("node")
    if not found:
        raise NoEntryPointError("there is no `node` on the PATH to run it")
    return found
