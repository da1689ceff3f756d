"""What it costs when there is more of it: functions, and execution environments.

    python benchmarks/scale.py [--runs 3] [--functions 50] [--environments 500]

One relay on a loopback broker. First with 1 to 50 functions, each in a folder
of its own and called once, then left alone: memory, descriptors, processor time
while nothing happens. Then with one function and 10 to 500 (or 1,000) remote
environments, which are complete protocol ends sharing one connection (see
`support/fleet.py`): the first call of each, a second round of calls, and what
the relay and its workers hold then.

Memory is Private_Dirty: pages that a process has written and shares with
nobody. A relay keeps at most 64 idle workers, so memory stops growing there
and a call to an environment whose worker was ended starts another.
"""

import statistics
import time

from support import place, projects
from support.fleet import Fleet
from support.processes import Bench, Child, busy_seconds, refuse_leftovers, step
from support.result import Result, arguments, shown
from support.stats import Collector

from process_tree import descendants, descriptors, private_kib

AT_ONCE = 8
IDLE_SECONDS = 5.0
LEARN_SECONDS = 1.5
FUNCTION_LEVELS = (1, 10, 50)
ENVIRONMENT_LEVELS = (10, 100, 500, 1000)


def main() -> None:
    """Measure both series and hold the largest against the goals."""
    options = arguments(__doc__, functions=50, environments=500)
    refuse_leftovers()
    result = Result("scale", shown(options))
    place.unpace()
    functions = [level for level in FUNCTION_LEVELS if level <= options.functions]
    environments = [level for level in ENVIRONMENT_LEVELS if level <= options.environments]
    found = Collector()
    for number in range(options.runs):
        found.begin()
        for level in functions:
            with step(f"{level} functions, run {number + 1}"), Bench() as bench:
                _functions(bench, found, level)
        for level in environments:
            with step(f"{level} environments, run {number + 1}"), Bench() as bench:
                _environments(bench, found, level)
    _report_functions(result, found, functions)
    _report_environments(result, found, environments)
    result.finish(options.results)


def _start(bench: Bench, count: int, found: Collector, name: str) -> tuple[place.Place, Child]:
    where = place.broker(bench)
    folder = bench.folder / "project"
    made = {
        f"Function{number}": projects.python(folder, f"f{number}", projects.BOTO3).fields()
        for number in range(count)
    }
    started = time.perf_counter()
    relay = place.relay(bench, where, made, folder, paced=False)
    found.add(f"{name} start", (time.perf_counter() - started) * 1000)
    return where, relay


def _functions(bench: Bench, found: Collector, level: int) -> None:
    name = f"functions {level}"
    where, relay = _start(bench, level, found, name)
    fleet = Fleet(where, [f"Function{number}" for number in range(level)])
    _calls(fleet, level, found, f"{name} first")
    _calls(fleet, level, found, f"{name} second")
    family = [relay.pid, *descendants(relay.pid)]
    time.sleep(1.0)
    before, began = sum(map(busy_seconds, family)), time.perf_counter()
    time.sleep(IDLE_SECONDS)
    used = sum(map(busy_seconds, family)) - before
    found.add(f"{name} idle", used / (time.perf_counter() - began) * 100)
    _holds(relay, found, name)
    fleet.close()


def _environments(bench: Bench, found: Collector, level: int) -> None:
    name = f"environments {level}"
    where, relay = _start(bench, 1, found, name)
    # One call before: from it the relay learns what to preload.
    fleet = Fleet(where, ["Function0"])
    fleet.run(1, 1, lambda _: b"{}")
    time.sleep(LEARN_SECONDS)
    fleet.close()
    fleet = Fleet(where, ["Function0"] * level)
    _calls(fleet, level, found, f"{name} first")
    _calls(fleet, level, found, f"{name} second")
    _holds(relay, found, name)
    fleet.close()


def _calls(fleet: Fleet, level: int, found: Collector, name: str) -> None:
    started = time.perf_counter()
    fleet.run(level, AT_ONCE, lambda _: b"{}", seconds=300)
    found.add(name, (time.perf_counter() - started) * 1000 / level)


def _holds(relay: Child, found: Collector, name: str) -> None:
    workers = descendants(relay.pid)
    serving = set(relay.ask("state")["pids"])
    found.add(f"{name} relay MiB", private_kib(relay.pid) / 1024)
    found.add(f"{name} descriptors", descriptors(relay.pid))
    found.add(f"{name} processes", len(serving))
    found.add(f"{name} worker MiB", statistics.median(map(private_kib, serving)) / 1024)
    found.add(f"{name} others MiB", sum(map(private_kib, workers - serving)) / 1024)


def _report_functions(result: Result, found: Collector, levels: list[int]) -> None:
    table = result.table(
        "More functions (each imports boto3, one environment each)",
        "functions",
        "start, ms",
        "first call each, ms",
        "relay, MiB",
        "shared helpers, MiB",
        "typical worker, MiB",
        "descriptors",
        "idle CPU, %",
    )
    for level in levels:
        name = f"functions {level}"
        table.add(
            str(level),
            found.series(f"{name} start").text(0),
            found.series(f"{name} first").text(1),
            found.series(f"{name} relay MiB").text(1),
            found.series(f"{name} others MiB").text(1),
            found.series(f"{name} worker MiB").text(1),
            found.series(f"{name} descriptors").text(0),
            found.series(f"{name} idle").text(2),
        )
    table.notes.append("a first session: what to preload is learned from the first calls")
    if levels[-1] == FUNCTION_LEVELS[-1]:
        name = f"functions {levels[-1]}"
        idle, memory = found.series(f"{name} idle"), found.series(f"{name} relay MiB")
        note = "relay and its workers together"
        result.goal("idle relay with 50 functions, CPU", 0.5, idle.middle, " %", note=note)
        result.goal("idle relay with 50 functions, memory", 150.0, memory.middle, " MiB")


def _report_environments(result: Result, found: Collector, levels: list[int]) -> None:
    table = result.table(
        f"More environments (one function that imports boto3, {AT_ONCE} calls under way)",
        "environments",
        "first call each, ms",
        "second call each, ms",
        "relay, MiB",
        "workers alive",
        "typical worker, MiB",
        "descriptors",
    )
    for level in levels:
        name = f"environments {level}"
        table.add(
            str(level),
            found.series(f"{name} first").text(1),
            found.series(f"{name} second").text(1),
            found.series(f"{name} relay MiB").text(1),
            found.series(f"{name} processes").text(0),
            found.series(f"{name} worker MiB").text(1),
            found.series(f"{name} descriptors").text(0),
        )
    if len(levels) < 2:
        return
    small, large = (f"environments {level}" for level in (levels[0], levels[-1]))
    ratio = found.series(f"{large} first").over(found.series(f"{small} first")).middle
    what = f"first call of each of {levels[-1]} environments over each of {levels[0]}"
    result.goal(what, 1.5, ratio, "x", note="linear when about 1")
    memory = found.series(f"{large} worker MiB").middle
    result.goal("memory of each environment's worker", 5.0, memory, " MiB")


if __name__ == "__main__":
    main()
