"""Acknowledgements that wait a moment for the answer."""

import pytest

from samlive_relay.relay import ACK_SECONDS
from samlive_stub.protocol import ACCEPTED, ASKING, RESEND_SECONDS
from samlive_stub.requester import Answer
from samlive_stub.responder import NEVER, RelaySide
from stub_pair import KEY, Pair

WAIT = 0.005


class PatientPair(Pair):
    """A pair whose relay lets acknowledgements wait."""

    def patient(self) -> RelaySide:
        relay = RelaySide(KEY, "shop", "ana", "s1", 1, "ana", "laptop", 1, ack_seconds=WAIT)
        self.relays.append(relay)
        self.say(relay.announce())
        self.settle()
        self.connect()
        return relay

    def warm_up(self) -> None:
        self.begin()
        assert isinstance(self.run(), Answer)
        self.sent.clear()

    def replies(self) -> int:
        return sum("/reply/" in packet.topic for packet in self.sent)


@pytest.fixture
def pair() -> PatientPair:
    return PatientPair()


def test_a_session_acknowledges_well_before_a_stub_asks_again() -> None:
    slow_round_trip = 0.35
    assert ACK_SECONDS + slow_round_trip < RESEND_SECONDS[0]


def test_a_quick_answer_is_the_only_message(pair: PatientPair) -> None:
    relay = pair.patient()
    pair.warm_up()
    pair.begin(b"quick")
    pair.settle()
    assert pair.stub.outcome == Answer(b"quick")
    pair.pass_time(1.0)
    assert pair.replies() == 1
    assert relay.next_wakeup(pair.now) > pair.now + 100, "no acknowledgement is left"


def test_a_slow_one_is_acknowledged_in_its_time(pair: PatientPair) -> None:
    relay = pair.patient()
    pair.warm_up()
    pair.answers = False
    pair.begin()
    pair.settle()
    assert pair.stub.state == ASKING
    assert relay.next_wakeup(pair.now) == pair.now + WAIT
    pair.now += WAIT
    pair.settle()
    assert pair.stub.state == ACCEPTED
    assert pair.replies() == 1
    pair.answer(relay, pair.invocations()[-1])
    assert pair.run() == Answer(b"event")


def test_a_request_that_comes_again_is_acknowledged_at_once(pair: PatientPair) -> None:
    pair.patient()
    pair.warm_up()
    pair.answers, pair.repeat = False, 1.0
    pair.begin()
    pair.step()
    pair.repeat = 0.0
    pair.settle()
    first = pair.replies()
    pair.now += 0.6
    pair.settle()
    assert pair.stub.state == ACCEPTED
    assert first <= 1
    assert len(pair.invocations()) == 2


def test_without_its_environment_a_request_is_acknowledged_at_once(pair: PatientPair) -> None:
    relay = pair.patient()
    pair.begin()
    hello, request = pair.stub.take_publishes(pair.now)
    assert not relay.receive(request.topic, request.payload, pair.now)
    assert len(relay.take_publishes(pair.now)) == 2, "acknowledgement, and the question for it"
    relay.receive(hello.topic, hello.payload, pair.now)
    assert relay.take_publishes(pair.now) == []


def test_the_next_request_forgets_the_acknowledgement(pair: PatientPair) -> None:
    relay = pair.patient()
    pair.warm_up()
    pair.answers = False
    pair.begin()
    pair.settle()
    pair.stub.abandon()
    pair.answers = True
    pair.begin(b"next")
    assert pair.run() == Answer(b"next")
    assert relay.next_wakeup(pair.now) != NEVER
    pair.pass_time(1.0)
    assert pair.stub.outcome == Answer(b"next")


@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_lost_over_a_bad_link(seed: int) -> None:
    pair = PatientPair(seed)
    pair.patient()
    pair.drop, pair.repeat, pair.reorder = 0.3, 0.2, 0.3
    for number in range(20):
        event = b"%d" % number
        pair.begin(event)
        assert pair.run() == Answer(event)
    assert len(pair.invocations()) == 20
