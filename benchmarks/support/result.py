"""A benchmark's outcome: tables for people, JSON for `report.py`.

Every script makes one `Result`, adds tables and goals to it while it measures,
and ends with `finish`, which prints what is left and writes the file.
"""

import argparse
import datetime
import functools
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[1] / "results"
PACKAGES = ("awsiotsdk", "awscrt", "boto3", "PyYAML", "ruamel.yaml", "watchdog", "ministack")


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal and what was reached.

    Args:
        what: What is held against it.
        limit: The goal, in `unit`.
        reached: The figure; None when it could not be measured here.
        unit: "x", " ms", " KB", …; written behind figures.
        at_least: Whether larger is better.
        note: What else to know, such as how the figure came about.
    """

    what: str
    limit: float
    reached: float | None
    unit: str
    at_least: bool = False
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None when nothing was measured."""
        if self.reached is None:
            return None
        return self.reached >= self.limit if self.at_least else self.reached <= self.limit

    @property
    def wanted(self) -> str:
        """The goal as text."""
        return f"{'≥' if self.at_least else '≤'} {number(self.limit)}{self.unit}"

    @property
    def got(self) -> str:
        """The figure as text."""
        return "not measured" if self.reached is None else f"{number(self.reached)}{self.unit}"


@dataclass(slots=True)
class Table:
    """Rows of text under a title."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        """Add a row."""
        assert len(cells) == len(self.columns), (cells, self.columns)
        self.rows.append(cells)

    def text(self) -> str:
        """Return the table with aligned columns."""
        lines = [self.columns, *self.rows]
        widths = [max(len(row[column]) for row in lines) for column in range(len(self.columns))]
        shown = [_line(row, widths) for row in lines]
        rule = "  ".join("-" * width for width in widths)
        notes = [f"  {note}" for note in self.notes]
        return "\n".join([f"\n{self.title}", shown[0], rule, *shown[1:], *notes])


class Result:
    """What one script found.

    Args:
        name: The script's name.
        arguments: What it was started with.
    """

    def __init__(self, name: str, arguments: dict[str, Any]) -> None:
        self._name = name
        self._arguments = arguments
        self._load = os.getloadavg()[0]
        self.tables: list[Table] = []
        self.goals: list[Goal] = []
        self.skipped: list[dict[str, str]] = []
        self.figures: dict[str, Any] = {}

    def table(self, title: str, *columns: str) -> Table:
        """Add a table; it is printed at the end."""
        made = Table(title, columns)
        self.tables.append(made)
        return made

    def goal(self, *arguments: Any, **named: Any) -> None:
        """Hold a figure against its goal; arguments as of `Goal`."""
        self.goals.append(Goal(*arguments, **named))

    def chart(self, title: str, unit: str, *values: tuple[str, float, bool]) -> None:
        """Add a chart to the page: label, value and whether it is samlive's, of each bar."""
        charts = self.figures.setdefault("charts", [])
        charts.append({"title": title, "unit": unit, "bars": [list(value) for value in values]})

    def skip(self, what: str, why: str) -> None:
        """Say that something was not measured, and why."""
        self.skipped.append({"what": what, "why": why})
        say(f"SKIPPED {what}: {why}")

    def finish(self, folder: Path) -> None:
        """Print tables and goals, and write the JSON file."""
        for table in self.tables:
            print(table.text())
        if self.goals:
            print(_goal_table(self.goals).text())
        for skipped in self.skipped:
            print(f"\nskipped: {skipped['what']}: {skipped['why']}")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self._name}.json"
        path.write_text(json.dumps(self._as_json(), indent=1, ensure_ascii=False) + "\n")
        print(f"\nwritten: {os.path.relpath(path)}")

    def _as_json(self) -> dict[str, Any]:
        return {
            "benchmark": self._name,
            "taken": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "arguments": self._arguments,
            "machine": machine(),
            "versions": versions(),
            "load": [self._load, os.getloadavg()[0]],
            "tables": [asdict(table) for table in self.tables],
            "goals": [
                {**asdict(goal), "met": goal.met, "wanted": goal.wanted, "got": goal.got}
                for goal in self.goals
            ],
            "skipped": self.skipped,
            "figures": self.figures,
        }


def arguments(
    description: str | None, choices: dict[str, tuple[str, ...]] | None = None, **counts: int
) -> argparse.Namespace:
    """Read a script's command line.

    Args:
        description: The script's docstring.
        choices: Options that take some of these words, joined by commas; all by default.
        counts: Names and defaults of its counts, each an option.
    """
    parser = argparse.ArgumentParser(description=(description or "").split("\n")[0])
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for the JSON")
    parser.add_argument("--runs", type=int, default=3, help="default: %(default)s")
    for name, default in counts.items():
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=int, default=default, help="default: %(default)s")
    for name, words in (choices or {}).items():
        parser.add_argument(
            f"--{name}",
            type=functools.partial(_some_of, words),
            default=words,
            help=f"some of {','.join(words)} (default: all)",
        )
    return parser.parse_args()


def shown(options: argparse.Namespace) -> dict[str, Any]:
    """Return a command line's counts, without the paths of this machine."""
    return {name: value for name, value in vars(options).items() if name != "results"}


def number(value: float) -> str:
    """Return a figure with three significant digits or all of its integer part."""
    if value == 0 or value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def say(text: str) -> None:
    """Tell how far the benchmark is."""
    print(text, file=sys.stderr, flush=True)


def machine() -> dict[str, str]:
    """Return what kind of machine this is; nothing that names it."""
    cpu = ""
    memory = ""
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as file:
            cpu = next((line.split(":")[1].strip() for line in file if "model name" in line), "")
        with open("/proc/meminfo") as file:
            memory = f"{int(file.readline().split()[1]) / 2**20:.0f} GiB"
    return {
        "cpu": cpu or platform.processor(),
        "cores": str(os.cpu_count()),
        "memory": memory,
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "priority": priority(),
    }


def priority() -> str:
    """Return what lets this process go before others; "" when nothing does."""
    if hasattr(os, "sched_getscheduler") and os.sched_getscheduler(0) != os.SCHED_OTHER:
        return "real-time"
    return f"nice {os.nice(0)}" if os.nice(0) else ""


def versions() -> dict[str, str]:
    """Return the versions that matter."""
    import ssl

    found = {"Python": platform.python_version(), "OpenSSL": ssl.OPENSSL_VERSION.split()[1]}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    try:
        node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
        found["Node.js"] = node.stdout.strip().removeprefix("v")
    except (OSError, subprocess.CalledProcessError):
        pass
    return found


def _some_of(words: tuple[str, ...], text: str) -> tuple[str, ...]:
    wanted = tuple(text.split(","))
    if unknown := [word for word in wanted if word not in words]:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}")
    return wanted


def _goal_table(goals: list[Goal]) -> Table:
    table = Table("Goals", ("what", "goal", "reached", ""))
    for goal in goals:
        state = {True: "reached", False: "NOT REACHED", None: "not measured"}[goal.met]
        table.add(goal.what, goal.wanted, goal.got, state)
    return table


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    cells = [row[0].ljust(widths[0])]
    cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
    return "  ".join(cells)
