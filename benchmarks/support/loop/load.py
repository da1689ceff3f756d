"""Calls per second with 1, 8 and 64 under way, beside a raw client with as many.

One relay, one connection each, a function that does nothing, AWS IoT's rate
limits out of the way at both sides. The remote environments share one process
and one connection (`fleet`); the raw client keeps as many messages in flight.
Each of the 64 environments has a process of its own on the relay's side.
"""

import time

from support import place, projects
from support.fleet import Fleet
from support.loop.invoke import event
from support.processes import Bench, step
from support.raw import DOWN, UP, RawClient
from support.result import Result
from support.stats import Collector

LEVELS = (1, 8, 64)


def measure(result: Result, runs: int, calls: int) -> None:
    """Measure the levels and hold the highest against its goal."""
    found = Collector()
    place.unpace()
    for number in range(runs):
        with step(f"calls per second, run {number + 1}"), Bench() as bench:
            found.begin()
            _one_run(bench, found, calls)
    table = result.table(
        "Calls per second (loopback WSS, 2.4 KB event, sealed, rate limits off)",
        "under way",
        "raw two-hop echo, /s",
        "live calls, /s",
        "ratio",
        "median latency, ms",
    )
    for level in LEVELS:
        raw, live = found.series(f"raw {level}"), found.series(f"live {level}")
        latency = found.series(f"latency {level}")
        table.add(str(level), raw.text(0), live.text(0), live.over(raw).text(), latency.text(1))
    ratio = found.series("live 64").over(found.series("raw 64")).middle
    result.goal("calls per second, 64 in flight, over the raw client", 0.5, ratio, "x", True)


def _one_run(bench: Bench, found: Collector, calls: int) -> None:
    where = place.broker(bench)
    bench.python("support.raw", where.endpoint, str(where.ca)).hear()
    project = projects.python(bench.folder / "project", "plain", projects.PLAIN)
    functions = {"Plain": project.fields()}
    place.relay(bench, where, functions, project.file.parent, paced=False)
    raw = RawClient(where.endpoint, str(where.ca), "raw-client", DOWN)
    fleet = Fleet(where, ["Plain"] * max(LEVELS))
    body = event()
    fleet.run(max(LEVELS), 8, lambda _: body)
    for level in LEVELS:
        wanted = max(level, calls if level > 1 else calls // 4)
        taking = range(level)
        fleet.run(level * 2, level, lambda _: body, environments=taking)
        started = time.perf_counter()
        done = fleet.run(wanted, level, lambda _: body, environments=taking)
        found.add(f"live {level}", wanted / (time.perf_counter() - started))
        times = sorted(call.seconds for call in done)
        found.add(f"latency {level}", times[len(times) // 2] * 1000)
        found.add(f"raw {level}", _raw(raw, level, wanted * 4, body))
    raw.close()
    fleet.close()


def _raw(raw: RawClient, level: int, wanted: int, body: bytes) -> float:
    started = time.perf_counter()
    raw.publish(UP, *[body] * level)
    sent, received = level, 0
    while received < wanted:
        arrived = len(raw.receive())
        received += arrived
        more = min(arrived, wanted - sent)
        if more > 0:
            raw.publish(UP, *[body] * more)
            sent += more
    return wanted / (time.perf_counter() - started)
