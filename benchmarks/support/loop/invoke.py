"""One call after another: the whole live call against a raw two-hop echo.

Both go over the same broker with an event of the same size, in turns. The echo
is two publishes; a live call is three (request, acknowledgement, answer), all
sealed, and a Python function that runs in between.

Three ways: back to back with the product's pacing out of the way (AWS IoT's
100 publishes a second would otherwise be what is measured), as shipped with a
pause that keeps below it, and behind an emulated round trip of 30 ms.
"""

import json
import time

from support import network, place, projects
from support.processes import Bench, step
from support.raw import DOWN, UP, RawClient
from support.result import Result
from support.stats import Collector, Series

WARM_UP = 30
ROUND_TRIP_MS = 30.0
PACED_PAUSE = 0.05


def event() -> bytes:
    """Return an API Gateway proxy event of the usual size."""
    headers = {f"x-header-{number}": "value " * 6 for number in range(24)}
    body = {
        "resource": "/orders/{id}",
        "path": "/orders/42",
        "httpMethod": "GET",
        "headers": headers,
        "queryStringParameters": {"page": "1"},
        "pathParameters": {"id": "42"},
        "requestContext": {"stage": "dev", "identity": {"sourceIp": "127.0.0.1"}},
        "body": None,
        "isBase64Encoded": False,
    }
    return json.dumps(body).encode()


class Pair:
    """A raw echo and a live function on one broker, called in turns."""

    def __init__(
        self, bench: Bench, *, paced: bool, remote: "network.Namespaces | None" = None
    ) -> None:
        here, there = (None, None) if remote is None else (remote.cloud, remote.laptop)
        address = place.LOOPBACK if remote is None else remote.cloud_address
        self.place = place.broker(bench, address, here)
        echo = bench.python("support.raw", self.place.endpoint, str(self.place.ca), namespace=there)
        echo.hear()
        project = projects.python(bench.folder / "project", "plain", projects.PLAIN)
        self.relay = place.relay(
            bench,
            self.place,
            {"Plain": project.fields()},
            project.file.parent,
            paced=paced,
            namespace=there,
        )
        self._event = event()

    def connect(self) -> None:
        """Connect both remote ends."""
        self._raw = RawClient(self.place.endpoint, str(self.place.ca), "raw-client", DOWN)
        self._stub = place.Stub(self.place, "Plain")

    def raw(self) -> float:
        """Send an event round the echo; return milliseconds."""
        started = time.perf_counter()
        self._raw.publish(UP, self._event)
        while not self._raw.receive():
            pass
        return (time.perf_counter() - started) * 1000

    def live(self) -> float:
        """Invoke the function with it; return milliseconds."""
        given = place.fields(60.0)  # Lambda makes them, not the stub
        started = time.perf_counter()
        self._stub.call(self._event, given=given)
        return (time.perf_counter() - started) * 1000

    def close(self) -> None:
        """Hang up."""
        self._raw.close()
        self._stub.close()


def measure(result: Result, runs: int, calls: int, distant: int) -> None:
    """Measure the three ways and hold them against their goals."""
    table = result.table(
        "Invoke: stub → broker → relay → Python worker and back, 2.4 KB event, sealed, WSS",
        "way",
        "raw two-hop echo, ms",
        "live call, ms",
        "ratio",
        "difference, ms",
    )
    place.unpace()
    back = _loopback("back to back, unpaced", runs, calls, paced=False)
    _row(table.add, "loopback, back to back", back)
    result.goal(
        "invoke over raw two-hop echo, loopback WSS", 1.8, back[1].over(back[0]).middle, "x"
    )
    spaced = _loopback("one every 50 ms, paced", runs, max(5, calls // 4), paced=True)
    _row(table.add, "loopback, as shipped, one every 50 ms", spaced)
    table.notes.append("back to back: AWS IoT's limits of 100 publishes/s are not kept")
    what = f"invoke over raw two-hop echo, {ROUND_TRIP_MS:.0f} ms round trip"
    if problem := network.unavailable():
        result.skip(what, problem)
        result.goal(what, 1.05, None, "x", note=problem)
        return
    far = [_distant(number, distant) for number in range(runs)]
    both = (Series(tuple(raw for raw, _, _ in far)), Series(tuple(live for _, live, _ in far)))
    _row(table.add, f"{ROUND_TRIP_MS:.0f} ms between broker and laptop", both)
    table.notes.append(f"emulated round trip, as measured by ping: {far[0][2]:.1f} ms")
    result.goal(what, 1.05, both[1].over(both[0]).middle, "x")


def _row(add: "object", way: str, both: tuple[Series, Series]) -> None:
    raw, live = both
    assert callable(add)
    add(way, raw.text(), live.text(), live.over(raw).text(), live.minus(raw).text())


def _loopback(text: str, runs: int, calls: int, *, paced: bool) -> tuple[Series, Series]:
    found = Collector()
    for number in range(runs):
        with step(f"invoke, {text}, run {number + 1}"), Bench() as bench:
            found.begin()
            pair = Pair(bench, paced=paced)
            pair.connect()
            _in_turns(pair, found, calls, PACED_PAUSE if paced else 0.0)
            pair.close()
    return found.series("raw"), found.series("live")


def _in_turns(pair: Pair, found: Collector, calls: int, pause: float) -> None:
    for number in range(-min(WARM_UP, calls), calls):
        for name, call in (("raw", pair.raw), ("live", pair.live)):
            if pause:
                time.sleep(pause)
            spent = call()
            if number >= 0:
                found.add(name, spent)


def _distant(number: int, calls: int) -> tuple[float, float, float]:
    """Measure with the laptop behind a delay; returns raw, live and the ping."""
    with step(f"invoke, {ROUND_TRIP_MS:.0f} ms away, run {number + 1}"), Bench() as bench:
        spaces = network.Namespaces(bench, ROUND_TRIP_MS)
        ping = spaces.ping()
        pair = Pair(bench, paced=False, remote=spaces)
        with spaces.inside_cloud():
            pair.connect()
            found = Collector()
            _in_turns(pair, found, calls, 0.0)
            pair.close()
    return found.series("raw").middle, found.series("live").middle, ping
