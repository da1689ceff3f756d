"""Stages: the one that is chosen, whether it is parked, and those that nobody seems to need.

A stage costs nothing while it rests, but its stubs answer nobody. Stages are found by their
stacks' tags; functions that carry the stub layer outside of them, by the layer.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from samlive import holder
from samlive.checkup.finding import Finding, Unseen
from samlive.checkup.patient import Patient
from samlive.deploy import park, standing
from samlive.deploy.faults import AwsError
from samlive_stub import contract

_SHOWN = 5


def chosen(patient: Patient) -> Iterator[Finding]:
    """The stage's stack, and who serves it."""
    if patient.stage is None:
        raise Unseen("no stage is chosen for this project yet (--stage)")
    patient.needs_account()
    name, stack = patient.stage, patient.stack_name
    found = patient.aws.stack(stack)
    standing.check_ours(found, stack, patient.settings.app, name, adopt=True)
    if found is None:
        yield Finding("stage", "ok", f"stage {name}: not deployed yet")
        return
    status = found["StackStatus"]
    if standing.STAGE_TAG not in standing.tags_of(found):
        hint = f"`samlive dev --adopt --stack-name {stack}` takes it over for a while."
        yield Finding("stage", "note", f"the stack {stack} was not made by samlive", hint)
        return
    healthy = status in standing.SETTLED or status == "UPDATE_ROLLBACK_COMPLETE"
    way = standing.way(found)
    hint = _WAYS.get(way, "") if not healthy else ""
    text = f"stage {name}: {stack} is {status}"
    yield Finding("stage", "ok" if healthy else "note", text, hint)
    yield _served(patient, name)


_WAYS = {
    "create": "The next `samlive dev` makes it.",
    "replace": "The next `samlive dev` deletes it and makes it anew.",
    "wait": "Somebody else's operation is under way; `samlive dev` waits for it.",
}


def _served(patient: Patient, name: str) -> Finding:
    key = patient.project.of(name).key
    if key is None:
        return Finding("stage", "note", f"stage {name}: its key is not on this machine")
    region = str(patient.record.get("iot_region") or patient.region)
    who = holder.of_stage(patient.aws, patient.settings.app, name, key, region)
    return Finding("stage", "ok", f"stage {name} is served by {who or 'nobody'}")


def parked(patient: Patient) -> Iterator[Finding]:
    """What waits until the next session."""
    if patient.stage is None:
        raise Unseen("no stage is chosen for this project yet (--stage)")
    who = patient.needs_account()
    noted = park.noted(patient.aws, who, patient.settings.app, patient.stage, patient.stack_name)
    parts = {"event source mapping(s)": len(noted.mappings), "function(s)": len(noted.functions)}
    text = " and ".join(f"{count} {what}" for what, count in parts.items() if count)
    if not text:
        yield Finding("parked", "ok", "nothing is parked")
        return
    yield Finding(
        "parked",
        "note",
        f"stage {patient.stage} is parked: {text} wait",
        "The next `samlive dev` lets them go; `samlive unpark` does it now.",
    )


def orphans(patient: Patient) -> Iterator[Finding]:
    """Stages and stubs in the account that this machine knows nothing of."""
    patient.needs_account()
    try:
        stacks = [each for each in patient.aws.stacks() if _is_stage(each)]
        functions = list(patient.aws.functions_with_layer(contract.LAYER_NAME))
    except AwsError as error:
        yield Finding("orphans", "skip", f"stages left behind not looked for: {error.message}")
        return
    known = set(patient.project.stages())
    app = patient.settings.app
    foreign = [
        each
        for each in stacks
        if (tags := standing.tags_of(each))[standing.STAGE_TAG] not in known
        and tags.get(standing.APP_TAG) == app
    ]
    yield from (_foreign(stack) for stack in foreign)
    loose = [name for name, variables in functions if _stage_of(variables) not in _named(stacks)]
    if loose:
        yield _loose(loose)
    if not (foreign or loose):
        yield Finding("orphans", "ok", "no stage and no stub is left behind")


def _is_stage(stack: Mapping[str, Any]) -> bool:
    return standing.STAGE_TAG in standing.tags_of(stack)


def _named(stacks: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
    tags = [standing.tags_of(stack) for stack in stacks]
    return {(each.get(standing.APP_TAG, ""), each[standing.STAGE_TAG]) for each in tags}


def _foreign(stack: Mapping[str, Any]) -> Finding:
    name = standing.tags_of(stack)[standing.STAGE_TAG]
    changed = standing.changed_at(stack)
    adopted = standing.ADOPTED_TAG in standing.tags_of(stack)
    way = f"samlive {'restore' if adopted else 'remove'} --stage {name}"
    return Finding(
        "orphans",
        "note",
        f"stage {name} ({stack['StackName']}) was not used from here; last deployed {changed}",
        f"If it is nobody's any more: {way} --stack-name {stack['StackName']}",
    )


def _loose(names: list[str]) -> Finding:
    """Tell of stubs whose stage has no stack."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return Finding(
        "orphans",
        "note",
        f"stubs without a stage: {', '.join(names[:_SHOWN])}{more}",
        "Deploy what they belong to again, such as with `sam deploy`, or delete them.",
    )


def _stage_of(variables: dict[str, str]) -> tuple[str, str]:
    """Return app and stage of a stub."""
    try:
        found = contract.Settings.decode(variables.get(contract.VARIABLE, ""))
    except ValueError:
        return "", ""
    return found.app, found.stage
