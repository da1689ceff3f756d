"""Stops Lambda from repeating failed invocations, when the user asks for it.

By default retries stay as the template has them: an error behaves as in
production. With `--no-retries` an asynchronous invocation of a live function,
and a batch from a stream, is tried once: for people who debug handlers that
throw.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from collections.abc import Iterator

from samlive_transform.model import Function
from samlive_transform.steps import Note, Step
from samlive_transform.triggers import STREAMS, Trigger, triggers
from samlive_transform.view import Decision, View

_KEY = "MaximumRetryAttempts"
_REASON = "you asked for no retries (--no-retries)"
_PLAIN = "has no AWS::Lambda::EventInvokeConfig: asynchronous invocations are still retried"


def rule(view: View) -> Iterator[Decision]:
    """Yield the settings that end retries of live functions."""
    if not view.options.no_retries:
        return
    configured: set[str] = set()
    for config in view.template.of_type("AWS::Lambda::EventInvokeConfig"):
        called = set(view.template.called(config.own.get("FunctionName"))) & view.live_ids
        configured |= called
        if called:
            yield from config.set(_KEY, 0, _REASON)
    for function in view.live:
        if function.is_sam:
            yield from _sam(function)
        elif function.id not in configured:
            yield Note(function.path, _PLAIN)
    for trigger in triggers(view.template):
        if trigger.function in view.live_ids and _is_stream(trigger):
            if trigger.properties.get(_KEY) != 0:
                yield Step((*trigger.path, _KEY), 0, _REASON)


def _sam(function: Function) -> Iterator[Step]:
    effective = function.properties.get("EventInvokeConfig")
    if isinstance(effective, dict) and effective.get(_KEY) == 0:
        return
    own = function.own.get("EventInvokeConfig")
    kept = own if isinstance(own, dict) else {}
    yield from function.set("EventInvokeConfig", kept | {_KEY: 0}, _REASON)


def _is_stream(trigger: Trigger) -> bool:
    return trigger.kind in STREAMS or (
        not trigger.kind and not trigger.is_broker and "StartingPosition" in trigger.properties
    )
