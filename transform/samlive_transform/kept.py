"""Which functions stay as they are, each with the reason that the report gives.

A function goes live unless a check below names it. The first reason found is
the one told, so the checks stand in the order of what matters most to the
user: their own wish, then what can never work, then what is only unwise.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from samlive_transform import environment
from samlive_transform.errors import TransformError
from samlive_transform.intrinsics import is_no_value, walk
from samlive_transform.model import Function, Template
from samlive_transform.options import Options
from samlive_transform.roles import roles_of

Found = Iterator[tuple[str, str]]
"""Logical ids of functions, each with the reason to keep it."""

OUTSIDE_ROLE = (
    "its role is not in the template: add the stub's permission to the role and name the function "
    "with --live, or let samlive add it with --attach-role-policy"
)

_CDK_HANDLERS = ("USER_ON_EVENT_FUNCTION_ARN", "USER_IS_COMPLETE_FUNCTION_ARN")

_IN_VAIN = "A stub of it would have nobody to answer; mend that, or leave --live out."

_DEPLOY_TIME = "it runs while the stack is being deployed"


@dataclass(frozen=True, slots=True)
class Case:
    """What is decided on.

    Args:
        template: The template before any rule.
        options: The caller's wishes, in which nested functions are "Child/Function".
        prefix: "Child/" when the template is nested; else empty.
        called_at_deploy: Functions that another template of the stack calls
            while it is being deployed.
        obstacle: Why the machine cannot run a function, or "".
    """

    template: Template
    options: Options
    prefix: str = ""
    called_at_deploy: frozenset[str] = frozenset()
    obstacle: Callable[[Function], str] = lambda _: ""


def decide(case: Case) -> dict[str, str]:
    """Return the reason for every function that is kept as it is, by logical id.

    Raises:
        TransformError: The user insists on a function that this machine cannot run.
    """
    reasons: dict[str, str] = {}
    for check in _CHECKS:
        for id, reason in check(case):
            reasons.setdefault(id, reason)
    insisted = {id for id, found in case.template.functions.items() if _insisted(found, case)}
    for check in _OVERRIDABLE:
        for id, reason in check(case):
            if id not in insisted:
                reasons.setdefault(id, reason)
    for id, function in case.template.functions.items():
        if id not in reasons and (reason := case.obstacle(function)):
            if (name := case.prefix + id) in case.options.live:
                raise TransformError(f"--live {name}: {reason}", _IN_VAIN)
            reasons[id] = reason
    return reasons


def check_names(known: set[str], options: Options) -> None:
    """Refuse wishes about functions that do not exist.

    Raises:
        TransformError: Names the unknown function and the nearest known one.
    """
    for option, wanted in (
        ("--only", options.only),
        ("--exclude", options.exclude),
        ("--live", options.live),
    ):
        for id in sorted(wanted):
            if id in known:
                continue
            near = get_close_matches(id, known, 1)
            hint = f"Did you mean {near[0]}?" if near else f"Functions: {', '.join(sorted(known))}."
            raise TransformError(f"{option} names {id}, which is no function of the template", hint)


def _insisted(function: Function, case: Case) -> bool:
    return case.prefix + function.id in case.options.live or _wish(function) is True


def _wish(function: Function) -> bool | None:
    ours = function.metadata.get("SamLive")
    wish = ours.get("Live") if isinstance(ours, dict) else None
    if isinstance(wish, str):
        return {"true": True, "false": False}.get(wish.lower())
    return wish if isinstance(wish, bool) else None


def _excluded(case: Case) -> Found:
    options = case.options
    for id, function in case.template.functions.items():
        name = case.prefix + id
        if name in options.exclude:
            yield id, "you excluded it (--exclude)"
        elif options.only and name not in options.only:
            yield id, "it is not among those you chose (--only)"
        elif _wish(function) is False and name not in options.live:
            yield id, "its Metadata says SamLive: {Live: false}"


def _special_kinds(case: Case) -> Found:
    kinds = (
        ("DurableConfig", "it is a durable function: its runtime keeps state that a stub cannot"),
        ("CapacityProviderConfig", "it runs on managed instances, which take no stub"),
        ("TenancyConfig", "it is tenant-isolated, which a shared connection would undo"),
    )
    for id, function in case.template.functions.items():
        for key, reason in kinds:
            if key in function.properties and not is_no_value(function.properties[key]):
                yield id, reason


def _edge(case: Case) -> Found:
    reason = (
        "it runs at the edge (Lambda@Edge), where layers and environment variables are not allowed"
    )
    for resource in case.template.of_type("AWS::CloudFront::Distribution"):
        for path, value in walk(resource.own):
            if path and path[-1] == "LambdaFunctionAssociations":
                for id in case.template.called(value):
                    yield id, reason
    for id, function in case.template.functions.items():
        trust = [function.properties.get("AssumeRolePolicyDocument")]
        inside = roles_of(function, case.template).inside
        trust += [
            case.template.resources[role].own.get("AssumeRolePolicyDocument") for role in inside
        ]
        if any(value == "edgelambda.amazonaws.com" for _, value in walk(trust)):
            yield id, f"{reason} (its role trusts edgelambda.amazonaws.com)"


def _device(case: Case) -> Found:
    types = (
        "AWS::Greengrass::FunctionDefinition",
        "AWS::Greengrass::FunctionDefinitionVersion",
        "AWS::GreengrassV2::ComponentVersion",
    )
    for resource in case.template.of_type(*types):
        for id in case.template.called(resource.own):
            yield id, "it runs on devices (Greengrass)"


def _full_environment(case: Case) -> Found:
    for id, function in case.template.functions.items():
        if reason := environment.obstacle(function.properties.get("Environment")):
            yield id, reason


def _custom_resources(case: Case) -> Found:
    for resource in case.template.resources.values():
        token = resource.own.get("ServiceToken")
        if token is not None:
            reason = f"{_DEPLOY_TIME}: {resource.id} is a custom resource that calls it"
            for id in (*case.template.called(token), *_subscribers(case.template, token)):
                yield id, reason


def _cdk(case: Case) -> Found:
    """What the AWS CDK's custom resources call: its provider's handlers, and triggers."""
    for function in case.template.functions.values():
        environment = function.properties.get("Environment")
        found = environment.get("Variables") if isinstance(environment, dict) else None
        variables = found if isinstance(found, dict) else {}
        for name in _CDK_HANDLERS:
            for id in case.template.called(variables.get(name)):
                yield id, f"{_DEPLOY_TIME}: the custom resources behind {function.id} call it"
    for trigger in case.template.of_type("Custom::Trigger"):
        for id in case.template.called(trigger.own.get("HandlerArn")):
            yield id, f"{_DEPLOY_TIME}: {trigger.id} triggers it"


def _subscribers(template: Template, topic: Any) -> Iterator[str]:
    """Functions behind the SNS topic of a custom resource."""
    topics = {
        id for id in template.target(topic) if template.resources[id].type == "AWS::SNS::Topic"
    }
    if not topics:
        return
    for id, function in template.functions.items():
        events = function.own.get("Events")
        for event in events.values() if isinstance(events, dict) else ():
            source = event.get("Properties") if isinstance(event, dict) else None
            if isinstance(source, dict) and topics & set(template.target(source.get("Topic"))):
                yield id
    for subscription in template.of_type("AWS::SNS::Subscription"):
        if topics & set(template.target(subscription.own.get("TopicArn"))):
            yield from template.called(subscription.own.get("Endpoint"))


def _deploy_hooks(case: Case) -> Found:
    for resource in case.template.of_type("AWS::CloudFormation::Macro"):
        for id in case.template.called(resource.own.get("FunctionName")):
            yield id, f"{_DEPLOY_TIME}: it is the CloudFormation macro {resource.id}"
    for resource in case.template.of_type("AWS::CloudFormation::LambdaHook"):
        for id in case.template.called(resource.own.get("LambdaFunction")):
            yield id, f"{_DEPLOY_TIME}: it is the CloudFormation hook {resource.id}"
    for id in _codedeploy_hooks(case.template):
        yield id, f"{_DEPLOY_TIME}: CodeDeploy calls it before or after traffic shifts"


def _codedeploy_hooks(template: Template) -> Iterator[str]:
    for function in template.functions.values():
        preference = function.properties.get("DeploymentPreference")
        if isinstance(preference, dict):
            yield from template.called(preference.get("Hooks"))
    for resource in template.resources.values():
        update = resource.body.get("UpdatePolicy")
        if isinstance(update, dict):
            yield from template.called(update.get("CodeDeployLambdaAliasUpdate"))
    yield from template.called(template.section("Hooks"))


def _rotation(case: Case) -> Found:
    for resource in case.template.of_type("AWS::SecretsManager::RotationSchedule"):
        at_once = resource.own.get("RotateImmediatelyOnUpdate", True)
        if at_once not in (False, "false"):
            for id in case.template.called(resource.own.get("RotationLambdaARN")):
                yield id, f"{_DEPLOY_TIME}: {resource.id} rotates a secret with it at once"


def _called_from_afar(case: Case) -> Found:
    for id in case.called_at_deploy:
        yield id, f"{_DEPLOY_TIME}: another template of the stack calls it then"


def _outside_role(case: Case) -> Found:
    for id, function in case.template.functions.items():
        if roles_of(function, case.template).outside and not case.options.attach_role_policy:
            yield id, OUTSIDE_ROLE


_Check = Callable[[Case], Found]

_CHECKS: tuple[_Check, ...] = (
    _excluded,
    _special_kinds,
    _edge,
    _device,
    _full_environment,
)
_OVERRIDABLE: tuple[_Check, ...] = (
    _custom_resources,
    _cdk,
    _deploy_hooks,
    _rotation,
    _called_from_afar,
    _outside_role,
)
