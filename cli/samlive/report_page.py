"""The report of a rewrite for people: a table of functions, then every change.

The table answers what is asked first (which functions go live, which do not,
and why); the list below it holds every single change with its line.
"""

import io
import json
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from samlive_transform.report import Change, FunctionReport, Report

WIDTH_OF_A_FILE = 120
_SHORT = 60


def page(report: "Report", file: str) -> str:
    """Return a report as text.

    Args:
        report: The report.
        file: Name of the template, for what does not come from a nested one.
    """
    width = shutil.get_terminal_size((WIDTH_OF_A_FILE, 24)).columns
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(_functions(report, file))
    text: str = console.file.getvalue()  # type: ignore[attr-defined]  # the StringIO above
    lines = [line.rstrip() for line in text.splitlines()]
    lines += ["", *_changes(report, file)]
    lines += [f"{n.file or file}:{n.line}: {n.logical_id}: {n.text}" for n in report.notices]
    lines += [f"package {a.logical_id}.{a.path}: {a.local}" for a in report.artifacts]
    return "".join(f"{line}\n" for line in lines)


def _functions(report: "Report", file: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="")
    for heading in ("FUNCTION", "RUNTIME", "STATE", "WHERE", "WHAT CHANGED, OR WHY IT IS KEPT"):
        table.add_column(heading, overflow="fold")
    for function in report.functions:
        rules = dict.fromkeys(c.rule for c in report.changes if _is_of(c, function))
        table.add_row(
            function.logical_id,
            function.runtime or function.package.lower(),
            "live" if function.live else "kept",
            f"{function.file or file}:{function.line}",
            ", ".join(rules) if function.live else function.reason,
        )
    return table


def _is_of(change: "Change", function: "FunctionReport") -> bool:
    return change.logical_id == function.logical_id


def _changes(report: "Report", file: str) -> Iterator[str]:
    for change in report.changes:
        where = f"{change.file or file}:{change.line}"
        yield f"{where}: {change.logical_id}.{change.path} [{change.rule}]"
        yield f"    {_short(change.before)} -> {_short(change.after)}  {change.reason}"


def _short(value: Any) -> str:
    if value is None:
        return "(absent)"
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    text = text.replace("\n", "\\n")
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 3]}..."
