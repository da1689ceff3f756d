"""`samlive unpark`: enables the event source mappings that the end of a session disabled."""

from collections.abc import Mapping

from samlive import names, output, stage
from samlive.access import Access
from samlive.deploy.aws import Aws
from samlive.deploy.park import Parking
from samlive.deployment import stack_name
from samlive.settings import Settings
from samlive.state import Project


def run(settings: Settings, environment: Mapping[str, str]) -> int:
    """Unpark the stage; return the exit status.

    Args:
        settings: What the user wants.
        environment: Environment variables.
    """
    project = Project(settings.folder)
    name = stage.required(settings, project)
    record = project.of(name).record
    region = settings.text("region") or record.get("region")
    aws = Aws(Access(environment, region, settings.text("profile")))
    stack = names.check_stack(stack_name(settings, name, record))
    Parking(aws, aws.identity().account, settings.app, name, stack).unpark()
    output.make(settings.output).tell("deploy", status="unparked", stack=stack)
    return 0
