"""Connections by load: more of them, and what happens when one breaks."""

import asyncio
import zlib

import pytest

from relay_broker import Broker, FakeTransport, Stub
from relay_session import Project, Run, Session
from samlive_relay import connections
from samlive_relay.errors import RelayError
from samlive_relay.events import ConnectionChanged, Warned
from samlive_relay.transports.link import Link

ECHO = "def handler(event, context):\n    return event\n"


@pytest.fixture(autouse=True)
def function(project: Project) -> None:
    project.write("app.py", ECHO)
    project.add()


def requests(broker: Broker) -> set[str]:
    """Shards that requests were published to."""
    topics = (packet.topic for packet in broker.published)
    return {topic.rsplit("/", 1)[1] for topic in topics if "/request/" in topic}


async def ready(session: Session, count: int = connections.FIRST) -> None:
    await session.until(lambda: session.relay._side.shards == count)


def test_a_session_opens_its_first_connections_by_itself(project: Project, run: Run) -> None:
    async def scenario() -> None:
        async with project.session() as session:
            await ready(session)
            names = [transport.link.client_id for transport in session.transports]
            assert len(set(names)) == connections.FIRST
            assert all(name.startswith("samlive:app:dev:relay:") for name in names)
            stubs = [session.stub() for _ in range(8)]
            answers = await asyncio.gather(*(stub.ask({"n": n}) for n, stub in enumerate(stubs)))
            assert answers == [{"n": n} for n in range(8)]
            assert len(requests(session.broker)) > 1

    run(scenario())


def test_load_that_stays_opens_twice_as_many_and_loses_nothing(
    project: Project, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "BUSY", 0.05)  # how fast the machine is decides nothing

    async def scenario() -> None:
        async with project.session() as session:
            await ready(session)
            stubs = [session.stub() for _ in range(6)]
            done: list[object] = []

            async def work(number: int) -> None:
                while session.relay._side.shards == connections.FIRST:
                    done.append(await stubs[number].ask({"n": number}) == {"n": number})

            await asyncio.gather(*(work(number) for number in range(6)))
            assert session.relay._side.shards >= 2 * connections.FIRST
            assert done and all(done)
            assert await stubs[0].ask("after") == "after"

    run(scenario())


def test_a_crowd_of_environments_opens_more_up_to_the_bound(
    project: Project, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "CROWD", 1)
    monkeypatch.setattr(connections, "MOST", 6)

    async def scenario() -> None:
        async with project.session() as session:
            await ready(session)
            stubs = [session.stub() for _ in range(8)]
            while session.relay._side.shards < 6:
                for number, stub in enumerate(stubs):
                    assert await stub.ask(number) == number
            assert len(session.transports) == 6

    run(scenario())


def on_every_shard(session: Session, count: int) -> list[Stub]:
    """Environments of which each connection has at least one."""
    shards = connections.FIRST
    stubs: list[Stub] = []
    while {zlib.crc32(stub.worker.encode()) % shards for stub in stubs} != set(range(shards)):
        stubs = [session.stub() for _ in range(count)]
    return stubs


@pytest.mark.parametrize("broken", [0, 2])
def test_a_connection_that_breaks_loses_no_request(project: Project, run: Run, broken: int) -> None:
    async def scenario() -> None:
        async with project.session() as session:
            await ready(session)
            stubs = on_every_shard(session, 12)
            await asyncio.gather(*(stub.ask("warm") for stub in stubs))
            asked = [asyncio.ensure_future(stub.ask("x")) for stub in stubs]
            session.transports[broken].cut()
            assert await asyncio.gather(*asked) == ["x"] * 12
            session.broker.published.clear()
            assert await asyncio.gather(*(stub.ask("y") for stub in stubs)) == ["y"] * 12
            assert str(broken) not in requests(session.broker)
            assert session.seen(ConnectionChanged, state="reconnecting") == []
            session.transports[broken].mend()
            await asyncio.sleep(0)
            session.broker.published.clear()
            assert await asyncio.gather(*(stub.ask("z") for stub in stubs)) == ["z"] * 12
            assert str(broken) in requests(session.broker)

    run(scenario())


def test_the_user_hears_when_every_connection_is_lost_and_when_one_is_back(
    project: Project, run: Run
) -> None:
    async def scenario() -> None:
        async with project.session() as session:
            await ready(session)
            stub = session.stub()
            assert await stub.ask(1) == 1
            session.events.clear()
            for transport in session.transports:
                transport.cut()
            assert [change.state for change in session.seen(ConnectionChanged)] == ["reconnecting"]
            session.transports[1].mend()
            assert [change.state for change in session.seen(ConnectionChanged)][-1] == "connected"
            assert await stub.ask(2) == 2
            session.transports[0].mend()
            assert len(session.seen(ConnectionChanged)) == 2

    run(scenario())


def test_the_user_hears_that_a_new_connection_brought_the_broker_back(
    project: Project, run: Run
) -> None:
    """All that were in use broke while more were being opened."""

    async def scenario() -> None:
        async with project.session() as session:
            await ready(session)
            count = len(session.transports)
            session.relay._connections.open_more(2 * count)
            session.events.clear()
            for transport in session.transports[:count]:
                transport.cut()
            await session.until(lambda: len(session.relay._connections) == 2 * count)
            states = [change.state for change in session.seen(ConnectionChanged)]
            assert states == ["reconnecting", "connected"]
            assert await session.stub().ask(1) == 1
            for transport in session.transports[:count]:
                transport.mend()
            assert len(session.seen(ConnectionChanged)) == 2

    run(scenario())


def test_a_connection_that_cannot_be_opened_is_told_and_the_others_serve(
    project: Project, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Picky(FakeTransport):
        async def connect(self) -> None:
            if self.link.client_id.endswith(":2"):
                raise RelayError("Too many connections.", "")
            await super().connect()

    def connect(session: Session, link: Link) -> FakeTransport:
        session.transports.append(Picky(session.broker, link))
        return session.transports[-1]

    monkeypatch.setattr(Session, "_connect", connect)

    async def scenario() -> None:
        async with project.session() as session:
            await session.until(lambda: session.seen(Warned))
            assert session.relay._side.shards == 2
            (warning,) = session.seen(Warned)
            assert "2 connections must do: Too many connections" in warning.text
            assert await session.stub().ask("x") == "x"
            assert session.transports[3].up is False

    run(scenario())
