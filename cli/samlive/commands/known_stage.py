"""The stage that a command is about, and the account it lives in.

Commands beside `dev` never make a stage: they take the one that was named or
used last here, in the region where it was deployed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from samlive import stage
from samlive.access import Access
from samlive.settings import Settings
from samlive.state import Project, StageState


@dataclass(frozen=True, slots=True)
class KnownStage:
    """A stage that exists, or did.

    Args:
        name: Its name.
        state: What this machine knows of it.
        access: How its account and region are reached.
    """

    name: str
    state: StageState
    access: Access


def find(settings: Settings, environment: Mapping[str, str]) -> KnownStage:
    """Return the stage that is meant.

    Args:
        settings: What the user wants.
        environment: Environment variables.

    Raises:
        SamliveError: None was named, and none was used here before.
    """
    project = Project(settings.folder)
    name = stage.required(settings, project)
    state = project.of(name)
    region = settings.text("region") or state.record.get("region")
    return KnownStage(name, state, Access(environment, region, settings.text("profile")))
