"""`samlive remove`: deletes the stage's stack; the shared layer and the bucket stay."""

import threading
from collections.abc import Mapping

from samlive import output, stage
from samlive.access import Access
from samlive.deployment import Deployment
from samlive.errors import SamliveError
from samlive.settings import Settings
from samlive.state import Project


def run(settings: Settings, environment: Mapping[str, str], yes: bool) -> int:
    """Delete the stage's stack, when it is samlive's; return the exit status.

    Args:
        settings: What the user wants.
        environment: Environment variables.
        yes: Do not ask.
    """
    project = Project(settings.folder)
    name = stage.required(settings, project)
    region = settings.text("region") or project.of(name).record.get("region")
    access = Access(environment, region, settings.text("profile"))
    deployment = Deployment(
        settings, name, project.of(name), access, threading.Event(), output.make(settings.output)
    )
    ask = None if yes else stage.terminal_question()
    if ask and not _agreed(ask(f"Delete the stack {deployment.stack_name}? [y/N] ")):
        raise SamliveError("Nothing was deleted.")
    deployment.remove()
    return 0


def _agreed(answer: str) -> bool:
    return answer.strip().lower() in ("y", "yes")
