"""Large payloads behind a line: 30 ms and 100 Mbit/s between the laptop and the cloud.

    cloud (broker, S3, stub)  ---  the line  ---  laptop (relay, function)

What a transfer by S3 takes is decided by the laptop's line, and loopback has
none. Its floor, in turns with it, goes over the same line: an answer's is a put
from the laptop and then a get next to the stub, an event's the other way round,
each over TLS and a connection that is kept, and nothing else. S3 is `bucket`,
which costs next to nothing; AWS IoT's limits are kept as everywhere.
"""

import base64
import json
import os
import ssl
import time
from contextlib import AbstractContextManager, ExitStack, closing
from http.client import HTTPSConnection

from support import network, place, projects
from support.processes import Bench, step
from support.result import Result
from support.stats import Collector

from .payloads import LARGEST, SIZES, SOURCE, timed

ROUND_TRIP_MS = 30.0
MEGABITS = 100.0
CALLS = 5
PAUSE_SECONDS = 0.3
"""Objects cost the broker next to nothing, so its limits want no longer one."""

LINE = f"{ROUND_TRIP_MS:.0f} ms and {MEGABITS:.0f} Mbit/s"
GOAL = f"6 MB answer, quotas on, over an S3 transfer alone, both over a line of {LINE}"


def measure(result: Result, runs: int, largest: int) -> None:
    """Measure the sizes that go through S3, up to `largest` bytes."""
    if problem := network.unavailable():
        result.skip(GOAL, problem)
        result.goal(GOAL, 1.2, None, "x", note=problem)
        return
    sizes = {name: size for name, size in SIZES.items() if 500_000 < size <= largest}
    found, pings = Collector(), []
    for number in range(runs):
        with step(f"payloads over a line, run {number + 1}"), Bench() as bench:
            found.begin()
            spaces = network.Namespaces(bench, ROUND_TRIP_MS, MEGABITS)
            pings.append(spaces.ping())
            _Line(bench, spaces).measure(found, sizes)
    table = result.table(
        f"Large payloads over a line of {LINE} between laptop and cloud (TLS, sealed, "
        "AWS IoT's limits kept)",
        "payload",
        "live call, ms",
        "S3 alone, ms",
        "ratio",
        "difference, ms",
    )
    for name in sizes:
        for way, floor in (("answer", "down"), ("request", "up")):
            live, alone = found.series(f"{way} {name}"), found.series(f"{floor} {name}")
            row = (live.text(0), alone.text(0), live.over(alone).text(), live.minus(alone).text(0))
            table.add(f"{name} {way}", *row)
            if (way, name) == ("answer", LARGEST):
                result.goal(GOAL, 1.2, live.over(alone).middle, "x")
    table.notes.append(f"emulated round trip, as measured by connecting: {pings[0]:.1f} ms")


class _Line:
    """A live function behind the line, and S3 alone beside it."""

    def __init__(self, bench: Bench, spaces: network.Namespaces) -> None:
        self._bench, self._spaces = bench, spaces
        self._place = place.broker(bench, spaces.cloud_address, spaces.cloud)
        keys = (str(self._place.ca), str(self._place.ca.with_suffix(".key")))
        arguments = (spaces.cloud_address, *keys)
        bucket = bench.python("support.bucket", *arguments, namespace=spaces.cloud)
        self._s3 = f"{spaces.cloud_address}:{bucket.hear()['port']}"
        project = projects.python(bench.folder / "project", "sizes", SOURCE)
        variables = {
            **place.CREDENTIALS,
            "AWS_ENDPOINT_URL": f"https://{self._s3}",
            "AWS_CA_BUNDLE": str(self._place.ca),
        }
        functions = {"Sizes": project.fields()}
        place.relay(
            bench,
            self._place,
            functions,
            project.file.parent,
            namespace=spaces.laptop,
            cloud=variables,
        )

    def measure(self, found: Collector, sizes: dict[str, int]) -> None:
        """Take calls and bare transfers in turns."""
        with ExitStack() as ends:
            cloud = self._connect(ends, self._spaces.inside_cloud())
            laptop = self._connect(ends, self._spaces.inside_laptop())
            ends.enter_context(self._spaces.inside_cloud())
            stub = ends.enter_context(closing(place.Stub(self._place, "Sizes")))
            for name, size in sizes.items():
                filling = base64.b64encode(os.urandom(size)).decode()[: size - 30]
                event = json.dumps({"size": 1, "filling": filling}).encode()
                wanted = json.dumps({"size": size}).encode()
                # The first ones make the answer and the connections, and tell who can what.
                for number in range(-2, CALLS):
                    into = found if number >= 0 else Collector()
                    assert timed(stub, wanted, into, f"answer {name}", PAUSE_SECONDS) == size + 2
                    into.add(f"down {name}", _transfer(laptop, cloud, size))
                    assert timed(stub, event, into, f"request {name}", PAUSE_SECONDS) == 3
                    into.add(f"up {name}", _transfer(cloud, laptop, size))

    def _connect(self, ends: ExitStack, there: AbstractContextManager[None]) -> HTTPSConnection:
        context = ssl.create_default_context(cafile=str(self._place.ca))
        host, _, port = self._s3.partition(":")
        connection = HTTPSConnection(host, int(port), context=context)
        with there:  # a socket stays where it was made
            connection.connect()
        return ends.enter_context(closing(connection))


def _transfer(source: HTTPSConnection, target: HTTPSConnection, size: int) -> float:
    """Put an object over one connection, then get it over the other; return milliseconds."""
    body = os.urandom(size)
    time.sleep(PAUSE_SECONDS)
    started = time.perf_counter()
    source.request("PUT", "/bench/body", body)
    source.getresponse().read()
    target.request("GET", "/bench/body")
    got = target.getresponse().read()
    spent = (time.perf_counter() - started) * 1000
    assert got == body
    return spent
