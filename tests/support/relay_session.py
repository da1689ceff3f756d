"""Sessions of a relay over the in-memory broker, with real processes."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from process_tree import is_running
from relay_broker import KEY, FakeTransport, Stub
from relay_broker import Broker as FakeBroker
from samlive_relay.config import AwsCredentials, Broker, LocalFunction, RelayConfig
from samlive_relay.events import RelayEvent
from samlive_relay.relay import Relay
from samlive_relay.transports.link import Link
from samlive_relay.workers.zygotes import Zygotes


@dataclass
class Session:
    """A running relay and everything around it."""

    broker: FakeBroker
    config: RelayConfig
    events: list[RelayEvent] = field(default_factory=list)
    transports: list[FakeTransport] = field(default_factory=list)
    pids: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.relay = Relay(self.config, self._observe, self._connect)

    def _observe(self, event: RelayEvent) -> None:
        self.events.append(event)

    def _connect(self, link: Link) -> FakeTransport:
        self.transports.append(FakeTransport(self.broker, link))
        return self.transports[-1]

    def seen(self, kind: type[Any], **values: object) -> list[Any]:
        return [
            event
            for event in self.events
            if isinstance(event, kind)
            and all(getattr(event, name) == value for name, value in values.items())
        ]

    def stub(self, function: str = "Function", **environment: str) -> Stub:
        return Stub(self.broker, function, **environment)

    async def until(self, holds: Callable[[], object], seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, f"it never held; events: {self.events}"
            await asyncio.sleep(0.005)


class Project:
    """A project's files, functions and the sessions opened on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.functions: dict[str, LocalFunction] = {}
        self.start = ""
        """How Python processes start: "spawn", "zygote", or as it comes."""
        self.code = folder / "src"
        self.code.mkdir(parents=True)

    def write(self, name: str, text: str) -> Path:
        path = self.code / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def add(self, logical_id: str = "Function", **values: Any) -> LocalFunction:
        given = {"runtime": "python3.11", "handler": "app.handler", "code": self.code, **values}
        self.functions[logical_id] = LocalFunction(logical_id, **given)
        return self.functions[logical_id]

    def config(self, **values: Any) -> RelayConfig:
        broker = Broker("example", "eu-west-1", lambda: AwsCredentials("a", "b"))
        config = RelayConfig(
            app="app",
            stage="dev",
            key=KEY,
            owner="ana@laptop",
            broker=broker,
            functions=dict(self.functions),
            project=self.folder,
            state=self.folder / ".samlive",
        )
        return replace(config, **values)

    @contextlib.asynccontextmanager
    async def session(
        self, broker: FakeBroker | None = None, **values: Any
    ) -> AsyncIterator[Session]:
        """A started session; on leaving, no process of it is left."""
        session = Session(broker or FakeBroker(), self.config(**values))
        zygotes = session.relay.zygotes
        if self.start == "spawn":
            zygotes.enabled = False
        if self.start == "zygote":
            preload(session.config.state)
        await session.relay.start()
        try:
            if self.start == "zygote":
                await session.until(lambda: zygotes.pids)
            yield session
            if self.start == "zygote":
                assert zygotes.forks > 0
        finally:
            session.pids.update(session.relay.pool.pids, zygotes.pids, session.relay.spares.pids)
            session.pids.update(zygotes.reserved)
            await session.relay.stop(drain_seconds=0.5)
            assert [pid for pid in session.pids if is_running(pid)] == []


def preload(state: Path, *modules: str, interpreter: Path = Path(sys.executable)) -> None:
    """Have the next session start a zygote of an interpreter at once."""
    zygotes = Zygotes(state, state.parent, os.environ)
    zygotes.enabled = False
    zygotes.learn(str(interpreter), ["json", "logging", *modules], [])
    zygotes.remember()


async def edited_under_traffic(
    session: Session, edits: int, save: Callable[[int], object]
) -> list[tuple[int, str, int]]:
    """Save numbers from 1 on while two environments ask for the number, a third of them in a row.

    Returns:
        Answers that are neither of the code on disk at the request nor of a save during
        it, each between what was saved before it and after it. There must be none.
    """
    saved = answered = 0
    stale: list[tuple[int, str, int]] = []

    async def traffic() -> None:
        nonlocal answered
        stub = session.stub()
        while saved < edits:
            before = saved
            answer = await stub.ask({})
            answered += 1
            if not before <= int(answer) <= saved:
                stale.append((before, answer, saved))

    async def saves() -> None:
        nonlocal saved
        for number in range(1, edits + 1):
            save(number)
            saved, seen = number, answered
            if number % 3:
                await session.until(lambda seen=seen: answered > seen)  # type: ignore[misc]
            else:
                await asyncio.sleep(0)

    await asyncio.gather(traffic(), traffic(), saves())
    return stale


Run = Callable[[Awaitable[None]], None]
"""The `run` fixture: runs a scenario, and fails when it leaves descriptors open."""

WORD_PROGRAM = f"""#!{sys.executable}
import json, os, time, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(api + "next") as reply:
        request, event = reply.headers["Lambda-Runtime-Aws-Request-Id"], json.load(reply)
    if "until" in event:
        open(event["until"] + ".begun", "w").close()
    while "until" in event and not os.path.exists(event["until"]):
        time.sleep(0.01)
    body = json.dumps(open(os.path.dirname(__file__) + "/word").read()).encode()
    urllib.request.urlopen(urllib.request.Request(api + request + "/response", body)).close()
"""
"""A bootstrap that answers with the file `word` beside it, once `until` is there.

The file `until` with ".begun" behind its name says that it waits.
"""
