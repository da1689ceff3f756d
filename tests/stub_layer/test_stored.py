"""Large payloads by way of S3, and what happens when S3 fails."""

import binascii
import random
import zlib
from collections.abc import Iterator

import pytest

from samlive_stub import store
from samlive_stub.frames import FrameError
from samlive_stub.outcomes import Transfer
from samlive_stub.protocol import ORPHANED, REST_SECONDS, STORING
from samlive_stub.requester import Absent, Answer
from samlive_stub.seal import Sealer, SealError
from stub_pair import KEY, Pair, make_relay, worker
from stub_s3 import S3, serving

LARGE = random.Random(1).randbytes(2_000_000)


@pytest.fixture
def pair() -> Pair:
    pair = Pair()
    pair.relay(storage=True)
    pair.settle()
    pair.connect()
    pair.settle()
    pair.sent.clear()
    return pair


def test_an_object_opens_under_its_own_name_and_key_alone() -> None:
    content = store.pack(Sealer(KEY), "name", b"x" * 1000)
    assert len(content) < 200
    assert store.open_object(Sealer(KEY), "name", content) == b"x" * 1000
    with pytest.raises(SealError):
        store.open_object(Sealer(KEY), "other", content)
    with pytest.raises(SealError):
        store.open_object(Sealer(bytes(32)), "name", content)
    with pytest.raises(SealError):
        store.open_object(Sealer(KEY), "name", content[:-1])
    with pytest.raises(FrameError):
        store.open_object(Sealer(KEY), "name", Sealer(KEY).seal("name", b"\x02abc"))
    with pytest.raises(FrameError):
        store.open_object(Sealer(KEY), "name", Sealer(KEY).seal("name", b""))


def test_small_payloads_never_touch_s3(pair: Pair) -> None:
    pair.begin(LARGE[:200_000])
    assert pair.run() == Answer(LARGE[:200_000])
    assert pair.bucket.log == []


def test_what_compresses_to_little_goes_in_frames(pair: Pair) -> None:
    pair.begin(b"x" * 3_000_000)
    pair.answers = False
    pair.settle()
    assert pair.bucket.log == []


def test_a_large_payload_goes_both_ways_in_a_few_packets(pair: Pair) -> None:
    pair.begin(LARGE)
    assert pair.run() == Answer(LARGE)
    assert pair.bucket.log == ["sign", "put", "get", "sign", "put", "get"]
    assert len(pair.sent) == 6  # hello, upload, its url, request, ack, response
    assert sum(len(packet.payload) for packet in pair.sent) < 2000
    assert pair.now < 100.1
    assert all(LARGE[:100] not in content for content in pair.bucket.objects.values())


def test_without_storage_it_goes_in_frames() -> None:
    pair = Pair()
    pair.relay(storage=False)
    pair.settle()
    pair.connect()
    pair.begin(LARGE)
    assert pair.run() == Answer(LARGE)
    assert pair.bucket.log == []


@pytest.mark.parametrize("broken", ["sign", "put", "get"])
def test_whatever_fails_in_s3_the_payload_goes_in_frames(pair: Pair, broken: str) -> None:
    pair.bucket.broken.add(broken)
    pair.begin(LARGE)
    assert pair.run() == Answer(LARGE)
    assert len(pair.invocations()) == 1
    pair.bucket.broken.clear()
    pair.begin(LARGE)
    assert pair.run() == Answer(LARGE)


def test_a_stub_without_a_route_to_s3_is_spared_it_for_a_while(pair: Pair) -> None:
    pair.bucket.broken.add("put")
    pair.begin(LARGE)
    assert pair.run() == Answer(LARGE)
    tries = len(pair.bucket.log)
    pair.bucket.broken.clear()
    pair.begin(LARGE)
    pair.answers = False
    pair.settle()
    assert len(pair.bucket.log) == tries
    pair.stub.abandon()
    pair.pass_time(REST_SECONDS)
    pair.begin(LARGE)
    pair.settle()
    assert pair.bucket.log[tries:] == ["sign", "put", "get"]


def test_a_stub_that_cannot_read_its_answer_gets_the_next_ones_in_frames(pair: Pair) -> None:
    relay = pair.relays[0]
    pair.answers = False
    name = pair.begin(b"small")
    pair.settle()
    place = {"name": "never put", "url": "https://x", "h": "v"}
    assert relay.can_load(worker(1), pair.now)
    assert relay.answer(worker(1), name, LARGE, False, pair.now, place)
    assert pair.run() == Answer(LARGE)
    assert not relay.can_load(worker(1), pair.now)
    assert relay.can_load(worker(1), pair.now + REST_SECONDS)


def test_an_object_that_was_exchanged_is_not_believed(pair: Pair) -> None:
    put = pair.bucket.put

    def exchange(name: str, content: bytes) -> bytes | None:
        return put(name, content[:-1] + b"!")

    pair.bucket.put = exchange  # type: ignore[method-assign]
    pair.begin(LARGE)
    assert pair.run() == Answer(LARGE)
    assert [call.event for call in pair.invocations()] == [LARGE]


def test_an_object_that_nobody_offered_is_not_read(pair: Pair) -> None:
    pair.begin(LARGE)
    while pair.stub.state != STORING:
        pair.step()
    transfer = pair.stub.transfer
    assert transfer is not None
    pair.stub._transfer = type(transfer)("foreign", transfer.url, transfer.headers, transfer.body)
    assert pair.run() == Answer(LARGE)
    assert pair.bucket.log[:2] == ["sign", "put"]
    assert "get" not in pair.bucket.log[:3]


@pytest.mark.parametrize("seed", range(25))
def test_loss_repetition_and_reordering_change_nothing(seed: int) -> None:
    pair = Pair(seed)
    pair.relay(storage=True)
    pair.settle()
    pair.connect()
    pair.drop, pair.repeat, pair.reorder = 0.2, 0.1, 0.2
    for turn in range(4):
        event = LARGE[turn * 1000 : 400_000 + turn * 1000]
        pair.begin(event)
        assert pair.run(300) in (
            Answer(event),
            Absent("the relay that announced itself does not answer"),
        )
    assert len({call.request_id for call in pair.invocations()}) == len(pair.invocations())


def test_a_relay_that_restarts_meanwhile_gets_the_payload_again(pair: Pair) -> None:
    pair.answers = False
    pair.begin(LARGE)
    pair.settle()
    pair.relays.clear()
    pair.answers = True
    pair.relay("s2", since=2, storage=True)
    assert pair.run() == Answer(LARGE)
    assert [call.event for call in pair.invocations()] == [LARGE, LARGE]


def test_a_relay_that_goes_while_the_payload_is_put_is_waited_for(pair: Pair) -> None:
    pair.begin(LARGE)
    while pair.stub.state != STORING:
        pair.step()
    gone = pair.relays[0].leave()
    pair.stub.receive(gone.topic, gone.payload, pair.now)
    assert pair.stub.state == ORPHANED and pair.stub.transfer is None
    pair.relays.clear()
    pair.relay("s2", since=2, storage=False)
    assert pair.run() == Answer(LARGE)


def test_an_unasked_place_is_ignored(pair: Pair) -> None:
    relay = pair.relays[0]
    pair.answers = False
    pair.begin(b"small")
    pair.settle()
    relay.offer(worker(1), bytes(16), {"name": "n", "url": "u"})
    pair.settle()
    assert pair.stub.transfer is None
    assert make_relay().fetched(worker(1), bytes(16), b"", 0.0) == []


def test_the_memory_of_stored_answers_is_given_back(pair: Pair) -> None:
    relay = pair.relays[0]
    for _ in range(3):
        pair.begin(LARGE)
        assert pair.run() == Answer(LARGE)
        assert relay._aging.kept_bytes < 2_100_000
    pair.begin(b"small")
    assert pair.run() == Answer(b"small")
    assert relay._aging.kept_bytes < 100


@pytest.fixture
def server() -> Iterator[str]:
    with serving() as address:
        yield address


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "s3.localhost"])
def test_objects_are_put_and_got(server: str, name: str) -> None:
    url = f"http://{server.replace('127.0.0.1', name)}/bucket/name?X-Amz-Signature=secret"
    courier = store.Courier(KEY)
    assert courier.transfer("PUT", url, {"x-owner": "1"}, LARGE) == b""
    assert courier.transfer("GET", url, {}) == LARGE
    assert len(S3.clients) == 1
    courier.close()


@pytest.mark.parametrize("times", [(0.0, store.KEPT_SECONDS + 1), (0.0, -1.0)])
def test_a_connection_that_was_not_used_for_long_is_not_trusted(
    server: str, monkeypatch: pytest.MonkeyPatch, times: tuple[float, float]
) -> None:
    courier = store.Courier(KEY)
    for at in times:
        monkeypatch.setattr("samlive_stub.store.time.time", lambda at=at: 1e9 + at)
        courier.transfer("PUT", f"http://{server}/bucket/name", {"x-owner": "1"}, b"x")
    assert len(S3.clients) == 2
    courier.close()


def test_a_kept_connection_that_s3_has_closed_is_opened_again(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(S3, "hangs_up", True)
    courier, url = store.Courier(KEY), f"http://{server}/bucket/name"
    for body in (LARGE, LARGE[::-1]):
        courier.transfer("PUT", url, {"x-owner": "1"}, body)
        assert courier.transfer("GET", url, {}) == body
    assert len(S3.clients) == 4
    courier.close()


def test_another_host_gets_a_connection_of_its_own(server: str) -> None:
    courier = store.Courier(KEY)
    for host in (server, server.replace("127.0.0.1", "s3.localhost")):
        courier.transfer("PUT", f"http://{host}/bucket/name", {"x-owner": "1"}, b"x")
    assert len(S3.clients) == 2
    courier.close()


def test_a_courier_seals_as_the_other_end_wants_it(server: str) -> None:
    courier, url = store.Courier(KEY), f"http://{server}/bucket/name"
    for wanted in ("", *store.ABILITIES.values()):
        put = Transfer("name", url, {"x-owner": "1"}, LARGE, wanted)
        assert courier.carry(put) == b""
        assert S3.objects["/bucket/name"][1] == int(wanted or 1)
        assert courier.carry(Transfer("name", url, {}, None)) == LARGE
    courier.close()


def test_a_refusal_is_told_without_the_signature(server: str) -> None:
    url = f"http://{server}/bucket/other?X-Amz-Signature=secret"
    with pytest.raises(OSError, match=r"127\.0\.0\.1 answered 404 to GET") as caught:
        store.Courier(KEY).transfer("GET", url, {})
    assert "secret" not in str(caught.value)
    with pytest.raises(OSError, match="403"):
        store.Courier(KEY).transfer("PUT", url, {"x-owner": "2"}, b"x")


def test_other_machines_are_spoken_to_with_tls_alone() -> None:
    with pytest.raises(OSError, match="without TLS is refused"):
        store.Courier(KEY).transfer("GET", "http://example.com/x", {})
    with pytest.raises(OSError, match="without TLS is refused"):
        store.Courier(KEY).transfer("GET", "http://127.0.0.1.example.com/x", {})


def test_an_object_that_is_too_large_is_refused(server: str) -> None:
    S3.objects["/huge"] = bytes(store.MAX_OBJECT_BYTES + 1)
    with pytest.raises(OSError, match="more than"):
        store.Courier(KEY).transfer("GET", f"http://{server}/huge", {})


def test_what_hardly_packs_is_put_as_it_is_and_the_rest_packed() -> None:
    text = binascii.b2a_base64(LARGE)
    rows = b"".join(b'{"id": %d, "name": "some product"}, ' % n for n in range(60_000))
    for body, packed in ((LARGE, False), (text, False), (rows, True)):
        content = store.pack(Sealer(KEY), "name", body)
        assert (len(content) < len(body) / 2) is packed
        assert store.open_object(Sealer(KEY), "name", content) == body


def test_a_large_request_is_packed_only_when_it_goes_in_frames(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed: list[int] = []
    compress = zlib.compress

    def counted(body: bytes, level: int) -> bytes:
        packed.append(len(body))
        return compress(body, level)

    monkeypatch.setattr("samlive_stub.frames.zlib.compress", counted)
    pair.begin(LARGE)
    assert pair.run() == Answer(LARGE)
    assert max(packed) < 100_000
    pair.bucket.broken.add("sign")
    pair.begin(LARGE)
    assert pair.run() == Answer(LARGE)
    assert max(packed) > len(LARGE)
