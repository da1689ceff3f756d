"""`samlive restore`: gives a stack that `--adopt` took over its own code back."""

import threading
from collections.abc import Mapping

from samlive import output, stage
from samlive.access import Access
from samlive.deployment import Deployment
from samlive.settings import Settings
from samlive.state import Project


def run(settings: Settings, environment: Mapping[str, str]) -> int:
    """Restore the stage's stack; return the exit status.

    Args:
        settings: What the user wants.
        environment: Environment variables.
    """
    project = Project(settings.folder)
    name = stage.required(settings, project)
    state = project.of(name)
    region = settings.text("region") or state.record.get("region")
    access = Access(environment, region, settings.text("profile"))
    out = output.make(settings.output)
    Deployment(settings, name, state, access, threading.Event(), out).restore()
    return 0
