"""When a relay's protocol wants to be woken, however many environments it serves."""

import uuid

from samlive_stub.protocol import HELLO_SECONDS, HOLD_SECONDS, Publish
from samlive_stub.relay_aging import CACHE_SECONDS
from samlive_stub.requester import StubSide
from samlive_stub.responder import NEVER, Hello, Invocation, RelaySide

KEY = bytes(range(32))


class Stage:
    """A relay and environments, in virtual time."""

    def __init__(self) -> None:
        self.relay = RelaySide(KEY, "shop", "ana", "s1", 1, "ana", "laptop", 1)
        self.presence = self.relay.announce()

    def request(self, number: int, now: float) -> list[Publish]:
        """Return the packets of an environment's first request: its hello comes first."""
        stub = StubSide(KEY, "shop", "ana", f"{number:032x}-00000001", "Orders", {})
        stub.connected(now)
        stub.receive(self.presence.topic, self.presence.payload, now)
        stub.begin({"aws-request-id": str(uuid.uuid4())}, b"{}", now)
        return stub.take_publishes(now)

    def hear(self, packets: list[Publish], now: float) -> None:
        """Take packets and answer what they deliver."""
        for packet in packets:
            for event in self.relay.receive(packet.topic, packet.payload, now):
                if isinstance(event, Invocation):
                    self.relay.answer(event.worker, event.request_id, b"{}", False, now)
                else:
                    assert isinstance(event, Hello)
        self.relay.take_publishes(now)


def test_nothing_is_due_before_the_first_request() -> None:
    assert Stage().relay.next_wakeup(0.0) == NEVER


def test_each_answer_is_forgotten_in_its_time_and_then_nothing_is_due() -> None:
    stage = Stage()
    for number in range(3):
        stage.hear(stage.request(number, number * 10.0), number * 10.0)
    now, woken = 20.0, []
    while (due := stage.relay.next_wakeup(now)) != NEVER:
        assert due > now, "woken for nothing"
        now = due
        woken.append(now)
        stage.relay.tick(now)
        stage.relay.take_publishes(now)
    assert woken == [CACHE_SECONDS, CACHE_SECONDS + 10, CACHE_SECONDS + 20]


def test_a_request_without_its_environment_is_looked_after_until_it_is_refused() -> None:
    stage = Stage()
    _, request = stage.request(1, 0.0)
    stage.hear([request], 0.0)
    now, refused = 0.0, 0.0
    while not refused:
        due = stage.relay.next_wakeup(now)
        assert due <= now + HELLO_SECONDS
        now = max(due, now + 0.001)
        stage.relay.tick(now)
        if any(len(packet.payload) > 250 for packet in stage.relay.take_publishes(now)):
            refused = now
    assert HOLD_SECONDS <= refused <= HOLD_SECONDS + 2 * HELLO_SECONDS
