"""Streamed responses between both ends: refusals, loss, breaks, limits; byte for byte."""

import json
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from samlive_stub import frames, relay_parts
from samlive_stub.contract import CHUNK_BYTES
from samlive_stub.frames import Frame, FrameError
from samlive_stub.parts import PartBuffer
from samlive_stub.protocol import (
    BULK_WINDOW_BYTES,
    DONE,
    DRY_SECONDS,
    DRYING,
    ORPHAN_SECONDS,
    SILENCE_SECONDS,
    STREAMED,
    STREAMING,
    UNWANTED,
    WINDOW_BYTES,
)
from samlive_stub.relay_parts import OutStream, Part
from samlive_stub.requester import BROKEN_OFF, Answer, Ended
from stub_faults import Faults
from stub_pair import Pair, worker
from stub_streams import TYPE, Writer, streaming

ID = bytes(range(16))
SENDER = bytes(20)


@pytest.fixture
def pair() -> Pair:
    pair = Pair()
    pair.relay(shards=2)
    pair.answers = False
    pair.settle()
    pair.connect()
    return pair


def part(offset: int, body: bytes, flags: int = 0, kind: int = frames.RESPONSE) -> Frame:
    found = Part(ID, offset)
    found.kind, found.body = kind, bytearray(body)
    found.flags |= flags
    return Frame(found.encode(SENDER, 1))


HEAD = frames.encode_request(TYPE, b"")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kind": frames.REQUEST}, "flags"),
        ({"kind": frames.ACK}, "flags"),
        ({"flags": frames.STREAM | frames.STORED | frames.LAST}, "flags"),
        ({"flags": frames.STREAM | frames.STORED | frames.COMPRESSED}, "flags"),
        ({"kind": frames.ERROR, "flags": frames.STREAM | frames.STORED}, "flags"),
        ({"flags": frames.LAST}, "flags"),
        ({"kind": frames.POLL, "flags": frames.STREAM | frames.LAST}, "flags"),
        ({"index": 1, "count": 2}, "frame 1 of 2"),
        ({"count": 0}, "frame 0 of 0"),
        ({"total": 220 * 1024 * 1024}, "more than a stream"),
        ({"body": bytes(CHUNK_BYTES + 1)}, "a part of 51201 bytes"),
    ],
)
def test_what_is_no_part_is_refused(changes: dict[str, Any], reason: str) -> None:
    values = {
        "kind": frames.RESPONSE, "flags": frames.STREAM, "counter": 1, "sender": SENDER,
        "message": ID, "index": 0, "count": 1, "total": 5, "digest": bytes(8), "body": b"abc",
        **changes,
    }  # fmt: skip
    body = values.pop("body")
    with pytest.raises(FrameError, match=reason):
        Frame(frames.HEADER.pack(*values.values()) + body)


def test_a_report_that_is_cut_is_refused() -> None:
    body = frames.encode_offsets(7, [(9, 12), (20, UNWANTED)])
    assert frames.decode_offsets(body) == (7, [(9, 12), (20, UNWANTED)])
    for cut in (body[:-1], body[:-4], b""):
        with pytest.raises(FrameError, match="offsets are cut"):
            frames.decode_offsets(cut)


def test_a_stream_that_begins_without_fields_is_refused() -> None:
    with pytest.raises(FrameError, match="cut"):
        PartBuffer(SENDER).add(part(0, b"\xff\xff\xff\xffx"), 0.0)


def test_a_part_that_unpacks_to_more_than_a_part_is_refused() -> None:
    buffer = PartBuffer(SENDER)
    buffer.add(part(0, HEAD), 0.0)
    with pytest.raises(FrameError, match="unpacks"):
        buffer.add(part(len(HEAD), bytes(CHUNK_BYTES + 1)), 0.0)


def test_parts_of_another_session_or_far_ahead_are_ignored() -> None:
    buffer = PartBuffer(bytes(19) + b"\1")
    assert not buffer.add(part(0, HEAD), 0.0)
    buffer = PartBuffer(SENDER)
    assert not buffer.add(part(2 * BULK_WINDOW_BYTES, b"x"), 0.0)
    assert buffer.add(part(len(HEAD) + 2, b"cd"), 0.0)
    assert not buffer.add(part(len(HEAD) + 2, b"cd"), 0.0)
    assert buffer.take() == b""
    assert buffer.add(part(0, HEAD), 0.0)
    assert buffer.add(part(len(HEAD), b"ab"), 0.0)
    assert buffer.take() == b"abcd"
    assert buffer.fields == TYPE
    assert buffer.add(part(len(HEAD) + 4, b"", frames.LAST), 0.0)
    assert buffer.complete and buffer.take() == b""


def test_only_the_first_end_of_a_stream_counts() -> None:
    buffer = PartBuffer(SENDER)
    buffer.add(part(0, HEAD + b"a"), 0.0)
    buffer.add(part(len(HEAD) + 1, b'{"errorType":"X"}', frames.LAST, frames.ERROR), 0.0)
    assert buffer.complete and buffer.error == b'{"errorType":"X"}'
    assert not buffer.add(part(len(HEAD) + 40, b"b", frames.LAST), 0.0)
    assert buffer.complete and buffer.take() == b"a"


def test_the_first_part_arrives_while_the_handler_still_writes(pair: Pair) -> None:
    writer = streaming(pair)
    writer.write(b"first")
    pair.settle()
    assert pair.stub.stream_fields == TYPE
    assert pair.taken == b"first"
    assert pair.stub.outcome is None and pair.stub.state == STREAMING
    writer.write(b" second")
    writer.end()
    assert pair.run() == Ended(b"")
    assert pair.taken == b"first second"


def test_a_response_without_a_byte_ends(pair: Pair) -> None:
    writer = streaming(pair)
    writer.end()
    assert pair.run() == Ended(b"")
    assert pair.taken == b"" and pair.stub.stream_fields == TYPE


def test_an_error_in_the_middle_comes_after_what_was_written(pair: Pair) -> None:
    writer = streaming(pair)
    writer.write_all(random.Random(1).randbytes(200_000))
    writer.end(b'{"errorType":"Sandbox.Timedout"}')
    assert pair.run() == Ended(b'{"errorType":"Sandbox.Timedout"}')
    assert pair.taken == writer.written


def test_an_error_that_fits_no_part_loses_its_trace(pair: Pair) -> None:
    writer = streaming(pair)
    error = {"errorType": "E", "errorMessage": "m" * 9000, "trace": ["t" * 60_000]}
    writer.end(json.dumps(error).encode())
    outcome = pair.run()
    assert isinstance(outcome, Ended)
    assert json.loads(outcome.error) == {"errorType": "E", "errorMessage": "m" * 4096}


def test_nothing_is_written_after_the_end_and_nothing_ends_twice(pair: Pair) -> None:
    writer = streaming(pair)
    writer.write(b"all")
    writer.end()
    writer.write(b"more")
    writer.end(b'{"errorType":"Late"}')
    assert pair.run() == Ended(b"")
    assert pair.taken == b"all"
    assert not pair.relays[0].answer(worker(1), writer.name, b"x", False, pair.now)
    assert pair.relays[0].streams.open(worker(1), writer.name, TYPE, pair.now) is None


@pytest.mark.parametrize("drop", [0.0, 0.2])
@pytest.mark.parametrize("piece", [100, 9_999, 65_536])
def test_three_megabytes_come_byte_for_byte(drop: float, piece: int) -> None:
    pair = Pair(seed=piece)
    pair.relay()
    pair.answers = False
    pair.settle()
    pair.connect()
    name = pair.begin()
    pair.settle()
    pair.drop, pair.repeat, pair.reorder = drop, drop, drop
    writer = Writer(pair, pair.relays[0], name)
    size = 3_000_000 if piece > 100 else 300_000
    writer.write_all(random.Random(2).randbytes(size), piece)
    writer.end()
    assert pair.run(600) == Ended(b"")
    assert pair.taken == writer.written
    assert pair.refused == []


def test_text_is_compressed(pair: Pair) -> None:
    writer = streaming(pair)
    writer.write_all(b"data: the same again\n\n" * 30_000)
    writer.end()
    pair.sent.clear()
    assert pair.run() == Ended(b"")
    assert pair.taken == writer.written
    assert sum(len(packet.payload) for packet in pair.sent) < 60_000


def test_words_are_collected_and_cost_twenty_publishes_a_second(pair: Pair) -> None:
    writer = streaming(pair)
    pair.sent.clear()
    start = pair.now
    for number in range(400):
        writer.write(b"%d " % number)
        pair.now += 0.005
        pair.settle()
    assert 1.9 < pair.now - start < 2.1
    assert len([packet for packet in pair.sent if "/reply/" in packet.topic]) <= 42
    pair.pass_time(0.1)
    assert pair.taken == writer.written


def test_a_slow_caller_makes_the_handler_wait_and_memory_stays_bounded(pair: Pair) -> None:
    writer = streaming(pair)
    pair.takes = False
    data = random.Random(3).randbytes(65_536)
    for _ in range(100):
        if writer.room <= 0:
            break
        writer.write(data)
        pair.pass_time(0.2)
    assert writer.room <= 0
    assert WINDOW_BYTES <= len(writer.written) <= WINDOW_BYTES + 65_536
    pair.pass_time(30)
    assert writer.room <= 0 and pair.taken == b""
    pair.takes = True
    pair.pass_time(10)
    assert writer.room == WINDOW_BYTES
    writer.end()
    assert pair.run() == Ended(b"")
    assert pair.taken == writer.written


def test_a_response_beyond_lambdas_limit_breaks_off(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_parts, "MAX_STREAM_BYTES", 1000)
    writer = streaming(pair)
    writer.write(b"x" * 1000)
    writer.write(b"x")
    assert pair.run() == Ended(relay_parts.TOO_LARGE)
    assert pair.taken == b"x" * 1000
    assert b"(209715200 bytes)" in relay_parts.TOO_LARGE


def test_a_caller_that_is_gone_lets_the_handler_go_on(pair: Pair) -> None:
    writer = streaming(pair)
    writer.write(b"first")
    pair.settle()
    pair.stub.refuse_parts(pair.now)
    assert pair.stub.outcome == Ended(b"") and pair.stub.state == DONE
    pair.settle()
    for _ in range(40):
        assert writer.room > 0
        writer.write(bytes(65_536))
    writer.end()
    pair.sent.clear()
    pair.pass_time(5)
    assert pair.sent == []
    pair.answers = True
    pair.begin(b"next")
    assert pair.run() == Answer(b"next")


def test_the_next_request_frees_a_handler_that_nobody_listens_to(pair: Pair) -> None:
    writer = streaming(pair)
    writer.write(b"x" * WINDOW_BYTES)
    assert writer.room <= 0
    pair.stub.abandon()
    second = pair.begin(b"second", name=writer.name)  # Lambda's retry has the same id
    pair.settle()
    assert writer.room > 0
    writer.write(b"unheard")
    writer.end()
    pair.settle()
    assert pair.stub.outcome is None
    other = Writer(pair, pair.relays[0], second)
    other.write(b"heard")
    other.end()
    assert pair.run() == Ended(b"")
    assert pair.taken == b"heard"


def test_a_stub_that_is_silent_for_long_frees_the_handler(pair: Pair) -> None:
    writer = streaming(pair)
    writer.write(bytes(WINDOW_BYTES))
    pair.settle()
    relay, pair.relays = pair.relays[0], []
    end = pair.now + SILENCE_SECONDS + 1
    while pair.now < end:
        pair.now += 0.5
        relay.tick(pair.now)
        relay.take_publishes(pair.now)
    assert writer.room > 0
    assert relay.open_requests == 0


def test_a_relay_that_restarts_breaks_the_response_off(pair: Pair) -> None:
    writer = streaming(pair)
    writer.write(b"first")
    pair.settle()
    pair.relays.clear()
    start = pair.now
    pair.relay("s2", since=2)
    assert pair.run() == Ended(BROKEN_OFF)
    assert pair.taken == b"first"
    assert pair.now - start <= DRY_SECONDS + 0.1
    assert pair.invocations()[1:] == []


def test_a_relay_restarted_under_the_same_session_breaks_it_off_too(pair: Pair) -> None:
    writer = streaming(pair)
    writer.write(b"first")
    pair.settle()
    pair.relays.clear()
    pair.relay("s1", since=1)
    assert pair.run() == Ended(BROKEN_OFF)


def test_a_relay_that_is_lost_without_a_word_breaks_it_off_at_last(pair: Pair) -> None:
    writer = streaming(pair)
    writer.write(b"first")
    pair.settle()
    pair.relays.clear()
    assert pair.run(100) == Ended(BROKEN_OFF)
    assert json.loads(BROKEN_OFF)["errorType"] == "SamLive.RelayAbsent"


def test_a_relay_that_left_or_was_taken_over_still_ends_its_streams(pair: Pair) -> None:
    writer = streaming(pair)
    writer.write(b"first")
    pair.settle()
    pair.say(pair.relays[0].leave())
    pair.settle()
    assert pair.stub.state == DRYING
    pair.relay("s2", since=2)
    pair.settle()
    writer.write_all(bytes(3 * WINDOW_BYTES))
    writer.end()
    assert pair.run() == Ended(b"")
    assert pair.taken == writer.written


def test_a_relay_that_is_back_goes_on(pair: Pair) -> None:
    writer = streaming(pair)
    writer.write(b"first")
    pair.settle()
    pair.say(pair.relays[0].presence("gone"))  # the will of a connection that broke
    pair.settle()
    assert pair.stub.state == STREAMING
    pair.pass_time(ORPHAN_SECONDS + 1)
    writer.end()
    assert pair.run() == Ended(b"")


def test_a_lost_link_is_resumed(pair: Pair) -> None:
    writer = streaming(pair)
    writer.write(b"first")
    pair.settle()
    pair.stub.disconnected()
    writer.write(random.Random(4).randbytes(300_000))
    pair.pass_time(5)
    writer.end()
    pair.settle()
    pair.connect()
    start = pair.now
    assert pair.run() == Ended(b"")
    assert pair.taken == writer.written
    assert pair.now - start < 2


def test_a_shard_that_breaks_loses_nothing(pair: Pair) -> None:
    writer = streaming(pair)
    writer.write(random.Random(5).randbytes(900_000))
    pair.relays[0].lose_shard(1)
    writer.end()
    assert pair.run() == Ended(b"")
    assert pair.taken == writer.written


def test_a_whole_answer_never_ends_a_stream(pair: Pair) -> None:
    writer = streaming(pair)
    writer.write(b"first")
    pair.settle()
    assert not pair.relays[0].answer(worker(1), writer.name, b"whole", False, pair.now)
    pair.settle()
    assert pair.stub.outcome is None


def test_memory_is_given_back(pair: Pair) -> None:
    for number in range(20):
        writer = streaming(pair)
        writer.write_all(random.Random(number).randbytes(1_500_000))
        writer.end()
        assert pair.run(600) == Ended(b"")
        requests = next(iter(pair.relays[0]._workers.values())).requests
        assert len(requests) == 1
        (request,) = requests.values()
        assert request.state == STREAMED
        assert isinstance(request.stream, OutStream)
        held = sum(len(part.body) for part in request.stream._parts.values())
        assert held <= WINDOW_BYTES
    pair.pass_time(SILENCE_SECONDS + 2)
    assert next(iter(pair.relays[0]._workers.values())).requests == {}
    assert pair.relays[0].streams._open == {}


class StreamFaults(Faults):
    """Any order of faults: what arrives is what one handler wrote, whole or said to be cut."""

    def __init__(self) -> None:
        self.writers: list[Writer] = []
        super().__init__()

    @rule()
    def stream(self) -> None:
        for event in self.pair.invocations():
            writer = Writer(self.pair, self.pair.relays[0], event.request_id)
            if writer.number:
                writer.write(f"{self.session} {event.request_id} ".encode())
                self.writers.append(writer)
        self.pair.settle()

    @precondition(lambda self: self.open_writers)
    @rule(size=st.sampled_from([0, 1, 3_000, 60_000, 200_000, 900_000]), seed=st.integers(0, 9))
    def write(self, size: int, seed: int) -> None:
        for writer in self.open_writers:
            if writer.room > 0:
                writer.write(random.Random(seed).randbytes(size))
        self.pair.settle()

    @precondition(lambda self: self.open_writers)
    @rule(error=st.sampled_from([b"", b'{"errorType":"Mine"}']))
    def end(self, error: bytes) -> None:
        for writer in self.open_writers:
            writer.end(error)
        self.pair.settle()

    @rule(seed=st.integers(0, 9), keep=st.integers(0, 2))
    def put_runs(self, seed: int, keep: int) -> None:
        for writer in self.writers:
            if writer.relay is self.pair.relays[0]:
                writer.settle_runs(random.Random(seed), keep)
        self.pair.settle()

    @rule(takes=st.booleans())
    def caller(self, takes: bool) -> None:
        self.pair.takes = takes

    @property
    def open_writers(self) -> list[Writer]:
        relay = self.pair.relays[0]
        return [w for w in self.writers if w.relay is relay and not w.over]

    @invariant()
    def what_arrives_is_what_one_handler_wrote(self) -> None:
        outcome = self.pair.stub.outcome
        if isinstance(outcome, Ended):
            self.pair.taken += self.pair.stub.take_parts(self.pair.now)
        taken = self.pair.taken
        if not taken:
            return
        own = [w.written for w in self.writers if w.name == self.name]
        if outcome == Ended(b""):
            assert taken in own
        else:
            assert any(written.startswith(taken) for written in own)

    def answer(self) -> None:
        """Answer whole what does not stream, and end what does."""
        for writer in self.open_writers:
            writer.end()
        self.put_runs(0, 0)
        super().answer()

    def teardown(self) -> None:
        self.pair.takes = True
        super().teardown()


TestStreamFaults = StreamFaults.TestCase
TestStreamFaults.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
