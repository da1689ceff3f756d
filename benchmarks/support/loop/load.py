"""Calls per second with 1, 8 and 64 under way, beside a raw client with as many.

One relay, one connection each, a function that does nothing, AWS IoT's rate
limits out of the way at both sides. The remote environments share one process
and one connection (`fleet`); the raw client keeps as many messages in flight.
Each of the 64 environments has a process of its own on the relay's side, forked
from a zygote that stands ready, as in every session but the first.

A raw message is copied by three processes; a live call is sealed, opened, kept in
order, run and sealed again by four. So the second table says what each of them
spends on a call, and how many calls a second the relay alone would be good for.
"""

import os
import time
from dataclasses import dataclass

from support import place, projects
from support.fleet import Fleet
from support.loop.invoke import event
from support.processes import Bench, Child, busy_seconds, step
from support.raw import DOWN, UP, RawClient
from support.result import Result
from support.stats import Collector

LEVELS = (1, 8, 64)
ZYGOTE_SECONDS = 30.0
LIVE = ("remote ends", "broker", "relay", "workers")
RAW = ("client", "broker", "echo")


@dataclass(frozen=True, slots=True)
class Scene:
    """What takes part in a run.

    Args:
        fleet: The remote environments, in this process.
        raw: The raw client, in this process.
        live: Processes that a call passes, by what they are.
        floor: Processes that a raw message passes.
        body: The event.
    """

    fleet: Fleet
    raw: RawClient
    live: dict[str, list[int]]
    floor: dict[str, list[int]]
    body: bytes


def measure(result: Result, runs: int, calls: int) -> None:
    """Measure the levels and hold the highest against its goal."""
    found = Collector()
    place.unpace()
    for number in range(runs):
        with step(f"calls per second, run {number + 1}"), Bench() as bench:
            found.begin()
            scene = _scene(bench)
            for level in LEVELS:
                _level(scene, found, level, max(level, calls if level > 1 else calls // 4))
            scene.raw.close()
            scene.fleet.close()
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
    table.notes.append("one connection at each end; processes of the function are forks")
    _budget(result, found)
    ratio = found.series("live 64").over(found.series("raw 64")).middle
    result.goal("calls per second, 64 in flight, over the raw client", 0.5, ratio, "x", True)


def _budget(result: Result, found: Collector) -> None:
    """Show what each process spends on a call, and on a raw message."""
    names = dict.fromkeys((*LIVE, *RAW))
    titles = [f"{kind}, {level} under way" for level in LEVELS for kind in ("live", "raw")]
    table = result.table("Processor time of a call, µs", "of", *titles)
    kinds = [(kind, level) for level in LEVELS for kind in ("live", "raw")]
    for name in (*names, "altogether"):
        cells = [f"{kind} {level} {name}" for kind, level in kinds]
        table.add(name, *(found.series(c).text(0) if found.has(c) else "-" for c in cells))
    relay = found.series(f"live {LEVELS[-1]} relay").middle
    table.notes.append(
        f"so one core of the relay's would do for {1e6 / relay:,.0f} calls per second; "
        f"all of them share {os.cpu_count()}"
    )


def _scene(bench: Bench) -> Scene:
    where = place.broker(bench)
    echo = bench.python("support.raw", where.endpoint, str(where.ca))
    echo.hear()
    project = projects.python(bench.folder / "project", "plain", projects.PLAIN)
    functions = {"Plain": project.fields()}
    relay = place.relay(bench, where, functions, project.file.parent, paced=False)
    raw = RawClient(where.endpoint, str(where.ca), "raw-client", DOWN)
    fleet = Fleet(where, ["Plain"] * max(LEVELS))
    body = event()
    fleet.run(1, 1, lambda _: body, environments=[0])
    _await_zygote(relay)
    fleet.run(max(LEVELS), 8, lambda _: body)
    here, broker = [os.getpid()], [where.broker.pid]
    workers = relay.ask("state")["pids"]
    live = dict(zip(LIVE, (here, broker, [relay.pid], workers), strict=True))
    floor = dict(zip(RAW, (here, broker, [echo.pid]), strict=True))
    return Scene(fleet, raw, live, floor, body)


def _await_zygote(relay: Child) -> None:
    """Wait until a process that has imported what the function needs stands ready to fork."""
    until = time.monotonic() + ZYGOTE_SECONDS
    while not relay.ask("state")["zygotes"]:
        if time.monotonic() > until:
            raise SystemExit("no zygote was started")
        time.sleep(0.05)


def _level(scene: Scene, found: Collector, level: int, wanted: int) -> None:
    taking = range(level)
    scene.fleet.run(level * 2, level, lambda _: scene.body, environments=taking)
    before, started = _spent(scene.live), time.perf_counter()
    done = scene.fleet.run(wanted, level, lambda _: scene.body, environments=taking)
    found.add(f"live {level}", wanted / (time.perf_counter() - started))
    _note(found, f"live {level}", before, _spent(scene.live), wanted)
    times = sorted(call.seconds for call in done)
    found.add(f"latency {level}", times[len(times) // 2] * 1000)
    before = _spent(scene.floor)
    found.add(f"raw {level}", _raw(scene.raw, level, wanted * 4, scene.body))
    _note(found, f"raw {level}", before, _spent(scene.floor), wanted * 4)


def _spent(processes: dict[str, list[int]]) -> dict[str, float]:
    return {name: sum(map(busy_seconds, pids)) for name, pids in processes.items()}


def _note(
    found: Collector, what: str, before: dict[str, float], after: dict[str, float], calls: int
) -> None:
    for name, seconds in after.items():
        found.add(f"{what} {name}", (seconds - before[name]) * 1e6 / calls)
    found.add(f"{what} altogether", (sum(after.values()) - sum(before.values())) * 1e6 / calls)


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
