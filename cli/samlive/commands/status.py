"""`samlive status`: the stage's stack, its functions, and the session that serves it."""

import contextlib
from collections.abc import Mapping
from typing import Any

from samlive import deployed_functions, holder, output
from samlive.commands import known_stage
from samlive.deploy import standing
from samlive.deploy.aws import Aws
from samlive.deployment import stack_name
from samlive.errors import SamliveError
from samlive.rewriting import options, recall, rewrite
from samlive.settings import Settings
from samlive.state import StageState
from samlive_transform.errors import TransformError

_OWN_CODE = "its own code is deployed"
_NOTHING_THERE = ("REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "DELETE_COMPLETE")


def run(settings: Settings, environment: Mapping[str, str]) -> int:
    """Print the state of the stage; return the exit status.

    Args:
        settings: What the user wants.
        environment: Environment variables.
    """
    known = known_stage.find(settings, environment)
    name, record = known.name, known.state.record
    aws = Aws(known.access)
    stack = stack_name(settings, name, record)
    found = aws.stack(stack)
    output.make(settings.output).tell(
        "status",
        stage=name,
        app=settings.app,
        stack=stack,
        region=aws.region,
        state=found["StackStatus"] if found else "not deployed",
        changed=standing.changed_at(found),
        made_by=standing.tags_of(found or {}).get(standing.VERSION_TAG, ""),
        served_by=_served_by(aws, settings.app, name, known.state),
        functions=_functions(settings, name, record, aws, found),
    )
    return 0


def _served_by(aws: Aws, app: str, name: str, state: StageState) -> str:
    if state.key is None:
        return "not known: the stage's key is not on this machine"
    region = str(state.record.get("iot_region") or aws.region)
    return holder.of_stage(aws, app, name, state.key, region) or "nobody"


def _functions(
    settings: Settings,
    name: str,
    record: Mapping[str, Any],
    aws: Aws,
    stack: Mapping[str, Any] | None,
) -> dict[str, str]:
    """Return what each function of the stack is; why it is kept is what the template says here."""
    if stack is None or stack["StackStatus"] in _NOTHING_THERE:
        return {}
    reasons = {}
    with contextlib.suppress(SamliveError, TransformError):
        result = rewrite(settings, options(settings, name, recall(record, settings)))
        reasons = {f.logical_id: f.reason for f in result.report.functions if not f.live}
    return {
        id: "live" if stub else f"kept: {reasons.get(id, _OWN_CODE)}"
        for id, stub in deployed_functions.of_stack(aws, str(stack["StackId"])).items()
    }
