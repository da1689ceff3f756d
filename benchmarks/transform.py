"""The transform: read, rewrite and write a template, against PyYAML's own load.

    python benchmarks/transform.py [--runs 3] [--rounds 7]

The floor is `yaml.load` of the same text with PyYAML's C loader and constructors
for the short tags: what any Python tool pays to have the tree at all. Subject and
floor are taken in turns. All of it is computing in one thread, so processor time
is taken: a busy machine changes it less than the clock's. Templates are generated;
what they look like is said in `support/templates.py`.
"""

import time
from collections.abc import Callable
from typing import TypeVar

from support.result import Result, arguments, say, shown
from support.stats import Collector, Series
from support.templates import OPTIONS, load, template

from samlive_transform.deployed import render_deployed
from samlive_transform.edits import DELETE, Edit
from samlive_transform.people import render_people
from samlive_transform.rewrite import transform
from samlive_transform.source import parse

SIZES = (10, 100, 1000)
STEPS = {
    "load": "yaml.load, the floor",
    "read": "read: tree and places",
    "edit": "write for people, one function edited",
    "rules": "all rules and the report",
    "people": "write for people, every function live",
    "deployed": "write for CloudFormation",
    "whole": "read, rules, write for CloudFormation",
}
EDITS = (
    Edit(("Resources", "Function0", "Properties", "Timeout"), 900),
    Edit(("Resources", "Function0", "Properties", "Runtime"), "python3.13"),
    Edit(("Resources", "Function0", "Properties", "CodeUri"), DELETE),
    Edit(("Resources", "Function0", "Properties", "Environment", "Variables", "NEW"), "x"),
)

T = TypeVar("T")


def main() -> None:
    """Measure all sizes."""
    options = arguments(__doc__, rounds=7)
    result = Result("transform", shown(options))
    columns = (
        "step",
        *(f"{size} KB: ms" for size in SIZES),
        *(f"{size} KB: x load" for size in SIZES),
    )
    table = result.table("Templates, medians", *columns)
    times = {size: measure(size, options.runs, options.rounds) for size in SIZES}
    for step, what in STEPS.items():
        milliseconds = [times[size][step].text(1) for size in SIZES]
        ratios = [times[size][step].over(times[size]["load"]).text(2) for size in SIZES]
        table.add(what, *milliseconds, *ratios)
    hold(result, times)
    result.figures = {
        str(size): {step: series.runs for step, series in steps.items()}
        for size, steps in times.items()
    }
    result.finish(options.results)


def measure(size: int, runs: int, rounds: int) -> dict[str, Series]:
    """Return the times of every step at one size, in milliseconds."""
    text = template(size * 1000)
    collector = Collector()
    for run in range(runs):
        say(f"{size} KB, run {run + 1} of {runs}")
        collector.begin()
        for _ in range(rounds if size >= 1000 else rounds * 5):
            one_round(text, collector)
    return {step: collector.series(step) for step in STEPS}


def one_round(text: str, collector: Collector) -> None:
    """Take every step once, the floor among them."""

    def timed(step: str, work: Callable[[], T]) -> T:
        start = time.process_time()
        done = work()
        took[step] = (time.process_time() - start) * 1000
        collector.add(step, took[step])
        return done

    took: dict[str, float] = {}
    timed("load", lambda: load(text))
    source = timed("read", lambda: parse(text))
    timed("edit", lambda: render_people(source, EDITS))
    rewritten = timed("rules", lambda: transform(source, OPTIONS))
    timed("people", rewritten.people)
    timed("deployed", lambda: render_deployed(rewritten.template))
    collector.add("whole", took["read"] + took["rules"] + took["deployed"])


def hold(result: Result, times: dict[int, dict[str, Series]]) -> None:
    """Hold the figures against their goals."""
    small, middle, large = (times[size] for size in SIZES)
    for step, most in (("edit", 0.2), ("whole", 1.2)):
        ratio = large[step].over(large["load"]).middle
        result.goal(f"1 MB, {STEPS[step]}, against the load", most, ratio, "x")
    result.goal("1 MB, the whole way", 1000, large["whole"].middle, " ms")
    result.goal("10 KB, the whole way", 30, small["whole"].middle, " ms")
    growth = large["whole"].middle / middle["whole"].middle / (SIZES[2] / SIZES[1])
    result.goal("time per byte at 1 MB against 100 KB (linear is 1)", 1.5, growth, "x")


if __name__ == "__main__":
    main()
