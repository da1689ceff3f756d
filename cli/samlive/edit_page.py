"""What an edit changes of the stage, in a few lines: resources that come, go, or are changed.

It compares what is deployed with what would be, so an edit that makes no difference to the stage
shows none, and one line of a shared section shows everything that follows from it.
"""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from samlive_transform import Result

MOST_LINES = 8
_SHORT = 40
_ABSENT: Any = object()


def lines(before: "Result", after: "Result") -> list[str]:
    """Return the difference of two rewritten templates.

    Args:
        before: The one that is deployed.
        after: The one that would be.
    """
    found = list(_lines(before, after, ""))
    more = len(found) - MOST_LINES
    return found if more <= 0 else [*found[:MOST_LINES], f"and {more} more"]


def _lines(before: "Result | None", after: "Result", prefix: str) -> Iterator[str]:
    old = before.template if before else {}
    for section in ("Resources", "Outputs", "Parameters"):
        yield from _section(old.get(section) or {}, after.template.get(section) or {}, prefix)
    children = {each.artifact.logical_id: each.result for each in before.nested} if before else {}
    for each in after.nested:
        id = each.artifact.logical_id
        yield from _lines(children.get(id), each.result, f"{id}/")


def _section(before: dict[str, Any], after: dict[str, Any], prefix: str) -> Iterator[str]:
    for id, body in after.items():
        if id not in before:
            yield f"+ {prefix}{id}{_type(body)}"
        elif body != before[id]:
            for path, old, new in _changes(before[id], body):
                name = ".".join(part for part in path if part != "Properties")
                yield f"~ {prefix}{id}.{name}: {_short(old)} -> {_short(new)}"
    for id, body in before.items():
        if id not in after:
            yield f"- {prefix}{id}{_type(body)}"


def _changes(
    before: Any, after: Any, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    if not (isinstance(before, dict) and isinstance(after, dict)):
        yield path, before, after
        return
    for key in {**before, **after}:
        old, new = before.get(key, _ABSENT), after.get(key, _ABSENT)
        if old != new:
            yield from _changes(old, new, (*path, str(key)))


def _type(body: Any) -> str:
    kind = body.get("Type") if isinstance(body, dict) else None
    return f" ({kind})" if kind else ""


def _short(value: Any) -> str:
    if value is _ABSENT:
        return "(absent)"
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    text = " ".join(text.split())
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 3]}..."
