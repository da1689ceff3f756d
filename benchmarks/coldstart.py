"""A cold start: from the exec of the stub to its subscription, and the layer's size.

    python benchmarks/coldstart.py [--runs 3] [--starts 12]

The very layer that is published is built, unpacked and started, with a Runtime
API and a broker (WSS, TLS) on loopback: once until SUBACK, and once by its own
wrapper until it asks for its first event, when everything is compiled. The
process is ended there, so that its processor time is the cold start's.

Floors, in turns with it: the bare interpreter with the same flags, and a
process that connects and subscribes by awsiotsdk. This is a local CPython, not
a Lambda microVM: only the ratios carry over.
"""

import base64
import io
import os
import shutil
import socket
import sys
import time
import zipfile
from pathlib import Path

from support import place
from support.processes import MARK, Bench, Spent, ended, refuse_leftovers, run, step
from support.result import Result, arguments, shown
from support.stats import Collector

from samlive_stub.contract import Settings
from samlive_stub.layer import build_layer

UNTIL = """
import gc, sys
gc.disable()
here = __file__.rpartition("/")[0]
loader = {"__name__": "loader"}
with open(here + "/__main__.py") as source:
    exec(source.read(), loader)
sys.meta_path.insert(0, loader["Archive"](here))
import os
from samlive_stub.contract import Settings
from samlive_stub.init import Early
early = Early(Settings.decode(os.environ["SAMLIVE"]), os.environ)
early.connect()
os._exit(0 if early.connection.open else 1)
"""
"""What Init does until SUBACK, by the layer's own modules."""

INTERPRETER = os.path.realpath(sys.executable)


class Stub:
    """The unpacked layer and a Runtime API that waits for it.

    Args:
        where: The broker.
        content: The layer's zip.
    """

    def __init__(self, where: place.Place, content: bytes) -> None:
        opt = where.folder / "opt"
        shutil.rmtree(opt, ignore_errors=True)
        zipfile.ZipFile(io.BytesIO(content)).extractall(opt)
        # As many roots as in the cloud, and ours.
        with (opt / "samlive" / "samlive_stub" / "roots.der").open("ab") as roots:
            roots.write(where.root.read_bytes())
        self._start = opt / "samlive" / "start"
        self._start.chmod(0o755)
        self._api = socket.create_server((place.LOOPBACK, 0))
        self._environment = self._variables(where)

    def _variables(self, where: place.Place) -> dict[str, str]:
        settings = Settings(
            app=place.APP,
            stage=place.STAGE,
            function="Cold",
            endpoint=where.endpoint,
            region=place.REGION,
            key=base64.urlsafe_b64encode(where.key).decode().rstrip("="),
        )
        return {
            **place.CREDENTIALS,
            MARK: "1",
            "SAMLIVE": settings.encode(),
            "AWS_LAMBDA_RUNTIME_API": f"{place.LOOPBACK}:{self._api.getsockname()[1]}",
            "AWS_LAMBDA_FUNCTION_NAME": "bench-cold",
        }

    def subscribed(self) -> Spent:
        """Let it connect and subscribe as Init does, and nothing after that."""
        until = self._start.with_name("until.py")
        until.write_text(UNTIL)
        flags = [INTERPRETER, "-S", "-E", "-I", str(until)]
        return run(flags, self._environment)

    def once(self) -> Spent:
        """Start the stub and end it when it asks for its first event."""
        started = time.perf_counter()
        pid = os.posix_spawn(str(self._start), [str(self._start), INTERPRETER], self._environment)
        connection, _ = self._api.accept()
        with connection:
            request = connection.recv(4096)
            os.kill(pid, 9)
        if not request.startswith(b"GET /2018-06-01/runtime/invocation/next"):
            raise SystemExit(f"the stub did not start: {request[:200]!r}")
        return ended(pid, started)


def main() -> None:
    """Measure cold starts and hold them against their goals."""
    options = arguments(__doc__, starts=12)
    refuse_leftovers()
    result = Result("coldstart", shown(options))
    found = Collector()
    layer = build_layer()
    for number in range(options.runs):
        with step(f"cold starts, run {number + 1}"), Bench() as bench:
            found.begin()
            _one_run(bench, layer.zip, found, options.starts)
    _report(result, found, len(layer.zip))
    result.finish(options.results)


def _one_run(bench: Bench, content: bytes, found: Collector, starts: int) -> None:
    where = place.broker(bench)
    stub = Stub(where, content)
    client = [sys.executable, "-m", "support.awsiot_client", where.endpoint, str(where.ca)]
    package = str(Path(__file__).parent)
    environment = {**os.environ, **place.CREDENTIALS, "PYTHONPATH": package}
    for number in range(-2, starts):
        spent = {
            "bare": run([INTERPRETER, "-S", "-E", "-I", "-c", "pass"]),
            "stub": stub.once(),
            "subscribed": stub.subscribed(),
            "awsiotsdk": run(client, environment),
        }
        if number >= 0:
            for name, cost in spent.items():
                found.add(f"{name} wall", cost.wall)
                found.add(f"{name} cpu", cost.cpu)


def _report(result: Result, found: Collector, size: int) -> None:
    table = result.table(
        "Cold start: exec → SUBACK over loopback WSS", "process", "wall, ms", "CPU, ms", "CPU ratio"
    )
    bare = found.series("bare cpu")
    titles = {
        "bare": "bare interpreter, -S -E -I -c pass",
        "subscribed": "the stub until SUBACK",
        "stub": "the stub until it asks for its first event",
        "awsiotsdk": "a client on awsiotsdk",
    }
    for name, title in titles.items():
        wall, cpu = found.series(f"{name} wall"), found.series(f"{name} cpu")
        table.add(title, wall.text(1), cpu.text(1), cpu.over(bare).text(1))
    bars = [
        (title, found.series(f"{n} cpu").middle, n in ("stub", "subscribed"))
        for n, title in titles.items()
    ]
    result.chart("Processor time of a cold start", " ms", *bars)
    table.notes.append("the layer holds sources: half is compiled before SUBACK, the rest after it")
    table.notes.append(f"layer: {size:,} bytes zipped")
    stub = found.series("subscribed cpu")
    result.goal(
        "stub start to subscribed, CPU over the bare interpreter", 5.0, stub.over(bare).middle, "x"
    )
    ratio = stub.over(found.series("awsiotsdk cpu")).middle
    result.goal("stub start to subscribed, CPU over awsiotsdk", 0.4, ratio, "x")
    result.goal("size of the layer", 25.0, size / 1024, " KB")


if __name__ == "__main__":
    main()
