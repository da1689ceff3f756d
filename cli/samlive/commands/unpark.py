"""`samlive unpark`: enables the event source mappings that the end of a session disabled."""

from collections.abc import Mapping

from samlive import names, output
from samlive.commands import known_stage
from samlive.deploy.aws import Aws
from samlive.deploy.park import Parking
from samlive.deployment import stack_name
from samlive.settings import Settings


def run(settings: Settings, environment: Mapping[str, str]) -> int:
    """Unpark the stage; return the exit status.

    Args:
        settings: What the user wants.
        environment: Environment variables.
    """
    known = known_stage.find(settings, environment)
    aws = Aws(known.access)
    stack = names.check_stack(stack_name(settings, known.name, known.state.record))
    Parking(aws, aws.identity().account, settings.app, known.name, stack).unpark()
    output.make(settings.output).tell("deploy", status="unparked", stack=stack)
    return 0
