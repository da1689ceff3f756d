"""`samlive macro deploy|remove|status`: the transform as a macro of the account.

One macro serves all applications and stages of an account and region.
"""

import threading
from collections.abc import Mapping

from samlive import output
from samlive.access import Access
from samlive.deploy import macro, regions, standing
from samlive.deploy.aws import Aws
from samlive.deploy.stack import StackEvent
from samlive.output import Output
from samlive.settings import Settings

ACTIONS = ("deploy", "remove", "status")


def run(settings: Settings, environment: Mapping[str, str], action: str, name: str) -> int:
    """Do what is asked with the macro; return the exit status.

    Args:
        settings: What the user wants.
        environment: Environment variables.
        action: One of ACTIONS.
        name: Name of the macro.
    """
    out = output.make(settings.output)
    stack = macro.stack_name(name)
    aws = Aws(Access(environment, settings.text("region"), settings.text("profile")))

    def watch(event: StackEvent) -> None:
        out.tell(
            "deploy",
            status=event.status,
            stack=stack,
            logical_id=event.logical_id,
            type=event.resource_type,
            reason=event.reason,
        )

    found = macro.Macro(aws, name, threading.Event(), watch)
    if action == "deploy":
        _deploy(found, aws, settings, out)
    elif action == "remove":
        out.tell("deploy", status="deleting", stack=stack)
        gone = found.remove(settings.text("role_arn"))
        out.tell("deploy", status="deleted" if gone else "absent", stack=stack)
    else:
        _show(found, aws, out)
    return 0


def _deploy(found: macro.Macro, aws: Aws, settings: Settings, out: Output) -> None:
    iot_region = regions.check(
        aws.region, settings.text("iot_region"), aws.regions("lambda"), aws.regions("iot-data")
    )
    wanted = macro.Wanted(
        settings.app,
        settings.text("stub_runtime") or "python3.13",
        iot_region,
        settings.text("role_arn"),
    )
    out.tell("deploy", status="started", stack=found.stack_name, action="macro")
    changed = found.deploy(wanted)
    out.tell("deploy", status="complete" if changed else "unchanged", stack=found.stack_name)


def _show(found: macro.Macro, aws: Aws, out: Output) -> None:
    stack = found.find()
    variables = found.variables() if stack else {}
    out.tell(
        "status",
        macro=found.name,
        stack=found.stack_name,
        region=aws.region,
        state=stack["StackStatus"] if stack else "not deployed",
        made_by=standing.tags_of(stack or {}).get(standing.VERSION_TAG, ""),
        current=stack is not None and found.is_current(variables),
        settings=variables,
    )
