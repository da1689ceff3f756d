"""`samlive stages`: the stages that were used from this project, and whether they stand."""

from collections.abc import Mapping

from samlive import output
from samlive.access import Access
from samlive.deploy.aws import Aws
from samlive.deployment import stack_name
from samlive.settings import Settings
from samlive.state import Project


def run(settings: Settings, environment: Mapping[str, str]) -> int:
    """List the stages; return the exit status.

    Args:
        settings: What the user wants.
        environment: Environment variables.
    """
    project = Project(settings.folder)
    out = output.make(settings.output)
    for name in project.stages():
        record = project.of(name).record
        region = settings.text("region") or record.get("region")
        stack = stack_name(settings, name, record)
        found = Aws(Access(environment, region, settings.text("profile"))).stack(stack)
        out.tell(
            "stage",
            stage=name,
            stack=stack,
            region=region,
            state=found["StackStatus"] if found else "not deployed",
            current=name == project.stage(),
        )
    if not project.stages():
        out.tell("note", text="No stage was used from this project yet: samlive dev starts one.")
    return 0
