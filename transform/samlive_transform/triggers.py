"""Where a function's events come from: the event source mappings of a template.

SAM writes them as events of the function, plain CloudFormation as resources of
their own; the rules see both as the same thing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from samlive_transform.intrinsics import intrinsic, is_no_value, possible, sub_parts
from samlive_transform.model import Function, Resource, Template, written
from samlive_transform.steps import Path

MAPPING = "AWS::Lambda::EventSourceMapping"
QUEUE = "AWS::SQS::Queue"

STREAMS = frozenset({"Kinesis", "DynamoDB"})
_BROKERS = frozenset({"MSK", "SelfManagedKafka", "MQ", "DocumentDB"})
_BROKER_KEYS = (
    "AmazonManagedKafkaEventSourceConfig",
    "SelfManagedEventSource",
    "SelfManagedKafkaEventSourceConfig",
    "DocumentDBEventSourceConfig",
    "Queues",
    "Topics",
)


@dataclass(frozen=True, slots=True)
class Trigger:
    """One event source that Lambda polls for a function.

    Args:
        function: Logical id of the function.
        path: Where the trigger's properties are.
        properties: Its properties, named as SAM and CloudFormation name them.
        source: ARN of what is polled; None when it has none.
        kind: SAM's name of the event type; "" for a plain mapping.
    """

    function: str
    path: Path
    properties: dict[str, Any]
    source: Any
    kind: str

    @property
    def is_broker(self) -> bool:
        """Whether it polls Kafka, MQ or DocumentDB."""
        return self.kind in _BROKERS or any(key in self.properties for key in _BROKER_KEYS)


def events(function: Resource) -> Iterator[tuple[str, str, dict[str, Any], Path]]:
    """Yield (name, type, properties, path of the properties) of a SAM resource's events."""
    listed = function.own.get("Events")
    for name, event in listed.items() if isinstance(listed, dict) else ():
        if isinstance(event, dict) and isinstance(event.get("Type"), str):
            properties = event.get("Properties")
            path = function.at("Events", name, "Properties")
            yield name, event["Type"], properties if isinstance(properties, dict) else {}, path


def triggers(template: Template) -> Iterator[Trigger]:
    """Yield every polled event source of the template's functions."""
    for function in template.functions.values():
        if function.is_sam:
            yield from _sam(function)
    for mapping in template.of_type(MAPPING):
        source = mapping.own.get("EventSourceArn")
        for id in template.called(mapping.own.get("FunctionName")):
            yield Trigger(id, mapping.at(), mapping.own, source, "")


@dataclass(frozen=True, slots=True)
class Polled:
    """A trigger that polls SQS.

    Args:
        trigger: The trigger.
        queues: The template's queues that it can be.
        outside: Whether it can be a queue outside the template.
    """

    trigger: Trigger
    queues: tuple[Resource, ...]
    outside: bool


def queue_triggers(template: Template) -> Iterator[Polled]:
    """Yield the triggers that are SQS queues."""
    for trigger in triggers(template):
        if trigger.source is None or trigger.is_broker:
            continue
        queues: list[Resource] = []
        outside = False
        for branch in possible(trigger.source, template.resolver.condition):
            named = [template.resources[id] for id in template.target(branch)]
            found = [each for each in named if each.type == QUEUE]
            found = found or list(_by_name(template, branch))
            queues += found
            outside |= not found and not named and _may_be_queue(trigger, branch, template)
        if queues or outside:
            yield Polled(trigger, tuple(queues), outside)


def _sam(function: Function) -> Iterator[Trigger]:
    for _, kind, properties, path in events(function):
        if kind == "SQS":
            yield Trigger(function.id, path, properties, properties.get("Queue"), kind)
        elif kind in STREAMS or kind in _BROKERS:
            source = properties.get("Stream", properties.get("Broker", properties.get("Cluster")))
            yield Trigger(function.id, path, properties, source, kind)
        elif kind == "SNS" and isinstance(own := properties.get("SqsSubscription"), dict):
            yield Trigger(function.id, (*path, "SqsSubscription"), own, own.get("QueueArn"), kind)


def _may_be_queue(trigger: Trigger, source: Any, template: Template) -> bool:
    """Tell whether a trigger can poll a queue: streams must say where they start."""
    if is_no_value(source):
        return False
    if trigger.kind:
        return trigger.kind in ("SQS", "SNS")
    if "StartingPosition" in trigger.properties:
        return False
    text = template.resolver.text(source)
    return text is None or ":sqs:" in text


def _by_name(template: Template, source: Any) -> Iterator[Resource]:
    """Queues of the template whose name is the last part of a written-out ARN."""
    text = _arn_text(source)
    name = text.rpartition(":")[2]
    for queue in template.of_type(QUEUE):
        if name and name == written(queue.own.get("QueueName")):
            yield queue


def _arn_text(arn: Any) -> str:
    """Return the text of an ARN as far as it is written out."""
    if isinstance(arn, str):
        return arn
    if parts := sub_parts(arn):
        return parts[0]
    body = arn["Fn::Join"] if intrinsic(arn) == "Fn::Join" else None
    if isinstance(body, list) and len(body) == 2 and isinstance(body[1], list) and body[1]:
        last = body[1][-1]
        return f":{last}" if isinstance(last, str) else ""
    return ""
