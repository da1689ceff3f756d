"""The report of a rewrite for people: a table of functions, then every change.

The table answers what is asked first (which functions go live, which do not,
and why); then comes what becomes of asynchronous events while nobody listens;
the list below it holds every single change with its line.
"""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from samlive_transform.report import Report

_SHORT = 60


def page(report: "Report", file: str) -> str:
    """Return a report as text.

    Args:
        report: The report.
        file: Name of the template, for what does not come from a nested one.
    """
    from samlive_transform.telling import table

    lines = list(_absence(report))
    lines += ["", "every change", *_changes(report, file)] if report.changes else []
    return table(report) + "".join(f"{line}\n" for line in lines)


def _absence(report: "Report") -> Iterator[str]:
    told = [
        f"  {each.logical_id}: its events wait in the stage's queue"
        if each.parkable
        else f"  {each.logical_id}: its events fail, as {each.unparkable}"
        for each in report.functions
        if each.parkable or each.unparkable
    ]
    if told:
        yield from ("", "asynchronous events while nobody listens", *told)


def _changes(report: "Report", file: str) -> Iterator[str]:
    for change in report.changes:
        where = f"{change.file or file}:{change.line}"
        yield f"  {where}: {change.logical_id}.{change.path} [{change.rule}]"
        yield f"      {_short(change.before)} -> {_short(change.after)}  {change.reason}"


def _short(value: Any) -> str:
    if value is None:
        return "(absent)"
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    text = text.replace("\n", "\\n")
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 3]}..."
