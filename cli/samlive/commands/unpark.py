"""`samlive unpark`: lets go what the end of a session parked.

Events that wait in the stage's queue stay there, because nobody runs their
functions now: `samlive dev` gives them back.
"""

from collections.abc import Mapping

from samlive import names, output
from samlive.commands import known_stage
from samlive.deploy import park
from samlive.deploy.aws import Aws
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
    parking = park.of_stage(aws, aws.identity(), settings.app, known.name, stack)
    noted = parking.unpark()
    out = output.make(settings.output)
    if noted:
        out.tell("deploy", status="unparked", stack=stack)
    else:
        out.tell("note", text=f"Nothing of {stack} is parked.")
    count, functions = parking.waiting() if noted.waiting else (0, ())
    if count:
        events = "1 event waits" if count == 1 else f"{count} events wait"
        text = f"{events} for {', '.join(functions)} in the stage's queue until `samlive dev`."
        out.tell("note", text=text)
    return 0
