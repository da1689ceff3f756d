"""Which stage this is about: asked once per project, then remembered.

The first run on a terminal asks, with the AWS user's name as suggestion.
Scripts never hang on a question: without a terminal the stage must be given.
The embedded cloud is nobody else's, so there a name can be taken for granted.
"""

import sys
from collections.abc import Callable

from samlive import names
from samlive.errors import SamliveError
from samlive.settings import Settings
from samlive.state import Project


def known(settings: Settings, project: Project) -> str | None:
    """Return the stage's name when nobody has to be asked; None otherwise.

    Args:
        settings: What the user wants; `--stage` goes first.
        project: Where the stage is remembered.

    Raises:
        SamliveError: The name is refused.
    """
    found = settings.text("stage") or project.stage()
    if found:
        return names.check_stage(found)
    return names.suggest_stage(names.os_user()) if project.offline else None


def required(settings: Settings, project: Project) -> str:
    """Return the stage of a command that never asks.

    Raises:
        SamliveError: There is none, or its name is refused.
    """
    found = known(settings, project)
    if found is None:
        raise nobody_to_ask()
    return found


def ask(project: Project, user: str, question: Callable[[str], str]) -> str:
    """Ask for the stage's name and remember it.

    Args:
        project: Where the stage is remembered.
        user: Name of the AWS user, which is suggested.
        question: Asks, and returns the answer.

    Raises:
        SamliveError: The name is refused.
    """
    suggestion = names.suggest_stage(user)
    answer = question(f"Name of your stage [{suggestion}]: ").strip() or suggestion
    name = names.check_stage(answer)
    project.remember_stage(name)
    return name


def nobody_to_ask() -> SamliveError:
    """Return what to say without a stage and without a terminal."""
    return SamliveError(
        "No stage is chosen for this project yet, and there is no terminal to ask on.",
        f"Name yours: --stage {names.suggest_stage(names.os_user())}, or set SAMLIVE_STAGE.",
    )


def terminal_question() -> Callable[[str], str] | None:
    """Return `input` when a person sits at the terminal."""
    return input if sys.stdin.isatty() and sys.stderr.isatty() else None
