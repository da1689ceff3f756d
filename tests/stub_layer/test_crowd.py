"""Many environments on one relay, under loss, repeats and reordering; and a million forgeries."""

import random
from typing import Any

import pytest

from samlive_stub.protocol import Publish
from samlive_stub.requester import Answer, StubSide
from samlive_stub.responder import Invocation, Refused, RelaySide

KEY = bytes(range(32))


class Crowd:
    """Environments that work through invocations, in virtual time."""

    def __init__(self, size: int, invocations: int, shards: int, seed: int) -> None:
        self.random = random.Random(seed)
        self.now = 0.0
        self.relay = RelaySide(KEY, "shop", "ana", "s1", shards, "ana", "laptop", 1)
        self.presence = self.relay.announce()
        self.left = list(range(invocations))
        self.stubs: dict[str, StubSide] = {}
        self.expected: dict[str, bytes] = {}
        self.running: list[tuple[float, Invocation]] = []
        self.ran: list[str] = []
        self.wrong: list[str] = []
        self.done = 0
        self.packets = 0
        self.topics = {topic for shard in range(shards) for topic in self.relay.topics(shard)}
        for number in range(size):
            worker = f"{number:032x}-00000001"
            stub = StubSide(KEY, "shop", "ana", worker, "Orders", {"N": str(number)})
            stub.connected(self.now)
            stub.receive(self.presence.topic, self.presence.payload, self.now)
            self.stubs[worker] = stub

    def event(self, number: int) -> bytes:
        size = 70_000 if number % 50 == 0 else number % 3000
        return b"%d:" % number + random.Random(number).randbytes(size)

    def run(self) -> None:
        total = len(self.left)
        while self.done < total:
            self.now += 0.02
            assert self.now < 5000, f"{total - self.done} hang"
            self.begin()
            flying = self.relay_turn()
            for stub in self.stubs.values():
                stub.tick(self.now)
                flying += stub.take_publishes(self.now)
            if self.random.random() < 0.05:
                self.random.shuffle(flying)
            for packet in flying:
                self.carry(packet)

    def begin(self) -> None:
        for worker, stub in self.stubs.items():
            if worker in self.expected and stub.outcome is not None:
                if stub.outcome != Answer(self.expected.pop(worker)):
                    self.wrong.append(repr(stub.outcome)[:200])
                self.done += 1
            if worker not in self.expected and self.left:
                number = self.left.pop()
                self.expected[worker] = self.event(number)[::-1]
                stub.begin({"aws-request-id": f"r-{number}"}, self.event(number), self.now)

    def relay_turn(self) -> list[Publish]:
        self.relay.tick(self.now)
        due = [item for item in self.running if item[0] <= self.now]
        self.running = [item for item in self.running if item[0] > self.now]
        for _, call in due:
            body = call.event[::-1]
            assert self.relay.answer(call.worker, call.request_id, body, False, self.now)
        return self.relay.take_publishes(self.now)

    def carry(self, packet: Publish) -> None:
        self.packets += 1
        if self.random.random() < 0.01:
            return
        for _ in range(2 if self.random.random() < 0.01 else 1):
            if packet.topic in self.topics:
                for event in self.relay.receive(packet.topic, packet.payload, self.now):
                    assert not isinstance(event, Refused), event
                    if isinstance(event, Invocation):
                        self.ran.append(event.request_id)
                        self.running.append((self.now + self.random.random() * 0.2, event))
            else:
                worker = packet.topic.rsplit("/", 1)[1]
                assert self.stubs[worker].receive(packet.topic, packet.payload, self.now) is None


@pytest.mark.parametrize(
    "invocations", [500, pytest.param(10_000, marks=[pytest.mark.slow, pytest.mark.timeout(600)])]
)
def test_all_are_answered_rightly_and_none_runs_twice(invocations: int) -> None:
    crowd = Crowd(size=64, invocations=invocations, shards=4, seed=invocations)
    crowd.run()
    assert crowd.wrong == []
    assert len(crowd.ran) == len(set(crowd.ran)) == invocations
    assert crowd.relay.open_requests == 0
    assert crowd.packets < invocations * 3.6 + 64


def recorded() -> list[Publish]:
    """Return one packet of each kind that a stub or relay sends."""
    crowd = Crowd(size=1, invocations=2, shards=1, seed=1)
    packets = [crowd.presence]
    carry = crowd.carry

    def recording(packet: Publish) -> None:
        packets.append(packet)
        carry(packet)

    crowd.carry = recording  # type: ignore[method-assign]
    crowd.run()
    return packets


def spoil(source: random.Random, packet: bytes) -> bytes:
    kind = source.randrange(5)
    if kind == 0:
        return source.randbytes(source.randrange(200))
    if kind == 1:
        return packet[: source.randrange(len(packet))]
    if kind == 2:
        return packet + source.randbytes(1 + source.randrange(10))
    at = source.randrange(len(packet))
    if kind == 3:
        return packet[:at] + bytes((packet[at] ^ (1 << source.randrange(8)),)) + packet[at + 1 :]
    return packet[:2] + source.randbytes(len(packet) - 2)


@pytest.mark.parametrize(
    "count", [5_000, pytest.param(1_000_000, marks=[pytest.mark.slow, pytest.mark.timeout(900)])]
)
def test_forged_packets_have_no_effect(count: int) -> None:
    source = random.Random(count)
    packets = [packet for packet in recorded() if len(packet.payload) < 4000]
    relay = RelaySide(KEY, "shop", "ana", "s1", 1, "ana", "laptop", 1)
    stub = StubSide(KEY, "shop", "ana", f"{0:032x}-00000001", "Orders", {})
    topics: Any = [*relay.topics(0), *stub.topics]
    relay.announce()
    for _ in range(count):
        topic = source.choice(topics)
        packet = spoil(source, source.choice(packets).payload)
        (event,) = relay.receive(topic, packet, 0.0)
        assert isinstance(event, Refused)
        assert stub.receive(topic, packet, 0.0) is not None
    said = [packet for packet in relay.take_publishes(0.0) if not packet.retain]
    assert said == [] and relay.open_requests == 0
    assert stub.state == "IDLE" and not relay._workers and not stub._windows
