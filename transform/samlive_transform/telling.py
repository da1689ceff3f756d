"""The report as a table for people: what became of each function, and why.

One row a function; what was not about a function follows below. Plain text of
any width, so that it can be piped and compared.
"""

from collections.abc import Iterator

from samlive_transform.artifacts import EMPTY_LAYER
from samlive_transform.report import Change, FunctionReport, Report

_HEAD = ("function", "runtime", "state", "what changed, or why not")


def table(report: Report) -> str:
    """Return a report as text.

    Args:
        report: What a rewrite did.

    Returns:
        Lines ended by a newline each: the functions, other changes, notices,
        and what is left to be packaged.
    """
    rows = [_HEAD, *(_row(function, report) for function in report.functions)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        "  ".join((*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]))
        for row in rows
    ]
    lines += _below(report)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _row(function: FunctionReport, report: Report) -> tuple[str, str, str, str]:
    runtime = function.runtime or ("image" if function.package == "Image" else "?")
    if not function.live:
        return function.logical_id, runtime, "kept", function.reason
    return function.logical_id, runtime, "live", _summary(_changes(function.logical_id, report))


def _changes(logical_id: str, report: Report) -> list[Change]:
    return [change for change in report.changes if change.logical_id == logical_id]


def _summary(changes: list[Change]) -> str:
    """Return the rules that touched a function, each with its properties."""
    touched: dict[str, list[str]] = {}
    for change in changes:
        name = change.path.removeprefix("Properties.").partition(".")[0]
        names = touched.setdefault(change.rule, [])
        if name not in names:
            names.append(name)
    return "; ".join(f"{rule}: {', '.join(names)}" for rule, names in touched.items())


def _below(report: Report) -> Iterator[str]:
    functions = {each.logical_id for each in report.functions}
    others = [change for change in report.changes if change.logical_id not in functions]
    if others:
        yield ""
        yield "other changes"
    for change in others:
        place = ".".join(part for part in (change.logical_id, change.path) if part)
        yield f"  {place}: {change.reason}"
    if report.notices:
        yield ""
        yield "to know"
    for notice in report.notices:
        yield f"  {notice.logical_id}: {notice.text}"
    if report.artifacts:
        yield ""
        yield "to be packaged"
    for artifact in report.artifacts:
        local = "an empty layer" if artifact.local == str(EMPTY_LAYER) else artifact.local
        yield f"  {artifact.logical_id}.{artifact.path}: {local}"
