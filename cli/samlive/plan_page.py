"""A deploy before it is made, for people: one line a function, then what else becomes of the stack.

    functions    live with what their rules change, or kept and why
    resources    what else in the template is changed
    permissions  what the roles of live functions get
    uploads      with sizes; what lies in the bucket already is not uploaded again
    messages     what an invocation costs on AWS IoT

It is made of the same plan that is applied, so it cannot promise anything else.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from samlive.deploy import plan

if TYPE_CHECKING:
    from samlive_transform.report import Change, Report

_PERMISSIONS = "permissions"
_MESSAGES = (
    "each invocation: 3 messages on AWS IoT (request, acknowledgement, response), and one more for "
    "every 50 KB of payload; AWS meters them as they come in and as they go out, per 5 KB"
)
"""https://aws.amazon.com/iot-core/pricing/"""


def lines(report: "Report", wanted: plan.Plan, before: Sequence[str] = ()) -> list[str]:
    """Return the plan in lines.

    Args:
        report: What the rewrite does.
        wanted: What the deploy does.
        before: What happens before the stack is touched.
    """
    return [
        *_functions(report),
        *_resources(report),
        *_permissions(report),
        _MESSAGES,
        *before,
        *plan.show(wanted),
    ]


def _functions(report: "Report") -> Iterator[str]:
    width = max((len(each.logical_id) for each in report.functions), default=0)
    for each in report.functions:
        name = each.logical_id.ljust(width)
        if each.live:
            yield f"live  {name}  {_touched(each.logical_id, report)}".rstrip()
        else:
            yield f"kept  {name}  {each.reason}"


def _touched(function: str, report: "Report") -> str:
    """Return what rules change of a function: the stub as one, numbers with their values."""
    found: dict[str, None] = {}
    for change in report.changes:
        if change.logical_id == function and change.rule != _PERMISSIONS:
            found[_short(change)] = None
    return ", ".join(found)


def _short(change: "Change") -> str:
    name = change.path.removeprefix("Properties.").partition(".")[0]
    plain = all(isinstance(value, int) for value in (change.before, change.after))
    if plain:
        return f"{name} {change.before} -> {change.after}"
    return "stub" if change.rule == "stub" else name


def _resources(report: "Report") -> Iterator[str]:
    functions = {each.logical_id for each in report.functions}
    for change in report.changes:
        if change.logical_id not in functions and change.rule != _PERMISSIONS:
            place = f"{change.logical_id}.{change.path.removeprefix('Properties.')}"
            yield f"change  {place}: {change.reason}"


def _permissions(report: "Report") -> Iterator[str]:
    """Tell which roles get what; SAM makes a role for a function that names none."""
    found = [change for change in report.changes if change.rule == _PERMISSIONS]
    if found:
        actions = ", ".join(dict.fromkeys(each for c in found for each in _actions(c.after)))
        holders = ", ".join(dict.fromkeys(change.logical_id for change in found))
        yield f"allow {actions} on what is this stage's to the roles of {holders}"


def _actions(value: Any) -> Iterator[str]:
    """Yield the actions of all statements in a policy, wherever they stand."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "Action":
                yield from [inner] if isinstance(inner, str) else inner
            else:
                yield from _actions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _actions(inner)
