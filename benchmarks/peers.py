"""samlive beside the tools that people use today, in one run, in turns.

    python benchmarks/peers.py [--tools live,sam,serverless,lld] [--runs 3] …

Each tool is started with its own command line and runs an echo function in
Node.js and in Python that logs one line. All are up at the same time and are
called in turns; the plain echo in the same cloud is the floor. A save writes a
new value, and calls follow until an answer holds it.

Tools are installed from PyPI and npm into `.cache/bench`. What cannot be
installed or started is skipped and says so. There is no account and no
network, so what every tool that uses AWS IoT pays for the way there and back is
left out, for all of them alike.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack

from support.peers import clouds, debugger, live, sam, serverless
from support.peers.subject import Subject
from support.processes import Bench, refuse_leftovers, step
from support.result import Result, arguments, say, shown
from support.stats import Collector
from support.tools import Missing

from samlive import offline

TOOLS = ("live", "sam", "serverless", "lld")
SETTLE_SECONDS = 3.0


def main() -> None:
    """Start the tools, measure them in turns, hold samlive against its goal."""
    options = arguments(__doc__, choices={"tools": TOOLS}, calls=20, saves=4)
    refuse_leftovers()
    result = Result("peers", shown(options))
    found = Collector()
    tally: dict[str, list[int]] = {}
    with Bench() as bench:
        subjects = _start(bench, result, options.tools)
        time.sleep(SETTLE_SECONDS)
        for subject in subjects:
            found.add(f"{subject.name} first", subject.call("first")[0])
        for number in range(options.runs):
            found.begin()
            with step(f"calls in turns, run {number + 1}"):
                _calls(subjects, found, tally, options.calls, number)
            with step(f"saves in turns, run {number + 1}"):
                _saves(subjects, found, tally, options.saves, number)
    _report(result, subjects, found, tally)
    result.finish(options.results)


def _start(bench: Bench, result: Result, tools: tuple[str, ...]) -> list[Subject]:
    stack = bench.enter_context(ExitStack())
    cloud = stack.enter_context(offline.start(bench.folder / "cloud"))
    variables = cloud.environment
    subjects = clouds.echoes(variables, "the offline cloud")
    plain: dict[str, str] = {}

    def debugged() -> list[Subject]:
        plain.update(clouds.stock(bench))
        return [
            *clouds.echoes(plain, "the plain emulator")[:1],
            *debugger.start(bench, plain),
        ]

    starts: dict[str, list[Callable[[], list[Subject]]]] = {
        "live": [lambda: live.start(bench, variables)],
        "sam": [lambda: sam.start(bench, variables)],
        "serverless": [
            lambda: serverless.start(bench, reload=False),
            lambda: serverless.start(bench, reload=True),
        ],
        "lld": [debugged],
    }
    for tool in tools:
        for start in starts[tool]:
            try:
                with step(f"starting {tool}"):
                    subjects += start()
            except Missing as problem:
                result.skip(tool, str(problem))
    return subjects


def _calls(
    subjects: list[Subject], found: Collector, tally: dict[str, list[int]], calls: int, run: int
) -> None:
    for number in range(-2, calls):
        for subject in subjects:
            spent, value = subject.call(f"{run}-{number}")
            if number < 0:
                continue
            counts = tally.setdefault(subject.name, [0, 0, 0, 0])
            counts[0] += 1
            counts[1] += value is None
            if value is not None:
                found.add(f"{subject.name} call", spent)


def _saves(
    subjects: list[Subject], found: Collector, tally: dict[str, list[int]], saves: int, run: int
) -> None:
    for number in range(saves):
        for subject in subjects:
            if subject.source is None:
                continue
            spent, older = subject.save_to_served(f"s{run}x{number}")
            found.add(f"{subject.name} older", older)
            if spent is None:
                tally[subject.name][2] += 1
                say(f"{subject.name}: a save was never served")
            else:
                found.add(f"{subject.name} save", spent)


def _report(
    result: Result, subjects: list[Subject], found: Collector, tally: dict[str, list[int]]
) -> None:
    table = result.table(
        "Side by side: warm call, and save → first answer with new code",
        "tool",
        "warm call, ms",
        "over its echo, ms",
        "first, ms",
        "save → served, ms",
        "older answers per save",
        "wrong or lost",
    )
    bars: list[tuple[str, float, bool]] = []
    for subject in subjects:
        name = subject.name
        call, over = found.series(f"{name} call"), "-"
        if subject.floor is not None:
            added = call.minus(found.series(f"{subject.floor} call"))
            over = added.text(1)
            if subject.tool == "samlive dev":
                what = f"invoke over an echo function, {subject.language}"
                result.goal(what, 5.0, added.middle, " ms")
        served, older = ("never", "all") if subject.source is None else ("-", "-")
        if subject.floor is None and subject.tool.startswith("echo"):
            served = older = "-"
        if found.has(f"{name} save"):
            times = found.series(f"{name} save")
            served = times.text(0)
            older = found.series(f"{name} older").text(0)
            bars.append((name, times.middle, subject.tool == "samlive dev"))
        calls, wrong, never, _ = tally[name]
        if never:
            served += f", never: {never}"
        first = found.series(f"{name} first").text(0)
        table.add(name, call.text(1), over, first, served, older, f"{wrong} of {calls}")
    table.notes.append("older answers depend on how fast the old code answers meanwhile")
    table.notes.append("every handler logs a line: a silent one costs more on the plain emulator")
    if bars:
        result.chart("Save → first answer with new code", " ms", *bars)


if __name__ == "__main__":
    main()
