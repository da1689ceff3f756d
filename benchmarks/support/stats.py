"""Medians of medians: a run gives one median, and a figure is the median of the runs.

One cell's median moves by up to 1.8 times between runs on a busy machine, and
its p99 by far more. So subject and floor are always taken in turns within one
run, what is held against a goal is their ratio, and neither p99 nor the
maximum is ever looked at.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Series:
    """One figure, measured in several runs.

    Args:
        runs: The median of each run, in order.
    """

    runs: tuple[float, ...]

    @property
    def middle(self) -> float:
        """The median of the runs."""
        return statistics.median(self.runs)

    def over(self, floor: "Series") -> "Series":
        """Return the ratio to a floor, run by run: both are of the same minutes."""
        return Series(tuple(a / b for a, b in zip(self.runs, floor.runs, strict=True)))

    def minus(self, floor: "Series") -> "Series":
        """Return the difference to a floor, run by run."""
        return Series(tuple(a - b for a, b in zip(self.runs, floor.runs, strict=True)))

    def text(self, digits: int = 2, unit: str = "") -> str:
        """Return the median and, in brackets, the range of the runs."""
        low, high = min(self.runs), max(self.runs)
        middle = f"{self.middle:,.{digits}f}{unit}"
        if len(self.runs) == 1:
            return middle
        return f"{middle} ({low:,.{digits}f}-{high:,.{digits}f})"


class Collector:
    """Gathers single measurements by name, run by run."""

    def __init__(self) -> None:
        self._runs: dict[str, list[list[float]]] = {}

    def begin(self) -> None:
        """Start a run."""
        for runs in self._runs.values():
            runs.append([])

    def add(self, name: str, value: float) -> None:
        """Note one measurement of the current run."""
        self._runs.setdefault(name, [[]])[-1].append(value)

    def has(self, name: str) -> bool:
        """Tell whether anything was measured under a name."""
        return any(self._runs.get(name, ()))

    def series(self, name: str) -> Series:
        """Return the runs' medians of one figure."""
        return Series(tuple(statistics.median(run) for run in self._runs[name] if run))


def series(values: Sequence[float]) -> Series:
    """Return a series of values that are medians already."""
    return Series(tuple(values))
