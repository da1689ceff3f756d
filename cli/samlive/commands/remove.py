"""`samlive remove`: deletes the stage's stack and queue; the shared layer and the bucket stay."""

import threading
from collections.abc import Mapping

from samlive import output, stage
from samlive.commands import known_stage
from samlive.deployment import Deployment
from samlive.errors import SamliveError
from samlive.settings import Settings


def run(settings: Settings, environment: Mapping[str, str], yes: bool) -> int:
    """Delete the stage's stack, when it is samlive's; return the exit status.

    Args:
        settings: What the user wants.
        environment: Environment variables.
        yes: Do not ask.
    """
    known = known_stage.find(settings, environment)
    out = output.make(settings.output)
    deployment = Deployment(settings, known.name, known.state, known.access, threading.Event(), out)
    ask = None if yes else stage.terminal_question()
    if ask and not _agreed(ask(f"Delete the stack {deployment.stack_name}? [y/N] ")):
        raise SamliveError("Nothing was deleted.")
    deployment.remove()
    return 0


def _agreed(answer: str) -> bool:
    return answer.strip().lower() in ("y", "yes")
