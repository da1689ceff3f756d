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


def choose(
    settings: Settings,
    project: Project,
    suggest: Callable[[], str],
    ask: Callable[[str], str] | None = None,
) -> str:
    """Return the stage's name, and remember it when it was asked for.

    Args:
        settings: What the user wants; `--stage` goes first.
        project: Where the stage is remembered.
        suggest: Returns the name of the AWS user; called only when asking.
        ask: Asks the question; None when nobody can answer.

    Raises:
        SamliveError: The name is refused, or nobody can be asked.
    """
    given = settings.text("stage")
    if given:
        return names.check_stage(given)
    remembered = project.stage()
    if remembered:
        return names.check_stage(remembered)
    if project.offline:
        return names.suggest_stage(names.os_user())
    if ask is None:
        raise SamliveError(
            "No stage is chosen for this project yet, and there is no terminal to ask on.",
            f"Name yours: --stage {names.suggest_stage(names.os_user())}, or set SAMLIVE_STAGE.",
        )
    return _asked(project, names.suggest_stage(suggest()), ask)


def remembered(settings: Settings, project: Project) -> str:
    """Return the stage of a command that never asks.

    Raises:
        SamliveError: There is none.
    """
    return choose(settings, project, lambda: "", None)


def terminal_question() -> Callable[[str], str] | None:
    """Return `input` when a person sits at the terminal."""
    return input if sys.stdin.isatty() and sys.stderr.isatty() else None


def _asked(project: Project, suggestion: str, ask: Callable[[str], str]) -> str:
    answer = ask(f"Name of your stage [{suggestion}]: ").strip() or suggestion
    name = names.check_stage(answer)
    project.remember_stage(name)
    return name
