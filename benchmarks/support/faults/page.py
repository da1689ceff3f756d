"""Writes docs/faults.md: what breaks, what must hold, and what the last run has shown."""

from pathlib import Path
from typing import Any

TEXT = Path(__file__).with_suffix(".md")
STATES = {True: "reached", False: "**not reached**", None: "not measured"}


def page(found: dict[str, Any]) -> str:
    """Return the page of a result.

    Args:
        found: What `faults.py` has written.
    """
    tier = "the whole suite" if found["arguments"].get("whole") else "its small tier"
    rows = [_row(*row[:4]) for row in found["tables"][0]["rows"]]
    goals = [
        _row(goal["what"], goal["wanted"], goal["got"], STATES[goal["met"]])
        for goal in found["goals"]
    ]
    text = TEXT.read_text(encoding="utf-8")
    return text.format(tier=tier, rows="\n".join(rows), goals="\n".join(goals))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
