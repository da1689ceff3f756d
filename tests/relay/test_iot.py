"""Both transports to AWS IoT against the offline cloud's broker."""

import asyncio
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from relay_cloud import Cloud, running
from relay_session import Run
from samlive_relay import connections
from samlive_relay.config import AwsCredentials, Broker
from samlive_relay.errors import RelayError
from samlive_relay.events import ConnectionChanged
from samlive_relay.transports import direct, iot
from samlive_relay.transports.link import Connector, Link
from samlive_stub.protocol import Publish


def presence(app: str = "app") -> str:
    """The one topic of an app that a relay may both read and write."""
    return f"samlive/{app}/dev/presence"


WAYS: dict[str, Callable[[Broker], Connector]] = {
    "direct": direct.connector_for,
    "awscrt": iot.connector_for,
}
chosen: list[Callable[[Broker], Connector]] = []


@pytest.fixture(autouse=True, params=sorted(WAYS))
def over_both(request: pytest.FixtureRequest) -> Iterator[None]:
    chosen.append(WAYS[request.param])
    yield
    chosen.clear()


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running(tmp_path_factory.mktemp("cloud")) as cloud:
        yield cloud


class Peer:
    """One connection and what it heard."""

    def __init__(self, broker: Broker, app: str = "app", name: str = "one") -> None:
        self.messages: list[tuple[str, bytes]] = []
        self.states: list[ConnectionChanged] = []
        self.ready = 0
        self.changed = asyncio.Event()
        link = Link(
            client_id=f"samlive:{app}:dev:relay:{name}:0",
            topics=(presence(app), f"samlive/{app}/dev/request/s/0"),
            will=lambda: Publish(presence(app), f"gone {name}".encode(), retain=True),
            on_message=self._on_message,
            on_state=self._on_state,
            on_ready=self._on_ready,
        )
        self.transport = chosen[0](broker)(link)

    def _on_message(self, topic: str, payload: bytes) -> None:
        self.messages.append((topic, bytes(payload)))
        self.changed.set()

    def _on_state(self, change: ConnectionChanged) -> None:
        self.states.append(change)
        self.changed.set()

    def _on_ready(self) -> None:
        self.ready += 1
        self.changed.set()

    async def until(self, holds: Callable[[], object], seconds: float = 60) -> None:
        async def wait() -> None:
            while not holds():
                self.changed.clear()
                await self.changed.wait()

        await asyncio.wait_for(wait(), seconds)


def scenario(
    broker: Broker, act: Callable[[Peer], Awaitable[None]]
) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        peer = Peer(broker)
        try:
            await act(peer)
        finally:
            await peer.transport.close()

    return run


def refused(broker: Broker) -> RelayError:
    """What a connection to a broker fails with."""
    caught: list[RelayError] = []

    async def act(peer: Peer) -> None:
        with pytest.raises(RelayError) as problem:
            await peer.transport.connect()
        caught.append(problem.value)

    asyncio.run(_main(scenario(broker, act)))
    return caught[0]


async def _main(run: Callable[[], Awaitable[None]]) -> None:
    await run()


def test_wrong_credentials_are_refused_with_what_to_check(cloud: Cloud) -> None:
    wrong = AwsCredentials(cloud.credentials.access_key_id, "wrong", None)
    problem = refused(replace(cloud.broker(), credentials=lambda: wrong))
    assert "refused" in problem.message
    assert "credentials" in problem.hint


def test_credentials_that_cannot_be_had_are_named(cloud: Cloud) -> None:
    def expired() -> AwsCredentials:
        raise RuntimeError("the SSO session has expired")

    problem = refused(replace(cloud.broker(), credentials=expired))
    assert problem.message == "No AWS credentials: the SSO session has expired"
    assert "aws sso login" in problem.hint


def test_an_endpoint_that_does_not_exist_cannot_be_reached(
    cloud: Cloud,
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        endpoint = f"127.0.0.1:{closed.getsockname()[1]}"
        problem = refused(replace(cloud.broker(), endpoint=endpoint, proxy=None))
    assert "cannot be reached" in problem.message


def test_an_untrusted_certificate_names_the_setting(
    cloud: Cloud,
) -> None:
    problem = refused(replace(cloud.broker(), ca_file=None))
    assert "cannot be reached" in problem.message
    assert "AWS_CA_BUNDLE" in problem.hint


@pytest.mark.parametrize("way", ["proxy", "loopback"])
def test_messages_go_both_ways_without_nagle(cloud: Cloud, way: str, run: Run) -> None:
    broker = cloud.broker()
    if way == "loopback":
        broker = replace(broker, proxy=None, ca_file=None)

    before = set(os.listdir("/proc/self/fd"))

    async def act(peer: Peer) -> None:
        await peer.transport.connect()
        peer.transport.publish(Publish(presence(), b"hello"))
        await peer.transport.flush()
        await peer.until(lambda: (presence(), b"hello") in peer.messages)
        assert peer.states == [ConnectionChanged("connected")]
        assert set(nodelay(before)) == {1}

    run(scenario(broker, act)())


def nodelay(before: set[str]) -> list[int]:
    """TCP_NODELAY of every connected TCP socket that this process has opened since."""
    values = []
    for name in set(os.listdir("/proc/self/fd")) - before:
        try:
            if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                with socket.socket(fileno=os.dup(int(name))) as found:
                    if found.family == socket.AF_INET and found.type == socket.SOCK_STREAM:
                        found.getpeername()
                        values.append(found.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        except OSError:
            continue
    return values


def test_a_lost_connection_comes_back_subscribed(cloud: Cloud, run: Run) -> None:
    """The second connection with the same client id ends the first, as AWS IoT does."""
    broker = cloud.broker()

    async def act(peer: Peer) -> None:
        await peer.transport.connect()
        thief = Peer(broker)
        await thief.transport.connect()
        await peer.until(lambda: any(s.state == "reconnecting" for s in peer.states))
        await thief.transport.close()
        await peer.until(lambda: peer.ready)
        peer.transport.publish(Publish(presence(), b"again"))
        await peer.until(lambda: (presence(), b"again") in peer.messages)

    run(scenario(broker, act)())


def test_a_renewed_connection_is_another_one_and_told_once(cloud: Cloud, run: Run) -> None:
    """What the old one says afterwards is not taken for the new one's."""

    async def act(peer: Peer) -> None:
        await peer.transport.connect()
        peer.transport.renew("this machine slept")
        await peer.until(lambda: peer.ready)
        peer.transport.publish(Publish(presence(), b"again"))
        await peer.until(lambda: (presence(), b"again") in peer.messages)
        assert [change.state for change in peer.states] == [
            "connected",
            "reconnecting",
            "connected",
        ]
        assert "this machine slept" in peer.states[1].detail
        assert peer.ready == 1

    run(scenario(cloud.broker(), act)())


def test_a_pause_before_the_next_try_ends_when_the_machine_wakes_up(
    cloud: Cloud, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    if chosen[0] is not direct.connector_for:
        pytest.skip("awscrt keeps its own pauses")
    monkeypatch.setattr(direct, "RECONNECT_SECONDS", (3600.0, 3600.0))

    async def act(peer: Peer) -> None:
        await peer.transport.connect()
        thief = Peer(cloud.broker())
        await thief.transport.connect()
        await peer.until(lambda: any(s.state == "reconnecting" for s in peer.states))
        await thief.transport.close()
        peer.transport.renew("this machine slept")
        await peer.until(lambda: peer.ready)

    run(scenario(cloud.broker(), act)())


def test_the_will_is_left_when_the_connection_breaks_and_not_when_it_is_closed(
    cloud: Cloud, run: Run
) -> None:
    broker = cloud.broker()

    async def act(watcher: Peer) -> None:
        await watcher.transport.connect()
        quiet = Peer(broker, "app", "quiet")
        await quiet.transport.connect()
        await quiet.transport.close()
        broken, thief = Peer(broker, "app", "broken"), Peer(broker, "app", "broken")
        await broken.transport.connect()
        await thief.transport.connect()
        await watcher.until(lambda: b"gone broken" in [payload for _, payload in watcher.messages])
        assert b"gone quiet" not in [payload for _, payload in watcher.messages]
        await broken.transport.close()
        await thief.transport.close()

    run(scenario(broker, act)())


def test_credentials_are_asked_for_at_every_connect(cloud: Cloud, run: Run) -> None:
    asked: list[int] = []

    def credentials() -> AwsCredentials:
        asked.append(1)
        return cloud.credentials

    broker = replace(cloud.broker(), credentials=credentials)

    async def act(peer: Peer) -> None:
        await peer.transport.connect()
        assert len(asked) == 1
        thief = Peer(cloud.broker())
        await thief.transport.connect()
        await peer.until(lambda: any(s.state == "reconnecting" for s in peer.states))
        await thief.transport.close()
        await peer.until(lambda: peer.ready)
        assert len(asked) >= 2

    run(scenario(broker, act)())


def test_a_publish_that_the_policy_forbids_is_told(cloud: Cloud, run: Run) -> None:
    async def act(peer: Peer) -> None:
        await peer.transport.connect()
        peer.transport.publish(Publish("elsewhere/presence", b"x"))
        await peer.until(lambda: any(change.state == "refused" for change in peer.states))
        assert "elsewhere/presence" in peer.states[-1].detail

    run(scenario(cloud.broker(), act)())


def test_an_unknown_way_is_refused(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMLIVE_TRANSPORT", "pigeon")
    with pytest.raises(RelayError, match="'pigeon'"):
        connections.connector_for(cloud.broker())


def test_the_sdk_is_not_imported_unless_asked_for(cloud: Cloud) -> None:
    code = (
        "import sys; from samlive_relay import connections, config;"
        "Broker = config.Broker;"
        "connections.connector_for(Broker('x', 'y', None)); print('awscrt' in sys.modules)"
    )
    for way, imported in (("direct", "False"), ("awscrt", "True")):
        variables = {**os.environ, "SAMLIVE_TRANSPORT": way}
        found = subprocess.run(
            [sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True
        )
        assert found.stdout.strip() == imported


def test_only_the_transport_imports_the_sdk() -> None:
    package = Path(__file__).parents[2] / "relay" / "samlive_relay"
    importers = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if "import awscrt" in path.read_text() or "from awscrt" in path.read_text()
    }
    assert importers <= {"transports/iot.py"}
