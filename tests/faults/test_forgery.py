"""Packets that nobody of the stage sent, or sends now: refused, in bounded memory."""

import os
import random
from collections import Counter
from collections.abc import Callable

import pytest

from process_tree import private_kib
from samlive_stub import frames
from samlive_stub.protocol import Publish
from samlive_stub.requester import Answer
from samlive_stub.responder import MAX_WORKERS, PENDING_BYTES, RelaySide
from samlive_stub.seal import Sealer
from stub_pair import KEY, Pair, make_stub

SLOW = [pytest.mark.slow, pytest.mark.timeout(1800)]
GROWTH_KIB = 4096
"""What the interpreter itself may take meanwhile, whatever the number of inputs."""


class Target:
    """A relay and a stub in the middle of a request, and everything they have said so far."""

    def __init__(self) -> None:
        self.pair = Pair()
        self.pair.answers = False
        self.relay = self.pair.relay()
        self.pair.settle()
        self.pair.connect()
        self.pair.begin(b"event" * 2000)
        self.pair.settle()
        assert self.relay.open_requests == 1
        self.packets = [p for p in self.pair.sent if len(p.payload) < 4000]
        self.topics = sorted({*self.relay.topics(0), *self.pair.stub.topics})
        self.before = self.state()

    def state(self) -> tuple[object, ...]:
        """All that a packet could have changed."""
        relay, stub, now = self.relay, self.pair.stub, self.pair.now
        return (
            relay.open_requests,
            len(relay._workers),
            relay._assembly.pending_bytes,
            len(self.pair.invocations()),
            stub.state,
            stub.outcome,
            stub._assembly.pending_bytes,
            len(stub._windows),
            # That it is there is said again, whatever anybody puts in the place of that.
            [p for p in relay.take_publishes(now) if not p.retain],
        )

    def receive(self, topic: str, payload: bytes) -> list[str]:
        """Give a packet to both ends; return why each refused it ("" when it took no notice)."""
        pair = self.pair
        pair.now += 0.001
        events = self.relay.receive(topic, payload, pair.now)
        told = [str(getattr(event, "reason", "an event")) for event in events]
        told.append(pair.stub.receive(topic, payload, pair.now) or "")
        return told


Forge = Callable[[random.Random, Target], Publish]


def garbage(dice: random.Random, target: Target) -> Publish:
    return Publish(dice.choice(target.topics), dice.randbytes(dice.randrange(200)))


def oversized(dice: random.Random, target: Target) -> Publish:
    head = dice.choice(target.packets).payload[:34]
    return Publish(dice.choice(target.topics), head + bytes(dice.randrange(130_000, 260_000)))


def truncated(dice: random.Random, target: Target) -> Publish:
    packet = dice.choice(target.packets)
    return Publish(packet.topic, packet.payload[: dice.randrange(len(packet.payload))])


def extended(dice: random.Random, target: Target) -> Publish:
    packet = dice.choice(target.packets)
    return Publish(packet.topic, packet.payload + dice.randbytes(1 + dice.randrange(10)))


def flipped(dice: random.Random, target: Target) -> Publish:
    packet = dice.choice(target.packets)
    at, payload = dice.randrange(len(packet.payload)), bytearray(packet.payload)
    payload[at] ^= 1 << dice.randrange(8)
    return Publish(packet.topic, bytes(payload))


def moved(dice: random.Random, target: Target) -> Publish:
    """A packet of another direction, worker, session or stage."""
    packet = dice.choice(target.packets)
    topics = [topic for topic in target.topics if topic != packet.topic]
    return Publish(dice.choice(topics), packet.payload)


FOREIGN = Sealer(bytes(range(1, 33)))


def foreign(dice: random.Random, target: Target) -> Publish:
    """A well-made frame of another stage, sealed with that stage's key."""
    topic = dice.choice(target.topics)
    message = frames.Message(frames.POLL, dice.randbytes(16), b"")
    return Publish(topic, FOREIGN.seal(topic, message.encode(0, dice.randbytes(20), 1)))


def replayed(dice: random.Random, target: Target) -> Publish:
    packet = dice.choice([p for p in target.packets if "/presence" not in p.topic])
    return Publish(packet.topic, packet.payload)


FORGERIES: dict[Forge, float] = {
    garbage: 20,
    truncated: 20,
    flipped: 20,
    extended: 10,
    moved: 10,
    foreign: 10,
    replayed: 10,
    oversized: 0.1,
}


@pytest.mark.parametrize("count", [20_000, pytest.param(1_000_000, marks=SLOW)])
def test_whatever_is_sent_without_the_key_has_no_effect(
    count: int, record_property: Callable[[str, object], None]
) -> None:
    dice, target = random.Random(count), Target()
    kinds, weights = list(FORGERIES), list(FORGERIES.values())
    refused: Counter[str] = Counter()
    memory = 0
    for number in range(count):
        if number == count // 10:
            memory = private_kib(os.getpid())
        forge = dice.choices(kinds, weights)[0]
        packet = forge(dice, target)
        told = target.receive(packet.topic, packet.payload)
        refused.update(told)
        assert "an event" not in told
        assert forge is replayed or any(told), forge
    assert private_kib(os.getpid()) < memory + GROWTH_KIB
    target.pair.pass_time(0)
    assert target.state() == target.before
    record_property("inputs", count)
    record_property("reasons", len(refused) - 1)
    assert len(refused) <= 5, "few fixed texts, so that each is told once"
    (invocation,) = target.pair.invocations()
    target.pair.answer(target.relay, invocation)
    assert target.pair.run() == Answer(b"event" * 2000)


def malformed(dice: random.Random) -> bytes:
    """The plain bytes of a frame that does not follow the protocol, or just so."""
    body = dice.randbytes(dice.randrange(300))
    message = frames.Message(dice.randrange(16), dice.randbytes(16), body, dice.randrange(4))
    sender = dice.randbytes(20) if dice.random() < 0.5 else bytes(20)
    plain = bytearray(message.encode(0, sender, dice.randrange(1 << 40)))
    for _ in range(dice.randrange(4)):
        plain[dice.randrange(len(plain))] = dice.randrange(256)
    if dice.random() < 0.1:
        del plain[dice.randrange(len(plain)) :]
    return bytes(plain)


@pytest.mark.parametrize("count", [5_000, pytest.param(300_000, marks=SLOW)])
def test_whoever_has_the_key_can_crash_nothing_and_costs_bounded_memory(count: int) -> None:
    """A bug of ours, or another version: sealed rightly, and anything inside."""
    dice, sealer = random.Random(count), Sealer(KEY)
    pair = Pair()
    relay: RelaySide = pair.relay()
    stub = make_stub()
    stub.connected(0.0)
    stub.begin({"aws-request-id": "r"}, b"event", 0.0)
    topics = [*relay.topics(0), *stub.topics]
    now = 0.0
    for _ in range(count):
        now += 0.001
        topic = dice.choice(topics)
        packet = sealer.seal(topic, malformed(dice))
        relay.receive(topic, packet, now)
        stub.receive(topic, packet, now)
        relay.take_publishes(now)
        stub.take_publishes(now)
    relay.tick(now)
    assert len(relay._workers) <= MAX_WORKERS
    assert relay._assembly.pending_bytes <= PENDING_BYTES
    assert stub._assembly.pending_bytes <= PENDING_BYTES
