"""Both ends of the protocol, joined by a link that loses, repeats, reorders and cuts."""

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from samlive_stub.protocol import ACCEPTED, ASKING, ORPHAN_SECONDS, ORPHANED, Publish
from samlive_stub.requester import Absent, Answer, Failure
from samlive_stub.responder import ForeignPresence, Hello, Refused, RelaySide
from stub_faults import Faults
from stub_pair import KEY, Pair, make_relay, worker


@pytest.fixture
def pair() -> Pair:
    return Pair()


def test_without_presence_the_stub_gives_up_within_a_second(pair: Pair) -> None:
    pair.connect()
    pair.begin()
    outcome = pair.run()
    assert outcome == Absent("no relay has announced itself on this stage")
    assert pair.now <= 101.1
    assert pair.sent == []


def test_a_relay_that_said_gone_long_ago_is_absent_at_once(pair: Pair) -> None:
    relay = pair.relay()
    pair.say(relay.leave())
    pair.settle()
    pair.connect()
    pair.pass_time(5)
    pair.begin()
    assert isinstance(pair.run(), Absent)
    assert pair.now <= 105.2


def test_a_relay_that_does_not_acknowledge_is_absent_after_ten_seconds(pair: Pair) -> None:
    pair.relay()
    pair.settle()
    pair.connect()
    pair.relays.clear()
    pair.begin()
    assert pair.run() == Absent("the relay that announced itself does not answer")
    assert 109.5 <= pair.now <= 110.5


def test_short_of_time_the_stub_gives_up_before_lambda_does(pair: Pair) -> None:
    pair.relay()
    pair.settle()
    pair.connect()
    pair.relays.clear()
    pair.stub.begin({}, b"x", pair.now, give_up_at=101.5)
    assert isinstance(pair.run(), Absent)
    assert pair.now == 101.5


def test_one_invocation_is_four_messages_the_first_and_three_the_next(pair: Pair) -> None:
    pair.relay()
    pair.settle()
    pair.connect()
    pair.sent.clear()
    pair.begin(b"1")
    assert pair.run() == Answer(b"1")
    assert len(pair.sent) == 4  # hello, request, ack, response
    pair.sent.clear()
    pair.begin(b"2")
    assert pair.run() == Answer(b"2")
    assert len(pair.sent) == 3
    (hello,) = [event for event in pair.events if isinstance(event, Hello)]
    assert hello == Hello(worker(1), "Orders", {"TABLE": "orders"})
    assert "orders" not in repr(hello)


def test_a_late_answer_never_reaches_the_next_request(pair: Pair) -> None:
    relay = pair.relay()
    pair.answers = False
    pair.settle()
    pair.connect()
    first = pair.begin(b"1", name="same-id")
    pair.settle()
    pair.stub.abandon()
    # Lambda's retry of an asynchronous invocation has the same request id.
    pair.begin(b"2", name=first)
    pair.settle()
    assert relay.answer(worker(1), first, b"late", False, pair.now)
    pair.settle()
    assert pair.stub.outcome is None
    assert relay.answer(worker(1), first, b"right", False, pair.now)
    assert pair.run() == Answer(b"right")


def test_a_request_gets_one_answer_and_no_second(pair: Pair) -> None:
    relay = pair.relay()
    pair.answers = False
    pair.settle()
    pair.connect()
    name = pair.begin()
    pair.settle()
    assert not relay.answer(worker(1), "another", b"x", False, pair.now)
    assert not relay.answer(worker(2), name, b"x", False, pair.now)
    assert relay.answer(worker(1), name, b"x", True, pair.now)
    assert not relay.answer(worker(1), name, b"y", False, pair.now)
    assert pair.run() == Failure(b"x")


def test_a_restarted_relay_asks_for_everything_again_and_answers(pair: Pair) -> None:
    pair.relay("s1", since=50)
    pair.answers = False
    pair.settle()
    pair.connect()
    pair.begin(b"pending")
    pair.settle()
    assert pair.stub.state == ACCEPTED
    pair.relays.clear()  # killed: no "gone"
    pair.answers = True
    pair.relay("s2", since=1)  # its clock is behind
    assert pair.run() == Answer(b"pending")
    assert len(pair.invocations()) == 2


def test_a_relay_killed_and_restarted_under_the_same_session_reboots_the_stub(pair: Pair) -> None:
    pair.relay("s1")
    pair.answers = False
    pair.settle()
    pair.connect()
    pair.begin(b"pending")
    pair.settle()
    pair.relays.clear()
    pair.answers = True
    relay = make_relay("s1")
    pair.relays.append(relay)
    assert pair.run() == Answer(b"pending")
    assert pair.now < 110


def test_gone_while_pending_waits_for_another_relay(pair: Pair) -> None:
    relay = pair.relay("s1")
    pair.answers = False
    pair.settle()
    pair.connect()
    pair.begin(b"pending")
    pair.settle()
    pair.say(relay.leave())
    pair.settle()
    assert pair.stub.state == ORPHANED
    pair.relays.clear()
    pair.pass_time(ORPHAN_SECONDS - 1)
    pair.answers = True
    pair.relay("s2", since=2)
    assert pair.run() == Answer(b"pending")


def test_gone_while_pending_ends_in_an_error_when_none_follows(pair: Pair) -> None:
    relay = pair.relay("s1")
    pair.answers = False
    pair.settle()
    pair.connect()
    pair.begin()
    pair.settle()
    pair.say(relay.leave())
    outcome = pair.run()
    assert outcome == Absent("the relay took the request, went away, and none followed")
    assert pair.now <= 100 + ORPHAN_SECONDS + 0.1


def test_a_relay_that_left_still_delivers_what_it_finished(pair: Pair) -> None:
    relay = pair.relay("s1")
    pair.answers = False
    pair.settle()
    pair.connect()
    name = pair.begin()
    pair.settle()
    pair.say(relay.leave())
    pair.settle()
    relay.answer(worker(1), name, b"drained", False, pair.now)
    assert pair.run() == Answer(b"drained")


def test_gone_of_a_session_before_is_ignored_and_overwritten(pair: Pair) -> None:
    old = pair.relay("s1", since=5)
    will = old.presence("gone")
    pair.settle()
    pair.relays.clear()
    new = pair.relay("s2", since=6)
    pair.settle()
    pair.connect()
    pair.settle()
    pair.say(will)
    pair.settle()
    assert pair.retained is not None and pair.retained.payload != will.payload
    pair.begin(b"x")
    assert pair.run() == Answer(b"x")
    assert new.open_requests == 0


def test_the_own_will_is_overwritten_after_a_reconnect(pair: Pair) -> None:
    relay = pair.relay("s1")
    pair.settle()
    will = relay.presence("gone")
    pair.say(will)
    pair.settle()
    assert pair.retained is not None and pair.retained.payload != will.payload


def test_garbage_in_the_place_of_presence_is_overwritten_and_not_more_often_than_needed(
    pair: Pair,
) -> None:
    """Who lacks the key can delete what is retained, but not keep new stubs from the relay."""
    relay = pair.relay("s1")
    pair.settle()
    topic = relay.topics(0)[0]
    for number in range(300):
        pair.say(Publish(topic, b"" if number % 2 else b"garbage", retain=True))
        pair.pass_time(0.01)
    said = [packet for packet in pair.sent if packet.topic == topic and len(packet.payload) > 50]
    assert 2 <= len(said) - 1 <= 5
    pair.pass_time(1.2)
    pair.connect()
    pair.begin(b"x")
    assert pair.run() == Answer(b"x")
    assert relay.next_wakeup(pair.now) > pair.now + 1


def test_a_take_over_is_told_to_the_relay_before_and_followed_by_stubs(pair: Pair) -> None:
    old = pair.relay("s1", since=10)
    pair.settle()
    pair.connect()
    new = pair.relay("s2", since=3)
    told = [event for event in pair.events if isinstance(event, ForeignPresence)]
    assert told[0].session == "s1" and told[0].owner == "ana"
    pair.settle()
    told = [event for event in pair.events if isinstance(event, ForeignPresence)]
    assert [(event.session, event.newer) for event in told if event.newer] == [("s2", True)]
    pair.begin(b"x")
    assert pair.run() == Answer(b"x")
    assert old.open_requests == new.open_requests == 0
    assert pair.sent[-1].topic.endswith(worker(1))


def test_a_lost_link_is_resumed_in_every_state(pair: Pair) -> None:
    pair.relay("s1")
    pair.settle()
    pair.connect()
    pair.stub.disconnected()
    pair.begin(b"x")
    assert pair.stub.state == ASKING
    pair.pass_time(30)
    assert pair.stub.outcome is None and pair.stub.take_publishes(pair.now) == []
    pair.connect()
    assert pair.run() == Answer(b"x")
    pair.answers = False
    name = pair.begin(b"y")
    pair.settle()
    assert pair.stub.state == ACCEPTED
    pair.stub.disconnected()
    pair.relays[0].answer(worker(1), name, b"y", False, pair.now)
    pair.relays[0].take_publishes(pair.now)  # published while nobody listened
    pair.connect()
    start = pair.now
    assert pair.run() == Answer(b"y")
    assert pair.now - start < 1


def test_an_answer_lost_with_the_broker_is_asked_for_as_soon_as_the_relay_is_back(
    pair: Pair,
) -> None:
    """The broker has forgotten everything, and the stub is back before the relay."""
    relay = pair.relay("s1")
    pair.settle()
    pair.connect()
    pair.answers = False
    name = pair.begin(b"y")
    pair.settle()
    pair.stub.disconnected()
    relay.answer(worker(1), name, b"y", False, pair.now)
    relay.take_publishes(pair.now)  # lost with the broker
    pair.retained, relays = None, list(pair.relays)
    pair.relays.clear()
    pair.connect()
    pair.pass_time(1)
    pair.relays += relays
    relay.regain_shard(0)
    start = pair.now
    assert pair.run() == Answer(b"y")
    assert pair.now - start < 0.1


def test_an_environment_frozen_for_an_hour_goes_on(pair: Pair) -> None:
    pair.relay("s1")
    pair.answers = False
    pair.settle()
    pair.connect()
    name = pair.begin(b"y")
    pair.settle()
    pair.now += 3600
    pair.settle()
    assert pair.stub.outcome is None
    pair.relays[0].answer(worker(1), name, b"y", False, pair.now)
    assert pair.run() == Answer(b"y")


def test_a_request_without_environment_is_held_and_refused_at_last(pair: Pair) -> None:
    relay = pair.relay("s1")
    pair.settle()
    pair.connect()
    pair.begin(b"y")
    (hello, request) = pair.stub.take_publishes(pair.now)
    relay.receive(request.topic, request.payload, pair.now)
    assert relay.open_requests == 1
    for _ in range(100):
        pair.now += 0.5
        relay.tick(pair.now)
        for packet in relay.take_publishes(pair.now):
            pair._to_stub(packet)
    outcome = pair.stub.outcome
    assert isinstance(outcome, Failure) and b"SamLive.NoEnvironment" in outcome.body
    assert relay.open_requests == 0
    assert [type(e) for e in relay.receive(hello.topic, hello.payload, pair.now)] == [Hello]


@pytest.mark.parametrize("drop", [0.0, 0.15])
@pytest.mark.parametrize(
    "event",
    [
        b"x",
        "日本語 🎉 \u2028\u2029 \\u0000".encode() * 3000,
        random.Random(1).randbytes(51199),
        random.Random(1).randbytes(51200),
        random.Random(1).randbytes(51201),
        random.Random(1).randbytes(700_000),
        b"[" + b'{"a":"b\\"c"},' * 400_000 + b"0]",
    ],
    ids=["1 B", "CJK and emoji", "one under", "one chunk", "one over", "700 KB", "5.6 MB JSON"],
)
def test_payloads_come_back_byte_for_byte(event: bytes, drop: float) -> None:
    pair = Pair(seed=len(event))
    pair.relay(shards=2)
    pair.settle()
    pair.connect()
    pair.drop, pair.repeat, pair.reorder = drop, drop, drop
    pair.begin(event)
    assert pair.run(600) == Answer(event)
    assert len(pair.invocations()) == 1
    assert pair.refused == []


@pytest.mark.slow
def test_six_random_megabytes_survive_losses() -> None:
    event = random.Random(3).randbytes(6 * 1024 * 1024)
    pair = Pair(seed=3)
    pair.relay()
    pair.settle()
    pair.connect()
    pair.drop = 0.05
    pair.begin(event)
    assert pair.run(600) == Answer(event)


def test_a_chunk_lost_costs_one_chunk_not_all(pair: Pair) -> None:
    pair.relay()
    pair.settle()
    pair.connect()
    event = random.Random(1).randbytes(600_000)  # 12 frames
    pair.begin(event)
    pair.sent.clear()
    lost: list[Publish] = []
    deliver = pair._deliver

    def lossy(packet: Publish) -> None:
        if len(packet.payload) > 50_000 and len(lost) < 1:
            lost.append(packet)
        else:
            deliver(packet)

    pair._deliver = lossy  # type: ignore[method-assign]
    assert pair.run() == Answer(event)
    big = [packet for packet in pair.sent if len(packet.payload) > 30_000]
    assert len(big) <= 2 * 12 + 3


def test_answers_over_six_megabytes_become_lambdas_error(pair: Pair) -> None:
    relay = pair.relay()
    pair.answers = False
    pair.settle()
    pair.connect()
    name = pair.begin()
    pair.settle()
    relay.answer(worker(1), name, b" " * (6 * 1024 * 1024 + 101), False, pair.now)
    outcome = pair.run()
    assert isinstance(outcome, Failure)
    assert b'"errorType":"Function.ResponseSizeTooLarge"' in outcome.body
    assert b"(6291556 bytes)" in outcome.body


def test_packets_leave_below_the_brokers_limits(pair: Pair) -> None:
    pair.relay()
    pair.settle()
    pair.connect()
    times: list[tuple[float, int]] = []
    deliver = pair._deliver

    def counting(packet: Publish) -> None:
        if "/request/" in packet.topic:
            times.append((pair.now, len(packet.payload)))
        deliver(packet)

    pair._deliver = counting  # type: ignore[method-assign]
    event = random.Random(1).randbytes(2_000_000)
    pair.begin(event)
    assert pair.run() == Answer(event)
    for at, _ in times:
        window = [size for when, size in times if at <= when <= at + 1]
        assert len(window) <= 100 and sum(window) <= 512 * 1024


@pytest.mark.parametrize(
    "spoil",
    [
        lambda packet: packet[:-1],
        lambda packet: packet[:10],
        lambda packet: b"",
        lambda packet: packet + b"x",
        lambda packet: packet[:40] + bytes((packet[40] ^ 1,)) + packet[41:],
        lambda packet: b"\x02" + packet[1:],
        lambda packet: b"{}",
    ],
    ids=["cut", "cut short", "empty", "longer", "bit flipped", "other version", "JSON"],
)
def test_spoiled_packets_are_refused_and_change_nothing(spoil: Any, pair: Pair) -> None:
    relay = pair.relay()
    pair.settle()
    pair.connect()
    pair.begin(b"x")
    (hello, request) = pair.stub.take_publishes(pair.now)
    for packet in (hello, request):
        (event,) = relay.receive(packet.topic, spoil(packet.payload), pair.now)
        assert isinstance(event, Refused)
    assert relay.take_publishes(pair.now) == [] and relay.open_requests == 0
    for packet in (hello, request):
        relay.receive(packet.topic, packet.payload, pair.now)
    (ack,) = relay.take_publishes(pair.now)
    assert pair.stub.receive(ack.topic, spoil(ack.payload), pair.now)
    assert pair.stub.state == ASKING
    assert pair.stub.receive(ack.topic, ack.payload, pair.now) is None
    assert pair.stub.state == ACCEPTED


def test_replays_and_packets_of_other_topics_stages_and_keys_are_refused(pair: Pair) -> None:
    relay = pair.relay()
    pair.settle()
    pair.connect()
    pair.begin(b"x")
    packets = pair.stub.take_publishes(pair.now)
    for packet in packets:
        relay.receive(packet.topic, packet.payload, pair.now)
    assert relay.open_requests == 1
    for packet in packets:
        assert relay.receive(packet.topic, packet.payload, pair.now) == []
    moved = packets[1]
    for topic in ("samlive/shop/ana/presence", "samlive/shop/ana/request/s1/1"):
        (event,) = relay.receive(topic, moved.payload, pair.now)
        assert isinstance(event, Refused)
    other_stage = RelaySide(KEY, "shop", "bob", "s1", 1, "bob", "laptop", 1)
    other_key = RelaySide(bytes(32), "shop", "ana", "s1", 1, "eve", "laptop", 1)
    for other in (other_stage, other_key):
        (event,) = other.receive(moved.topic, moved.payload, pair.now)
        assert isinstance(event, Refused)
        foreign = other.announce()
        if other is other_key:
            assert pair.stub.receive(foreign.topic, foreign.payload, pair.now)


def test_a_shard_opened_by_load_takes_requests(pair: Pair) -> None:
    relay = pair.relay(shards=1)
    pair.settle()
    pair.connect()
    assert relay.usage(pair.now) < 0.1
    for _ in range(20):
        pair.begin()
        assert pair.run() is not None
    assert 0.5 < relay.usage(pair.now) <= 1.0
    assert "request/s1/1" in relay.topics(1)[-1]
    relay.open_shard()
    pair.settle()
    assert relay.shards == 2
    pair.sent.clear()
    pair.begin(b"x")
    assert pair.run() == Answer(b"x")
    assert {
        packet.topic.rsplit("/", 1)[1] for packet in pair.sent if "/request/" in packet.topic
    } == {"1"}
    assert {packet.shard for packet in pair.sent if "/reply/" in packet.topic} == {1}


def shards_used(pair: Pair, part: str) -> set[str]:
    return {packet.topic.rsplit("/", 1)[1] for packet in pair.sent if part in packet.topic}


def test_an_older_presence_of_the_session_does_not_take_a_shard_away(pair: Pair) -> None:
    relay = pair.relay(shards=1)
    before = relay.announce()
    relay.open_shard()
    pair.settle()
    pair.connect()
    assert pair.stub.receive(before.topic, before.payload, pair.now) is None
    pair.begin(b"x")
    assert pair.run() == Answer(b"x")
    assert shards_used(pair, "/request/") == {"1"}


def test_a_shard_that_breaks_loses_no_request(pair: Pair) -> None:
    relay = pair.relay(shards=2)
    pair.settle()
    pair.connect()
    pair.begin(b"x")
    pair.stub.take_publishes(pair.now)  # lost with the connection
    pair.sent.clear()
    relay.lose_shard(1)
    assert pair.run() == Answer(b"x")
    assert pair.now < 101
    assert shards_used(pair, "/request/") == {"0"}
    assert {packet.shard for packet in pair.sent} == {0}
    relay.regain_shard(1)
    pair.settle()
    pair.sent.clear()
    pair.begin(b"y")
    assert pair.run() == Answer(b"y")
    assert shards_used(pair, "/request/") == {"1"}


def test_what_waits_in_a_shard_that_breaks_leaves_by_another(pair: Pair) -> None:
    relay = pair.relay(shards=2)
    pair.answers = False
    pair.settle()
    pair.connect()
    name = pair.begin(b"x")
    pair.settle()
    body = random.Random(1).randbytes(3_000_000)
    assert relay.answer(worker(1), name, body, False, pair.now)
    pair.sent.clear()
    pair.settle()
    assert {packet.shard for packet in pair.sent} == {1}
    relay.lose_shard(1)
    assert pair.run() == Answer(body)
    assert pair.sent[-1].shard == 0


def test_with_every_connection_down_nothing_changes(pair: Pair) -> None:
    relay = pair.relay(shards=2)
    pair.settle()
    relay.lose_shard(0)
    relay.lose_shard(1)
    pair.connect()
    pair.settle()
    pair.begin(b"x")
    assert pair.run() == Answer(b"x")


def test_under_load_the_answer_stands_for_its_acknowledgement(pair: Pair) -> None:
    relay = pair.relay()
    pair.settle()
    pair.connect()
    pair.answers = False
    name = pair.begin(b"x")
    for packet in pair.stub.take_publishes(pair.now):
        pair.events += relay.receive(packet.topic, packet.payload, pair.now)
    relay._shards._outboxes[0]._due = pair.now + 0.2
    pair.sent.clear()
    assert relay.answer(worker(1), name, b"y", False, pair.now)
    assert pair.run() == Answer(b"y")
    assert len([packet for packet in pair.sent if "/reply/" in packet.topic]) == 1


def test_memory_stays_bounded(pair: Pair) -> None:
    relay = pair.relay()
    pair.settle()
    pair.connect()
    for number in range(300):
        pair.begin(random.Random(number).randbytes(100_000))
        assert pair.run() is not None
    assert relay._aging.kept_bytes <= 200_000
    assert relay._assembly.pending_bytes == 0
    assert pair.stub._assembly.pending_bytes == 0
    assert len(relay._workers) == 1


TestFaults = Faults.TestCase
TestFaults.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
