"""`samlive restore`: gives a stack that `--adopt` took over its own code back."""

import threading
from collections.abc import Mapping

from samlive import output
from samlive.commands import known_stage
from samlive.deployment import Deployment
from samlive.settings import Settings


def run(settings: Settings, environment: Mapping[str, str]) -> int:
    """Restore the stage's stack; return the exit status.

    Args:
        settings: What the user wants.
        environment: Environment variables.
    """
    known = known_stage.find(settings, environment)
    out = output.make(settings.output)
    Deployment(settings, known.name, known.state, known.access, threading.Event(), out).restore()
    return 0
