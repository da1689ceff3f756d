"""The embedded cloud of a session, and the file that leads other programs to it.

While `samlive dev --offline` runs, `.samlive/offline.env` holds the variables
that a second terminal sources to reach the same cloud with AWS's own tools.
"""

import shlex
from typing import TYPE_CHECKING

from samlive.state import Project, write_private

if TYPE_CHECKING:
    from samlive.offline import Offline

VARIABLES = "offline.env"


def start(project: Project, region: str) -> "Offline":
    """Start the cloud, and say in a file how to reach it.

    Raises:
        SamliveError: It cannot be started; says why.
    """
    from samlive import offline

    project.make()
    cloud = offline.start(project.cloud, region)
    lines = [
        f"export {shlex.quote(f'{name}={value}')}\n" for name, value in cloud.environment.items()
    ]
    write_private(project.root / VARIABLES, "".join(lines).encode())
    return cloud


def stop(cloud: "Offline", project: Project) -> None:
    """End the cloud and remove the file."""
    cloud.stop()
    (project.root / VARIABLES).unlink(missing_ok=True)
