"""The embedded cloud of a session, and the file that leads other programs to it.

While `samlive dev --offline` runs, `.samlive/offline.env` holds the variables that a second
terminal sources to reach the same cloud with AWS's own tools. Several sessions may run in one
folder, each with a cloud and such a file of its own, beside the cloud's log; the common one
leads to the cloud that was started last, and when that ends to another that still answers.
"""

import shlex
import socket
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from samlive.state import Project, write_private

if TYPE_CHECKING:
    from samlive.offline import Offline

VARIABLES = "offline.env"
_ADDRESS = "AWS_ENDPOINT_URL"
_ANSWER_SECONDS = 1.0


def start(project: Project, region: str, note: Callable[[str], None]) -> "Offline":
    """Start the cloud, and say in a file how to reach it.

    Args:
        project: The project that it is for.
        region: Its region.
        note: Told what the user should know.

    Raises:
        SamliveError: It cannot be started; says why.
    """
    from samlive import offline

    project.make()
    cloud = offline.start(project.cloud, region)
    lines = [
        f"export {shlex.quote(f'{name}={value}')}\n" for name, value in cloud.environment.items()
    ]
    own, common = cloud.log.parent / VARIABLES, project.root / VARIABLES
    if others := [path for path in _written(project) if path != own and _answers(path)]:
        name = others[-1].relative_to(project.folder)
        note(f"Another offline session runs in this folder; {name} leads to its cloud.")
    for path in (own, common):
        write_private(path, "".join(lines).encode())
    return cloud


def stop(cloud: "Offline", project: Project) -> None:
    """End the cloud; the common file leads to another one, or goes."""
    own, common = cloud.log.parent / VARIABLES, project.root / VARIABLES
    ours = own.read_bytes() if own.is_file() else b""
    own.unlink(missing_ok=True)
    cloud.stop()
    if not common.is_file() or common.read_bytes() != ours:
        return
    for path in _written(project):
        if _answers(path):
            write_private(common, path.read_bytes())
            return
    common.unlink(missing_ok=True)


def variables(path: Path) -> dict[str, str]:
    """Return what such a file exports; nothing when it is not there."""
    if not path.is_file():
        return {}
    lines = path.read_text().splitlines()
    pairs = (shlex.split(line)[-1].partition("=") for line in lines)
    return {name: value for name, _, value in pairs}


def _written(project: Project) -> list[Path]:
    """Return the files of all clouds of a project, also of killed ones."""
    found = [*project.cloud.glob(VARIABLES), *project.cloud.glob(f"[0-9]*/{VARIABLES}")]
    return sorted(found, key=lambda path: path.stat().st_mtime)


def _answers(path: Path) -> bool:
    """Tell whether the cloud that a file leads to runs."""
    address = urllib.parse.urlsplit(variables(path).get(_ADDRESS, ""))
    try:
        place = (address.hostname or "", address.port or 0)
        socket.create_connection(place, _ANSWER_SECONDS).close()
    except OSError:
        return False
    return True
