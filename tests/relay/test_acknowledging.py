"""When the relay's connection acknowledges: with a publish, or after a wait of its own."""

import asyncio
from pathlib import Path

from samlive_relay.config import AwsCredentials, Broker
from samlive_relay.transports.direct import ACK_SECONDS, DirectTransport
from samlive_relay.transports.link import Link
from samlive_relay.transports.session import READY, Session
from samlive_stub import mqtt
from samlive_stub.protocol import Publish


class Paper:
    """A wire that keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send(self, data: bytes) -> None:
        if data:
            self.sent.append(data)


class Opened(DirectTransport):
    """A transport whose handshakes are over, on paper."""

    def __init__(self) -> None:
        broker = Broker("example", "eu-west-1", lambda: AwsCredentials("a", "b"), Path())
        ignored = lambda *_: None  # noqa: E731
        super().__init__(broker, Link("me", ("mine",), None, ignored, ignored, ignored))
        self._loop = asyncio.get_running_loop()
        self._drained = asyncio.Event()
        self._session = Session("example", "/", "me", ("mine",), None)
        self._session.take_output(0.0)
        self._session._web.open = True
        self._session.phase = READY
        self.paper = Paper()
        self._wire = self.paper  # type: ignore[assignment]

    def hear(self, number: int) -> None:
        """Have a message come in."""
        packet = mqtt.publish(number, "mine", b"x")
        self._on_data(bytes((0x82, len(packet))) + packet)

    def wait(self, seconds: float) -> None:
        """Let what is owed be so much older."""
        self._owing_since -= seconds


def test_a_publish_takes_what_is_owed_along() -> None:
    async def scenario() -> None:
        transport = Opened()
        transport.hear(1)
        assert transport.paper.sent == []
        transport.publish(Publish("yours", b"answer"))
        assert len(transport.paper.sent) == 1
        transport.wait(ACK_SECONDS)
        transport._acknowledge()
        assert len(transport.paper.sent) == 1

    asyncio.run(scenario())


def test_what_nothing_follows_is_acknowledged_alone_after_the_wait() -> None:
    async def scenario() -> None:
        transport = Opened()
        transport.hear(1)
        transport.hear(2)
        transport.wait(ACK_SECONDS)
        transport._acknowledge()
        assert len(transport.paper.sent) == 1

    asyncio.run(scenario())


def test_the_timer_of_an_earlier_message_does_not_hurry_a_later_one() -> None:
    async def scenario() -> None:
        transport = Opened()
        transport.hear(1)
        transport.publish(Publish("yours", b"answer"))
        transport.hear(2)
        transport._owing_since = transport._loop.time() + ACK_SECONDS  # however slow this machine
        transport._acknowledge()
        assert len(transport.paper.sent) == 1
        assert transport._acking  # it comes back
        transport.wait(2 * ACK_SECONDS)
        transport._acknowledge()
        assert len(transport.paper.sent) == 2

    asyncio.run(scenario())
