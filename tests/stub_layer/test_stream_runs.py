"""Streams that go through S3 in runs of parts: refusals, failures at either end, loss, limits."""

import random
from typing import Any

import pytest

from samlive_stub import frames
from samlive_stub.frames import Frame, FrameError
from samlive_stub.parts import PartBuffer
from samlive_stub.protocol import BULK_WINDOW_BYTES, DONE, REST_SECONDS, WINDOW_BYTES
from samlive_stub.relay_runs import HOLD_BYTES, MIN_BYTES, Runs
from samlive_stub.requester import BROKEN_OFF, Ended
from stub_pair import Pair, worker
from stub_streams import TYPE, Writer, streaming

ID, SENDER = bytes(range(16)), bytes(20)
DATA = random.Random(1).randbytes(5_000_000)
HEAD = frames.encode_request(TYPE, b"")


@pytest.fixture
def pair() -> Pair:
    return storing(Pair())


def storing(pair: Pair) -> Pair:
    pair.relay(storage=True)
    pair.answers = False
    pair.settle()
    pair.connect()
    return pair


def ended(pair: Pair, writer: Writer, seconds: float = 300.0) -> Any:
    """Put and tell what is to go through S3 until the response is over."""
    end = pair.now + seconds
    while pair.stub.outcome is None and pair.now < end:
        writer.settle_runs()
        pair.pass_time(0.05)
    return pair.stub.outcome


def frame(offset: int, body: bytes, flags: int = 0) -> Frame:
    place = (ID, 0, 1, offset, bytes(8))
    values = (frames.RESPONSE, frames.STREAM | flags, 1, SENDER, *place)
    return Frame(frames.HEADER.pack(*values) + body)


def place(offset: int, **fields: str) -> Frame:
    return frame(offset, frames.encode_fields({"name": "n", "url": "u", **fields}), frames.STORED)


@pytest.mark.parametrize("size", ["", "0", "-5", "x", str(BULK_WINDOW_BYTES + 1)])
def test_a_run_of_no_or_any_size_is_refused(size: str) -> None:
    buffer = PartBuffer(SENDER)
    buffer.add(frame(0, HEAD), 0.0)
    with pytest.raises(FrameError, match="of no size"):
        buffer.add(place(len(HEAD), size=size), 0.0)


def test_a_run_in_the_place_of_the_fields_is_refused() -> None:
    with pytest.raises(FrameError, match="begins the stream"):
        PartBuffer(SENDER).add(place(0, size="5"), 0.0)


def test_a_run_that_has_another_length_is_asked_for_in_parts() -> None:
    buffer = PartBuffer(SENDER)
    buffer.add(frame(0, HEAD), 0.0)
    buffer.add(place(len(HEAD), size="4"), 0.0)
    buffer.add(frame(len(HEAD) + 4, b"e", frames.LAST), 0.0)
    assert buffer.take() == b""
    assert buffer.wanted is not None and not buffer.complete
    assert not buffer.got(b"abcde")
    assert buffer.wanted is None
    assert frames.decode_offsets(buffer.report(True, 0.0))[1] == [(len(HEAD), len(HEAD) + 4)]
    for at, byte in enumerate(b"abcd"):
        assert buffer.add(frame(len(HEAD) + at, bytes((byte,))), 0.0)
    assert buffer.complete and buffer.take() == b"abcde"


def test_a_run_and_its_own_parts_count_once() -> None:
    buffer = PartBuffer(SENDER)
    buffer.add(frame(0, HEAD), 0.0)
    buffer.add(frame(len(HEAD) + 2, b"cd"), 0.0)
    buffer.add(place(len(HEAD), size="4"), 0.0)
    assert not buffer.add(frame(len(HEAD), b"ab"), 0.0)
    assert buffer.gap_at == float("inf")
    assert buffer.take() == b""
    assert buffer.got(b"abcd") and buffer.take() == b"abcd"


def test_what_is_missing_of_a_run_is_sent_as_the_run_or_in_parts() -> None:
    runs = Runs()
    runs.begin(3, 6)
    assert runs.standing_in([2, 3, 4, 5, 6]) == [2, 6]  # it is on its way to S3
    assert runs.put(3, 100, {"name": "n"}) == [3]
    assert runs.standing_in([2, 3, 4, 5, 6]) == [2, 3, 6]
    assert runs.standing_in([4, 5, 6]) == [4, 5, 6]  # the first one has come
    runs.begin(6, 8)
    assert runs.give_up() == [6, 7]
    assert runs.put(6, 100, {"name": "n"}) == []


def test_a_fast_handler_is_not_held_to_the_brokers_pace(pair: Pair) -> None:
    writer, start = streaming(pair), pair.now
    pair.sent.clear()
    writer.write_all(DATA)
    writer.end()
    assert ended(pair, writer) == Ended(b"")
    assert pair.taken == DATA
    assert pair.now - start < 3
    assert sum(len(packet.payload) for packet in pair.sent) < 1_200_000
    assert pair.bucket.log.count("put") == pair.bucket.log.count("get") >= 4
    assert pair.refused == []


def test_a_slow_handler_never_touches_s3(pair: Pair) -> None:
    writer = streaming(pair)
    for at in range(0, 1_500_000, 20_000):
        writer.write(DATA[at : at + 20_000])
        writer.store()
        pair.pass_time(0.06)
    writer.end()
    assert ended(pair, writer) == Ended(b"")
    assert pair.taken == writer.written and pair.bucket.log == []


def test_without_storage_nothing_is_held_back() -> None:
    pair = Pair()
    pair.relay()
    pair.answers = False
    pair.settle()
    pair.connect()
    writer = streaming(pair)
    writer.write_all(DATA[:2_000_000])
    writer.end()
    assert pair.run() == Ended(b"")
    assert pair.taken == writer.written and pair.bucket.log == []


@pytest.mark.parametrize("broken", ["sign", "put", "get"])
def test_whatever_fails_in_s3_the_stream_goes_in_parts(pair: Pair, broken: str) -> None:
    writer = streaming(pair)
    pair.bucket.broken.add(broken)
    writer.write_all(DATA[:3_000_000])
    writer.end()
    assert ended(pair, writer) == Ended(b"")
    assert pair.taken == writer.written
    if broken == "get":
        assert not pair.relays[0].can_load(worker(1), pair.now)
        assert pair.relays[0].can_load(worker(1), pair.now + REST_SECONDS)
        tries = len(pair.bucket.log)
        again = streaming(pair)
        again.write_all(DATA[:1_500_000])
        again.end()
        assert ended(pair, again) == Ended(b"")
        assert pair.taken == again.written and len(pair.bucket.log) == tries


def test_s3_that_fails_in_the_middle_costs_no_byte(pair: Pair) -> None:
    writer = streaming(pair)
    writer.write_all(DATA[:2_500_000])
    while "get" not in pair.bucket.log:
        writer.settle_runs()
        pair.pass_time(0.1)
    pair.bucket.broken.add("get")
    writer.write_all(DATA[2_500_000:])
    writer.end(b'{"errorType":"Mine"}')
    assert ended(pair, writer) == Ended(b'{"errorType":"Mine"}')
    assert pair.taken == DATA


def test_an_object_that_was_exchanged_is_not_believed(pair: Pair) -> None:
    put = pair.bucket.put
    kept: list[bytes] = []

    def exchange(name: str, content: bytes) -> bytes | None:
        kept.append(content)
        return put(name, kept[0])

    pair.bucket.put = exchange  # type: ignore[method-assign]
    writer = streaming(pair)
    writer.write_all(DATA)
    writer.end()
    assert ended(pair, writer) == Ended(b"")
    assert pair.taken == DATA


@pytest.mark.parametrize("seed", range(12))
def test_loss_repetition_and_reordering_change_nothing(seed: int) -> None:
    pair = storing(Pair(seed))
    writer = streaming(pair)
    pair.drop, pair.repeat, pair.reorder = 0.2, 0.1, 0.3
    order = random.Random(seed)
    for at in range(0, 3_000_000, 100_000):
        while writer.room <= 0:
            writer.settle_runs(order, keep=1 if order.random() < 0.5 else 0)
            pair.pass_time(0.05)
        writer.write(DATA[at : at + 100_000])
        if order.random() < 0.1:
            pair.bucket.broken ^= {order.choice(["sign", "put", "get"])}
    writer.end()
    assert ended(pair, writer) == Ended(b"")
    assert pair.taken == writer.written
    assert pair.refused == []


def test_a_relay_that_is_lost_breaks_the_response_off(pair: Pair) -> None:
    writer = streaming(pair)
    writer.write_all(DATA[:3_000_000])
    pair.settle()
    writer.store()
    pair.relays.clear()
    assert pair.run(100) == Ended(BROKEN_OFF)
    assert DATA.startswith(pair.taken)


def test_a_relay_that_left_still_ends_its_streams(pair: Pair) -> None:
    writer = streaming(pair)
    writer.write_all(DATA[:1_000_000])
    pair.settle()
    pair.say(pair.relays[0].leave())
    pair.settle()
    pair.bucket.broken.add("get")
    writer.end()
    assert ended(pair, writer) == Ended(b"")
    assert pair.taken == writer.written


def test_a_slow_caller_makes_the_handler_wait_and_memory_stays_bounded(pair: Pair) -> None:
    writer = streaming(pair)
    pair.takes = False
    while writer.room > 0:
        writer.write(DATA[:65_536])
        writer.settle_runs()
        pair.settle()
    assert BULK_WINDOW_BYTES <= len(writer.written) <= BULK_WINDOW_BYTES + 65_536
    pair.pass_time(30)
    assert writer.room <= 0 and pair.taken == b""
    pair.takes = True
    pair.pass_time(10)
    writer.end()
    assert ended(pair, writer) == Ended(b"")
    assert pair.taken == writer.written


def test_a_caller_that_is_gone_lets_the_handler_go_on(pair: Pair) -> None:
    writer = streaming(pair)
    writer.write_all(DATA[: 2 * WINDOW_BYTES])
    writer.store()
    pair.settle()
    pair.stub.refuse_parts(pair.now)
    assert pair.stub.outcome == Ended(b"") and pair.stub.state == DONE
    pair.settle()
    writer.settle_runs()
    assert writer.room > 0
    writer.end()
    pair.sent.clear()
    pair.pass_time(5)
    assert pair.sent == []


def test_little_that_is_held_back_leaves_with_the_next_confirmation(pair: Pair) -> None:
    writer = streaming(pair)
    writer.write(DATA[: HOLD_BYTES + MIN_BYTES // 2])
    writer.end()
    writer.store()
    assert pair.bucket.log == []
    start = pair.now
    assert pair.run() == Ended(b"")
    assert pair.taken == writer.written
    assert pair.now - start < 2.5
