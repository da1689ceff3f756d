"""Where a function finds its code, its layers and its runtime.

On Lambda these are /var/task, /opt and /var/runtime. Two ways to stand in for
them:

- relocated (the default, works everywhere): the unpacked folders are used
  where they are, the variables that name them say so, and a wrapper given as
  /opt/… is looked up in the unpacked layers. Code that spells out /opt or
  /var/task itself does not find them.
- mounted (Linux, as root or with user namespaces): the process gets a mount
  namespace of its own in which the folders lie over /opt and /var/task. A
  folder that the host lacks is never made on the host: it appears in a
  temporary file system that only this namespace sees.
"""

import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

MODES = ("relocated", "mounted")
_HERE = Path(__file__).parent
_ENTER = _HERE / "enter.sh"
_RUNTIMES = _HERE / "runtimes"
_ROOT_PATH = Path("/var/task")


@dataclass(frozen=True, slots=True)
class Places:
    """Folders as the function sees them.

    Args:
        task: Its code.
        opt: Its layers.
        runtime: The bootstraps of the managed runtimes.
        sdk: AWS's SDK, as the managed Python runtimes bring it.
        tmp: Its own writable folder.
        prefix: Command that enters the namespace, before the runtime's own.
    """

    task: Path
    opt: Path
    runtime: Path
    sdk: Path
    tmp: Path
    prefix: tuple[str, ...] = ()


def places(mode: str, task: Path, opt: Path, sdk: Path, tmp: Path) -> Places:
    """Return the folders for a way of standing in.

    Args:
        mode: One of `MODES`.
        task: Unpacked code.
        opt: Unpacked layers.
        sdk: Folder that holds boto3.
        tmp: Writable folder.
    """
    if mode != "mounted":
        return Places(task, opt, _RUNTIMES, sdk, tmp)
    prefix = (*_unshare(), "/bin/sh", str(_ENTER), str(task), str(opt))
    return Places(_ROOT_PATH, Path("/opt"), _RUNTIMES, sdk, tmp, prefix)


@cache
def can_mount() -> bool:
    """Tell whether this process may make mount namespaces."""
    if not shutil.which("unshare") or not Path("/opt").is_dir():
        return False
    probe = [*_unshare(), "/bin/sh", str(_ENTER), "/", "/", "true"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


@cache
def _unshare() -> tuple[str, ...]:
    command = ("unshare", "--mount", "--propagation", "private")
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
        return command
    return (*command, "--map-root-user")
