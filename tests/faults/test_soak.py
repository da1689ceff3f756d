"""A working day in minutes: memory, descriptors and processes do not grow.

Each round stands for five minutes of a day of eight hours in which connections break all the
time: the broker drops the relay's and the stubs' (as at AWS's limit of 24 hours,
at every change of the network and after every sleep), credentials have expired
by then, and between two breaks functions are called with small, chunked and
large payloads, fail, exit, and are edited.
"""

from collections.abc import Callable
from itertools import combinations
from statistics import median

import pytest

from fault_bench import Bench, until
from login import Login
from process_tree import descendants, descriptors, private_kib
from texts import base64_text

pytestmark = pytest.mark.e2e
Sample = dict[str, float]

GROWTH = 0.03
"""Part of its memory by which a process may seem to grow over the whole run."""

NOISE_KIB = 1536.0

MORE = 20.0
"""Descriptors and processes that come as the load asks for them: up to twelve more
connections, and processes in reserve. What leaked with each break would be many more."""


@pytest.mark.parametrize(
    "rounds",
    [8, pytest.param(96, marks=[pytest.mark.slow, pytest.mark.timeout(3000)])],
)
def test_a_day_of_reconnects_and_expiries_leaks_nothing(
    expiring: Bench, login: Login, rounds: int, record_property: Callable[[str, object], None]
) -> None:
    bench = expiring
    work(bench, 0)
    record_property("rounds", rounds)
    samples = []
    for number in range(1, rounds + 1):
        break_everything(bench, login, number)
        work(bench, number)
        samples.append(look(bench))
    warm = samples[len(samples) // 3 :]
    for name in warm[0]:
        values = [sample[name] for sample in warm]
        growth = slope(values) * len(values)
        record_property(name, round(median(values), 1))
        record_property(f"{name} growth", round(growth, 1))
        allowed = max(NOISE_KIB, GROWTH * median(values)) if "KiB" in name else MORE
        assert growth <= allowed, (name, values)


def slope(values: list[float]) -> float:
    """The median of all slopes between two samples (Theil and Sen).

    What comes once, such as more connections for more load, does not count.
    """
    pairs = combinations(enumerate(values), 2)
    return median((later - sooner) / (j - i) for (i, sooner), (j, later) in pairs)


def break_everything(bench: Bench, login: Login, number: int) -> None:
    live = bench.session.live
    if number % 4 == 0:
        login.expire()
    live.skip()
    assert bench.broker(cut=f"{bench.names}:") > 0
    live.expect("connection", where=lambda e: e["state"] == "reconnecting")
    if number % 4 == 0:
        live.expect("connection", where=lambda e: e["state"] == "refused")
        login.renew()
    live.expect("connection", where=lambda e: e["state"] == "connected", timeout=60)


def work(bench: Bench, number: int) -> None:
    for function in ("PythonRecorder", "NodeRecorder"):
        for size in (10, 120_000, 400_000):
            text = base64_text(size)
            assert bench.call(text, function=function) == (text, None)
        assert bench.call(function=function, action="raise", message="no tea")[1] == "Unhandled"
    if number % 5 == 0:
        assert bench.call(action="exit", status=1)[1] == "Unhandled"
    if number % 4 == 0:
        source = bench.session.live.project / "src/python/recorder.py"
        source.write_text(source.read_text() + f"# {number}\n")
        assert bench.call("edited") == ("edited", None)


def look(bench: Bench) -> Sample:
    """Count what relay and stubs hold, when nothing runs."""
    until(lambda: "busy" not in bench.environments().values())
    relay = bench.session.live.process.pid
    stubs = list(bench.environments())
    return {
        "relay KiB": private_kib(relay),
        "stub KiB": max(map(private_kib, stubs), default=0),
        "relay descriptors": descriptors(relay),
        "stub descriptors": max(map(descriptors, stubs), default=0),
        "processes": len(descendants(relay)),
        "stubs": len(stubs),
    }
