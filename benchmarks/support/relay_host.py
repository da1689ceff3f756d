"""A relay in a process of its own: told what to serve by a line of JSON.

It answers `{"ready": …}` or `{"error": …}`, then every line it gets: "state"
with its processes, "events" with what it has observed. It stops with its input.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from samlive_relay import connections, garbage
from samlive_relay.config import AwsCredentials, Broker, LocalFunction, RelayConfig
from samlive_relay.errors import RelayError
from samlive_relay.events import RelayEvent, Reloaded, Warned
from samlive_relay.relay import Relay

from .place import unpace


class Observer:
    """Counts events, and keeps the time of reloads."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.reloads: list[tuple[float, list[str]]] = []
        self.warnings: list[str] = []

    def __call__(self, event: RelayEvent) -> None:
        """Take an event."""
        self.counts[type(event).__name__] += 1
        if isinstance(event, Reloaded):
            self.reloads.append((time.monotonic(), list(event.files)))
        elif isinstance(event, Warned):
            self.warnings.append(event.text)

    def take(self) -> dict[str, Any]:
        """Return what was observed since the last time."""
        taken = {"counts": self.counts, "reloads": self.reloads, "warnings": self.warnings}
        self.counts, self.reloads, self.warnings = Counter(), [], []
        return taken


def storage(variables: dict[str, str]) -> Any:
    """Return where large payloads go: the bucket, as the command hands it in."""
    from samlive.access import Access
    from samlive.deploy.aws import Aws
    from samlive.deploy.storage import BucketStorage

    class Fresh:
        """A session that has seen no bucket before."""

        def knows_bucket(self, name: str) -> bool:
            return False

        def remember_bucket(self, name: str) -> None:
            pass

    aws = Aws(Access(variables, variables["AWS_REGION"], isolated=True))
    return BucketStorage(aws, aws.identity().account, Fresh())


def config(told: dict[str, Any]) -> RelayConfig:
    """Make a relay's configuration from the line."""
    settings = dict(told["settings"])
    if told["cloud"]:
        settings["storage"] = storage(told["cloud"])
    keys = told["credentials"]
    credentials = AwsCredentials(keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"])
    functions = {
        name: LocalFunction(name, **{**given, "code": Path(given["code"])})
        for name, given in told["functions"].items()
    }
    return RelayConfig(
        app=told["app"],
        stage=told["stage"],
        key=bytes.fromhex(told["key"]),
        owner="bench",
        broker=Broker(told["endpoint"], told["region"], lambda: credentials, Path(told["ca"])),
        functions=functions,
        project=Path(told["project"]),
        state=Path(told["state"]),
        **settings,
    )


async def serve(told: dict[str, Any]) -> None:
    """Run a relay until standard input ends."""
    observer = Observer()
    relay = Relay(config(told), observer)
    try:
        await relay.start()
    except RelayError as problem:
        _say({"error": f"{problem.message} {problem.hint}"})
        return
    garbage.leave_alone()  # as the command does
    _say({"ready": True})
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    loop.add_reader(0, lambda: lines.put_nowait(sys.stdin.readline()))
    while line := await lines.get():
        if json.loads(line) == "events":
            _say(observer.take())
        else:
            zygotes = relay.zygotes.pids
            _say({"pids": relay.pool.pids, "zygotes": zygotes, "time": time.monotonic()})
    loop.remove_reader(0)
    await relay.stop(0)


def _say(value: object) -> None:
    print(json.dumps(value), flush=True)


def main() -> None:
    """Serve what the first line says."""
    told = json.loads(sys.stdin.readline())
    if not told["paced"]:
        unpace()
        connections.FIRST = connections.MOST = 1  # more of them are for the limits alone
    asyncio.run(serve(told))


if __name__ == "__main__":
    main()
