"""Raises the visibility timeout of queues that feed live functions.

Lambda refuses an event source mapping whose queue shows a message again before
the function may have finished. The queue that SAM makes for
`SqsSubscription: true` has no properties and nowhere to set them: a queue of the
template takes its place, under the logical id that SAM would have given it, so
that references to it still hold.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
"""

from collections.abc import Iterator
from typing import Any

from samlive_stub.contract import MAX_TIMEOUT_SECONDS
from samlive_transform.intrinsics import map_branches
from samlive_transform.model import Function, Resource
from samlive_transform.steps import Step
from samlive_transform.triggers import QUEUE, Trigger, events, queue_triggers
from samlive_transform.view import Decision, View

_MAX_WINDOW = 300
_REASON = "Lambda refuses a queue whose visibility timeout is below the function's timeout"
_OWN = "the queue that SAM makes here has 30 seconds and no way to set more"


def rule(view: View) -> Iterator[Decision]:
    """Yield the visibility timeouts that live functions need."""
    if view.options.keep_timeouts:
        return
    needed: dict[str, int] = {}
    for polled in queue_triggers(view.template):
        for queue in polled.queues if polled.trigger.function in view.live_ids else ():
            seconds = MAX_TIMEOUT_SECONDS + _window(polled.trigger, view)
            needed[queue.id] = max(seconds, needed.get(queue.id, 0))
    for id, seconds in needed.items():
        yield from _raise(view.template.resources[id], seconds, view)
    for function in view.live:
        yield from _subscriptions(function, view)


def _window(trigger: Trigger, view: View) -> int:
    if "MaximumBatchingWindowInSeconds" not in trigger.properties:
        return 0
    window = view.template.resolver.integer(trigger.properties["MaximumBatchingWindowInSeconds"])
    return _MAX_WINDOW if window is None else window


def _raise(queue: Resource, seconds: int, view: View) -> Iterator[Step]:
    def enough(value: Any) -> Any:
        declared = view.template.resolver.integer(value)
        return value if declared is not None and declared >= seconds else seconds

    before = queue.own.get("VisibilityTimeout")
    yield from queue.set("VisibilityTimeout", map_branches(before, enough), _REASON)


def _subscriptions(function: Function, view: View) -> Iterator[Step]:
    for name, kind, properties, path in events(function):
        if kind != "SNS" or properties.get("SqsSubscription") is not True:
            continue
        id = f"{function.id}{name}Queue"
        queue: dict[str, Any] = {
            "Type": QUEUE,
            "Properties": {"VisibilityTimeout": MAX_TIMEOUT_SECONDS},
        }
        if "Condition" in function.body:
            queue["Condition"] = function.body["Condition"]
        if _is_fifo(properties.get("Topic"), view):
            queue["Properties"]["FifoQueue"] = True
        yield Step((*function.path[:-1], id), queue, _OWN)
        names = {"QueueArn": {"Fn::GetAtt": [id, "Arn"]}, "QueueUrl": {"Ref": id}}
        yield Step((*path, "SqsSubscription"), names, _OWN)


def _is_fifo(topic: Any, view: View) -> bool:
    for id in view.template.target(topic):
        fifo = view.template.resolver.text(view.template.resources[id].own.get("FifoTopic"))
        if fifo == "true":
            return True
    return False
