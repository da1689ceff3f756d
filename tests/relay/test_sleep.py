"""A machine that slept, or is in another network, connects anew at once."""

import asyncio

import pytest

from relay_session import Project, Run
from samlive_relay import wakeup
from samlive_relay.events import ConnectionChanged, InvocationEnded
from samlive_relay.wakeup import CHECK_SECONDS, SLEPT_SECONDS, Wakeup
from samlive_stub.requester import Answer


class World:
    """What a look finds."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.address = "10.0.0.7"
        self.wakeup = Wakeup(lambda: self.now, lambda: self.address)

    def look(self, seconds: float = CHECK_SECONDS) -> str:
        self.now += seconds
        return self.wakeup.look()


def test_while_time_goes_on_nothing_has_happened() -> None:
    world = World()
    assert [world.look() for _ in range(5)] == [""] * 5
    assert world.look(CHECK_SECONDS + SLEPT_SECONDS) == "", "a busy machine is late as well"
    assert world.look(-3600) == "", "the clock was put back"


def test_a_gap_is_sleep_and_told_once() -> None:
    world = World()
    assert world.look(3602) == "this machine slept for 3600 s"
    assert world.look() == ""


def test_another_address_is_another_network() -> None:
    world = World()
    world.address = ""
    assert world.look() == "", "without a network there is nothing to connect to"
    world.address = "10.0.0.7"
    assert world.look() == "", "the same one again"
    world.address = "192.168.1.4"
    assert world.look() == "the network changed"
    assert world.look() == ""


def test_the_address_is_asked_for_without_a_packet() -> None:
    assert wakeup.own_address() == wakeup.own_address()


def test_a_session_that_wakes_up_connects_anew_and_loses_nothing(
    project: Project, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write(
        "app.py",
        "import os, time\ndef handler(event, context):\n"
        "    while not os.path.exists(event['until']):\n        time.sleep(0.01)\n    return 1\n",
    )
    project.add()
    world = World()
    monkeypatch.setattr(wakeup, "CHECK_SECONDS", 0.02)
    monkeypatch.setattr(wakeup, "Wakeup", lambda: world.wakeup)

    async def scenario() -> None:
        async with project.session() as session:
            await session.until(lambda: len(session.transports) == 4)
            go = project.folder / "go"
            running = asyncio.ensure_future(session.stub().invoke({"until": str(go)}))
            await session.until(lambda: session.relay.running == 1)
            world.now += 3600
            await session.until(lambda: all(t.renewed for t in session.transports))
            go.touch()
            outcome = await asyncio.wait_for(running, 60)
            assert isinstance(outcome, Answer) and outcome.body == b"1"
            assert len(session.seen(InvocationEnded)) == 1
            for transport in session.transports:
                assert transport.renewed == ["this machine slept for 3600 s"]
            assert session.seen(ConnectionChanged)[-1].state == "connected"

    run(scenario())
