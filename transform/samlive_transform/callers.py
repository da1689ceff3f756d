"""Who calls each function, and whether its asynchronous events can wait for a developer.

Everything in a template that names a function is looked up in the tables of
`caller_kinds`. A function whose callers never wait for an answer, and whose
failed events have no place of their own, can be *parked*: its events go to a
queue of the stage until somebody listens. For every other function that has
asynchronous callers there is a reason that the user is told.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from samlive_transform.caller_kinds import EVENTS, NO_CALLERS, PRINCIPALS, RESOURCES, Way
from samlive_transform.intrinsics import is_no_value, possible
from samlive_transform.model import Function, Resource, Template, written
from samlive_transform.triggers import events

PERMISSION = "AWS::Lambda::Permission"
CONFIG = "AWS::Lambda::EventInvokeConfig"
_ALARMS = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
_ALARM_ACTIONS = ("AlarmActions", "InsufficientDataActions", "OKActions")
_REGION = re.compile(r"\.(\$\{AWS::Region\}|[a-z]{2}(-[a-z]+)+-\d)(?=\.)")


@dataclass(frozen=True, slots=True)
class Caller:
    """Something that calls a function.

    Args:
        name: What the user knows it by.
        way: Whether it waits.
    """

    name: str
    way: Way


@dataclass(frozen=True, slots=True)
class Waiting:
    """Whether asynchronous events of a function can wait while nobody listens.

    Args:
        possible: They can, in the stage's queue.
        obstacle: Why not, in the user's words; empty when they can, or when there are none.
    """

    possible: bool
    obstacle: str = ""


def waiting(template: Template, nested: bool) -> dict[str, Waiting]:
    """Tell of every function whether its asynchronous events can wait, by logical id.

    Args:
        template: The template.
        nested: Whether another template of the stack may call what it outputs.
    """
    found: dict[str, list[Caller]] = {id: [] for id in template.functions}
    for id, caller in _all(template, nested):
        found[id].append(caller)
    return {id: _judge(template.functions[id], callers, template) for id, callers in found.items()}


def _judge(function: Function, callers: list[Caller], template: Template) -> Waiting:
    if not any(caller.way == "asynchronous" for caller in callers):
        return Waiting(False)
    for caller in callers:
        if caller.way == "synchronous":
            return Waiting(False, f"{caller.name} may wait for its answers")
    if own := own_place(function, template):
        return Waiting(False, f"its failed events go to {own} of its own")
    return Waiting(True)


def own_place(function: Function, template: Template) -> str:
    """Return what takes a function's failed events, in words; "" when nothing does."""
    if any(_given(function.properties.get(key), template) for key in _DEAD_LETTERS):
        return "a dead-letter queue"
    configs = [function.properties.get("EventInvokeConfig")]
    configs += [
        config.own
        for config in template.of_type(CONFIG)
        if function.id in template.called(config.own.get("FunctionName"))
    ]
    return "a destination" if any(_has_destination(each, template) for each in configs) else ""


_DEAD_LETTERS = ("DeadLetterQueue", "DeadLetterConfig")


def _given(value: Any, template: Template) -> bool:
    branches = possible(value, template.resolver.condition)
    return any(each is not None and not is_no_value(each) for each in branches)


def _has_destination(config: Any, template: Template) -> bool:
    for each in possible(config, template.resolver.condition):
        if isinstance(each, dict):
            for inner in possible(each.get("DestinationConfig"), template.resolver.condition):
                if isinstance(inner, dict) and _given(inner.get("OnFailure"), template):
                    return True
    return False


def _all(template: Template, nested: bool) -> Iterator[tuple[str, Caller]]:
    """Yield (logical id of a function, what calls it)."""
    for function in template.functions.values():
        yield from _own(function)
    for resource in template.resources.values():
        yield from _connected(resource, template)
        if not resource.type.startswith(NO_CALLERS):
            for id, way in _named(resource, template):
                if id != resource.id:
                    yield id, Caller(resource.id, way)
    for id in template.called(template.section("Globals")):
        yield id, Caller("what Globals gives it to", "synchronous")
    if nested:
        for id in template.called(template.section("Outputs")):
            yield id, Caller("the template round it", "synchronous")


def _own(function: Function) -> Iterator[tuple[str, Caller]]:
    for name, kind, properties, _ in events(function):
        way = EVENTS.get(kind, "synchronous")
        if kind == "SNS" and properties.get("SqsSubscription"):
            way = "polling"
        yield function.id, Caller(f"its event {name}", way)
    if not is_no_value(function.properties.get("FunctionUrlConfig", {"Ref": "AWS::NoValue"})):
        yield function.id, Caller("its URL", "synchronous")


def _named(resource: Resource, template: Template) -> Iterator[tuple[str, Way]]:
    """Yield the functions that a resource names, each with the way in which it calls them."""
    own = resource.own
    if resource.type == PERMISSION:
        way = _of_principal(own.get("Principal"))
        for id in template.called(own.get("FunctionName")):
            yield id, way
    elif resource.type == CONFIG:
        for id in template.called(own.get("DestinationConfig")):
            yield id, "asynchronous"
    elif resource.type in _ALARMS:
        for id in template.called([own.get(key) for key in _ALARM_ACTIONS]):
            yield id, "asynchronous"
    elif isinstance(resource, Function):
        config = own.get("EventInvokeConfig")
        for id in template.called(config):
            yield id, "asynchronous"
        for id in template.called({k: v for k, v in own.items() if k != "EventInvokeConfig"}):
            yield id, "synchronous"
    else:
        way = RESOURCES.get(resource.type, "synchronous")
        if resource.type == "AWS::SES::ReceiptRule" and "RequestResponse" in repr(own):
            way = "synchronous"
        for id in template.called(own):
            yield id, way


def _of_principal(principal: Any) -> Way:
    text = written(principal).replace("${AWS::URLSuffix}", "amazonaws.com").removesuffix(".cn")
    return PRINCIPALS.get(_REGION.sub("", text), "synchronous")


def _connected(resource: Resource, template: Template) -> Iterator[tuple[str, Caller]]:
    """Functions at the far end of SAM's connectors, which name them by logical id alone."""
    connectors: list[tuple[Any, Any]] = [(resource.own.get("Source"), resource.own)]
    if resource.type != "AWS::Serverless::Connector":
        embedded = resource.body.get("Connectors")
        listed = embedded.values() if isinstance(embedded, dict) else ()
        connectors = [
            ({"Id": resource.id}, each.get("Properties"))
            for each in listed
            if isinstance(each, dict)
        ]
    for source, properties in connectors:
        from_id = source.get("Id") if isinstance(source, dict) else None
        start = template.resources.get(from_id) if isinstance(from_id, str) else None
        ends = properties.get("Destination") if isinstance(properties, dict) else None
        for end in ends if isinstance(ends, list) else [ends]:
            id = end.get("Id") if isinstance(end, dict) else None
            if isinstance(id, str) and id in template.functions:
                way = RESOURCES.get(start.type, "synchronous") if start else "synchronous"
                yield id, Caller(from_id if isinstance(from_id, str) else resource.id, way)
