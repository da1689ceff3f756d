"""Frames, fields and reassembly: what must be refused, then what must come back."""

import random
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samlive_stub import frames
from samlive_stub.assembly import REPLAY_WINDOW, Reassembler, ReplayWindow
from samlive_stub.contract import CHUNK_BYTES, is_name
from samlive_stub.frames import Frame, FrameError, Message
from samlive_stub.outcomes import Answer, Failure

SENDER = bytes(20)
ID = bytes(range(16))


def encoded(body: bytes, kind: int = frames.REQUEST) -> list[bytes]:
    message = Message(kind, ID, body)
    return [message.encode(index, SENDER, index + 1) for index in range(message.count)]


def header(**changes: int | bytes) -> bytes:
    values: dict[str, int | bytes] = {
        "kind": 1, "flags": 0, "counter": 1, "sender": SENDER, "message": ID,
        "index": 0, "count": 1, "total": 3, "digest": bytes(8), **changes,
    }  # fmt: skip
    return struct.pack("!BBQ20s16sHHI8s", *values.values())


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (b"", "shorter"),
        (header()[:-1], "shorter"),
        (header(kind=0) + b"abc", "kind 0"),
        (header(kind=11) + b"abc", "kind 11"),
        (header(flags=2) + b"abc", "flags"),
        (header(count=0) + b"abc", "frame 0 of 0"),
        (header(index=1) + b"abc", "frame 1 of 1"),
        (header(count=2) + b"abc", "frame 0 of 2"),
        (header(total=4) + b"abc", "holds 3 bytes"),
        (header(total=2) + b"abc", "holds 3 bytes"),
        (header(total=100 * 1024 * 1024, count=2048) + b"abc", "more than a message"),
        (header(total=60_000, count=2) + b"abc", "holds 3 bytes"),
    ],
)
def test_what_is_no_frame_is_refused(packet: bytes, reason: str) -> None:
    with pytest.raises(FrameError, match=reason):
        Frame(packet)


@given(st.binary(max_size=200))
def test_garbage_never_raises_anything_else(garbage: bytes) -> None:
    for read in (Frame, frames.decode_fields, frames.decode_request, frames.decode_indices):
        try:
            read(garbage)
        except FrameError:
            pass


def test_an_outcome_cannot_be_changed() -> None:
    answer = Answer(b"abc")
    with pytest.raises(AttributeError):
        answer.body = b"other"
    with pytest.raises(AttributeError):
        del answer.body
    assert answer == Answer(b"abc") != Failure(b"abc")


def test_a_body_with_another_digest_is_refused() -> None:
    first, second = (Frame(packet) for packet in encoded(random.Random(1).randbytes(60_000)))
    other = Frame(encoded(random.Random(2).randbytes(60_000))[1])
    with pytest.raises(FrameError, match="digest"):
        frames.join(first, [first.body, other.body])
    assert len(frames.join(first, [first.body, second.body])) == 60_000


@pytest.mark.parametrize("packed", [zlib.compress(bytes(7_000_000), 9), zlib.compress(b"abc")[:-1]])
def test_a_body_that_unpacks_to_too_much_or_is_cut_is_refused(packed: bytes) -> None:
    frame = Frame(header(flags=1, total=len(packed)) + packed)
    with pytest.raises(FrameError):
        frames.join(frame, [frame.body])


def test_a_body_of_one_chunk_is_never_compressed() -> None:
    (packet,) = encoded(bytes(CHUNK_BYTES))
    assert Frame(packet).flags == 0


def test_a_body_is_compressed_only_when_that_saves_frames() -> None:
    assert Message(1, ID, bytes(200_000)).count == 1
    noise = random.Random(1).randbytes(60_000)
    assert Message(1, ID, noise).flags == 0
    assert Message(1, ID, noise).count == 2


def test_chunks_are_counted_in_bytes_not_characters() -> None:
    text = "語" * 20_000
    packets = encoded(text.encode())
    assert all(len(packet) <= CHUNK_BYTES + frames.HEADER_BYTES for packet in packets)


@given(st.integers(0, 300_000), st.integers(0, 99))
def test_any_order_with_repeats_gives_the_body(size: int, seed: int) -> None:
    source = random.Random(seed)
    body = source.randbytes(size)
    packets = encoded(body) * 2
    source.shuffle(packets)
    assembly = Reassembler(10**7, 60)
    found = [assembly.add(Frame(packet), 0.0) for packet in packets]
    assert body in found
    assert all(part in (None, body) for part in found)


def test_reassembly_is_bounded_in_size_and_time() -> None:
    assembly = Reassembler(max_bytes=120_000, max_age=10)
    for number in range(20):
        message = Message(1, bytes((number,)) * 16, random.Random(number).randbytes(90_000))
        assert assembly.add(Frame(message.encode(0, SENDER, 1)), float(number)) is None
        assert assembly.pending_bytes <= 120_000
    assert assembly.missing(100.0, 1.0) == []
    assert assembly.pending_bytes == 0


def test_what_is_missing_is_named_once_per_pause() -> None:
    assembly = Reassembler(10**7, 60)
    packets = encoded(random.Random(1).randbytes(4 * CHUNK_BYTES))
    for index in (0, 2):
        assembly.add(Frame(packets[index]), 5.0)
    assert assembly.missing(5.5, 1.0) == []
    ((frame, gaps),) = assembly.missing(6.0, 1.0)
    assert (frame.message, gaps) == (ID, [1, 3])
    assert assembly.missing(6.5, 1.0) == []
    assert assembly.gaps(ID) == [1, 3] and assembly.gaps(bytes(16)) == []
    assembly.discard(SENDER)
    assert assembly.pending_bytes == 0


def test_a_replayed_or_ancient_counter_is_refused() -> None:
    window = ReplayWindow()
    assert window.accept(5) and not window.accept(5)
    assert window.accept(3) and not window.accept(3)
    assert window.accept(5 + REPLAY_WINDOW)
    assert not window.accept(5) and not window.accept(4)
    assert window.accept(6)


def test_a_giant_leap_of_the_counter_costs_no_memory() -> None:
    window = ReplayWindow()
    assert window.accept(1) and window.accept(2**64 - 1)
    assert not window.accept(1)
    assert window._seen.bit_length() <= REPLAY_WINDOW


@given(st.lists(st.integers(0, 3000), max_size=200))
def test_no_counter_is_accepted_twice(counters: list[int]) -> None:
    window = ReplayWindow()
    accepted = [counter for counter in counters if window.accept(counter)]
    assert len(accepted) == len(set(accepted))


@pytest.mark.parametrize("cut", range(1, 12))
def test_cut_fields_are_refused(cut: int) -> None:
    body = frames.encode_fields({"key": "value"})
    with pytest.raises(FrameError):
        frames.decode_fields(body[:-cut])


def test_a_cut_request_is_refused() -> None:
    body = frames.encode_request({"a": "b"}, b"")
    for size in range(len(body)):
        with pytest.raises(FrameError):
            frames.decode_request(body[:size])


@given(st.dictionaries(st.text(), st.text()), st.binary())
def test_fields_and_event_come_back(fields: dict[str, str], event: bytes) -> None:
    assert frames.decode_request(frames.encode_request(fields, event)) == (fields, event)


def test_environment_values_that_are_no_utf8_come_back() -> None:
    fields = {"BINARY": b"\xff\xfe".decode("utf-8", "surrogateescape")}
    assert frames.decode_fields(frames.encode_fields(fields)) == fields


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", True), ("Shop-2", True), ("a" * 24, True), ("a-", True),
        ("", False), ("2shop", False), ("-a", False), ("a" * 25, False), ("a_b", False),
        ("a:b", False), ("a/b", False), ("ä", False), ("aä", False), ("a\n", False),
        ("a+", False), ("a#", False), ("a b", False), ("²", False), ("a²", False),
    ],
)  # fmt: skip
def test_names_hold_letters_digits_and_hyphens(text: str, expected: bool) -> None:
    assert is_name(text, 24) is expected
