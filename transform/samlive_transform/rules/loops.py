"""Refuses a template in which a live function would call itself through IoT.

The relay and the stubs speak over AWS IoT topics. A topic rule whose filter
matches them and that calls a live function would make each message of an
invocation start the next invocation, without end and at the user's cost.
https://docs.aws.amazon.com/iot/latest/developerguide/iot-sql-from.html
"""

import re
from collections.abc import Iterator
from typing import Any

from samlive_stub.contract import ROOT
from samlive_transform.intrinsics import sub_parts
from samlive_transform.steps import Path, Refusal
from samlive_transform.triggers import events
from samlive_transform.view import Decision, View

_FROM = re.compile(r"\bfrom\s+'([^']*)'", re.IGNORECASE)


def rule(view: View) -> Iterator[Decision]:
    """Yield a refusal for every loop."""
    for path, id, sql in _rules(view):
        text = sql if isinstance(sql, str) else (sub_parts(sql) or ("", {}))[0]
        for topic in _FROM.findall(text):
            if any(_overlap(topic.split("/"), own) for own in _topics(view)):
                yield Refusal(
                    path,
                    f"the topic rule selects from '{topic}', which holds samlive's own messages: "
                    f"{id} would invoke itself without end",
                    f"Narrow the filter so that it leaves out '{ROOT}/', or exclude {id}.",
                )


def _rules(view: View) -> Iterator[tuple[Path, str, Any]]:
    for function in view.live:
        for _, kind, properties, path in events(function):
            if kind == "IoTRule":
                yield path, function.id, properties.get("Sql")
    for resource in view.template.of_type("AWS::IoT::TopicRule"):
        payload = resource.own.get("TopicRulePayload")
        if not isinstance(payload, dict):
            continue
        called = view.template.called([payload.get("Actions"), payload.get("ErrorAction")])
        for id in called:
            if id in view.live_ids:
                yield resource.path, id, payload.get("Sql")


def _topics(view: View) -> list[list[str]]:
    head = [ROOT, view.options.app, view.options.stage]
    return [[*head, "request", "+", "+"], [*head, "reply", "+"], [*head, "presence"]]


def _overlap(left: list[str], right: list[str]) -> bool:
    """Tell whether some topic matches both filters."""
    if not left or not right:
        return left == right or left == ["#"] or right == ["#"]
    if left[0] == "#" or right[0] == "#":
        return True
    same = left[0] == right[0] or "+" in (left[0], right[0]) or "${" in left[0]
    return same and _overlap(left[1:], right[1:])
