"""Lets live functions speak to their stage's topics on AWS IoT, and to nothing else.

A role that SAM makes gets one more policy; a role of the template is patched
once, however many functions share it; a role that SAM makes for another
resource gets one policy resource, which the functions wait for. `Policies` next
to `Role` would be dropped by SAM without a word, so it is never used there.
https://docs.aws.amazon.com/iot/latest/developerguide/iot-policy-actions.html

Functions that are called asynchronously alone may also send to the queue in
which their events wait while nobody listens, because Lambda sends in their name.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from samlive_stub.contract import STUB_ACCESS, parked_queue
from samlive_templates import render
from samlive_transform.intrinsics import is_no_value, map_branches
from samlive_transform.kept import OUTSIDE_ROLE
from samlive_transform.model import Function, Resource
from samlive_transform.options import Options
from samlive_transform.roles import Roles, roles_of
from samlive_transform.steps import Also, Note, Step
from samlive_transform.view import Decision, View

POLICY_ID = "SamLivePolicy"
_REASON = "the stub may connect to this stage's topics on AWS IoT, and nothing more"
_PARKS = (
    "the stub may connect to this stage's topics on AWS IoT, and Lambda may keep the function's "
    "events in the stage's queue while nobody listens"
)
_WAIT = "the permission must exist before the stub connects"
_BOUNDARY = "has a permissions boundary: it must allow the iot actions too, or the stub is refused"


def rule(view: View) -> Iterator[Decision]:
    """Yield the permission for every role of a live function."""
    parks = view.parks
    roles = {function.id: roles_of(function, view.template) for function in view.live}
    shared = {role for id in parks for role in roles[id].inside}
    patched: set[str] = set()
    attached: list[Any] = []
    waiting: list[Function] = []
    for function in view.live:
        found = roles[function.id]
        if found.generated:
            yield from _append(function, function.id in parks, view.options)
        for id in found.inside:
            if id not in patched:
                patched.add(id)
                yield from _patch(view.template.resources[id], id in shared, view)
        names = [*_borrowed(found, view), *_outside(found, view)]
        if names:
            attached += [name for name in names if name not in attached]
            waiting.append(function)
        yield from _boundary(function, found, view)
    if attached:
        yield from _attach(attached, waiting, any(f.id in parks for f in waiting), view)
    yield from _unreachable(parks, view)


def policy(options: Options, parks: bool = False) -> dict[str, Any]:
    """Return the policy document of a stage's stubs.

    Args:
        options: The stage.
        parks: Whether events may wait in the stage's queue.
    """
    text = _rendered(options.app, options.stage, options.iot_region, parks)
    document: dict[str, Any] = json.loads(text)
    return document


@cache
def _rendered(app: str, stage: str, iot_region: str, parks: bool) -> str:
    """Render once: all functions of a stage have the same two documents."""
    queue = "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:"
    return render(
        "policy/stub.json.j2",
        app=app,
        stage=stage,
        arn=f"arn:${{AWS::Partition}}:iot:{iot_region or '${AWS::Region}'}:${{AWS::AccountId}}:",
        access=STUB_ACCESS,
        queue=queue + parked_queue(app, stage) if parks else "",
    )


def statement_to_add(options: Options, parks: bool = False) -> list[dict[str, Any]]:
    """Return the policy's statements as plain IAM, for a role samlive cannot reach."""

    def plain(arn: str) -> str:
        arn = arn.replace("${AWS::Partition}", "aws").replace("${AWS::Region}", "REGION")
        return arn.replace("${AWS::AccountId}", "ACCOUNT")

    return [
        statement | {"Resource": [plain(each["Fn::Sub"]) for each in statement["Resource"]]}
        for statement in policy(options, parks)["Statement"]
    ]


def _append(function: Function, parks: bool, options: Options) -> Iterator[Step]:
    document = policy(options, parks)
    policies = function.own.get("Policies")
    if policies is None or is_no_value(policies):
        listed = []
    else:
        listed = policies if isinstance(policies, list) else [policies]
    if document not in listed:
        reason = _PARKS if parks else _REASON
        yield from function.set("Policies", [*listed, document], reason)


def policy_name(view: View) -> str:
    """Return the name of the policy: a role shared by stages has one of each."""
    return f"samlive-{view.options.app}-{view.options.stage}"


def _patch(role: Resource, parks: bool, view: View) -> Iterator[Step]:
    entry = {"PolicyName": policy_name(view), "PolicyDocument": policy(view.options, parks)}

    def with_ours(value: Any) -> Any:
        if value is None or is_no_value(value):
            return [entry]
        listed = value if isinstance(value, list) else [value]
        return listed if entry in listed else [*listed, entry]

    policies = map_branches(role.own.get("Policies"), with_ours)
    yield from role.set("Policies", policies, _PARKS if parks else _REASON)


def _borrowed(roles: Roles, view: View) -> list[Any]:
    """Roles that SAM makes for others; a live owner's role has the permission already."""
    return [{"Ref": id} for id in roles.borrowed if id.removesuffix("Role") not in view.live_ids]


def _outside(roles: Roles, view: View) -> list[Any]:
    if not view.options.attach_role_policy:
        return []
    return [role_name(value) for value in roles.outside if value is not None]


def role_name(value: Any) -> Any:
    """Return the name of a role given by ARN: what follows the last slash of a literal one."""
    if isinstance(value, str):
        return value.rpartition("/")[2]
    return {"Fn::Select": [1, {"Fn::Split": ["role/", value]}]}


def _attach(names: list[Any], waiting: list[Function], parks: bool, view: View) -> Iterator[Step]:
    resource = {
        "Type": "AWS::IAM::Policy",
        "Properties": {
            "PolicyName": policy_name(view),
            "PolicyDocument": policy(view.options, parks),
            "Roles": names,
        },
    }
    if view.template.section("Resources").get(POLICY_ID) != resource:
        yield Step(("Resources", POLICY_ID), resource, _PARKS if parks else _REASON)
    for function in waiting:
        if POLICY_ID not in Also(()).to(function.body.get("DependsOn")):
            yield Step((*function.path, "DependsOn"), Also((POLICY_ID,)), _WAIT)


def _unreachable(parks: frozenset[str], view: View) -> Iterator[Note]:
    """The exact statement for roles outside the template."""
    for id, function in view.template.functions.items():
        if view.kept.get(id) == OUTSIDE_ROLE:
            text = "its role needs this to go live"
        elif (
            id in view.live_ids
            and not view.options.attach_role_policy
            and roles_of(function, view.template).outside
        ):
            text = "you say that its role has this"
        else:
            continue
        statements = statement_to_add(view.options, id in parks)
        yield Note(function.at("Role"), f"{text}: {json.dumps(statements, separators=(',', ':'))}")


def _boundary(function: Function, roles: Roles, view: View) -> Iterator[Note]:
    if roles.generated and "PermissionsBoundary" in function.properties:
        yield Note(function.at("PermissionsBoundary"), f"its role {_BOUNDARY}")
    for id in roles.inside:
        role = view.template.resources[id]
        if "PermissionsBoundary" in role.own:
            yield Note(role.at("PermissionsBoundary"), f"the role {id} {_BOUNDARY}")
