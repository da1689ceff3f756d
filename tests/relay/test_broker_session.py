"""The relay's MQTT session, byte by byte: what a broker may say, and when it says nothing."""

import base64
import hashlib

import pytest

from samlive_relay.transports.session import (
    ANSWER_SECONDS,
    CONNECT,
    FRAME_BYTES,
    HANDSHAKE,
    KEEP_ALIVE_SECONDS,
    SUBSCRIBE,
    Denied,
    Session,
)
from samlive_stub import mqtt
from samlive_stub.protocol import Publish

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONNACK, SUBACK = b"\x20\x03\x00\x00\x00", b"\x90\x04\x00\x01\x00\x01"
PACKET = Publish("samlive/app/dev/reply/w", b"payload")


def from_broker(packets: bytes) -> bytes:
    return bytes((0x82, len(packets))) + packets


def sent(session: Session, now: float = 0.0) -> bytes:
    """The MQTT packets that a session sends, unmasked."""
    return b"".join(frames(session, now))


def frames(session: Session, now: float = 0.0) -> list[bytes]:
    """What is in each frame that a session sends, unmasked."""
    data, found = session.take_output(now), []
    while data:
        size, at = data[1] & 0x7F, 2
        if size == 126:
            size, at = int.from_bytes(data[2:4], "big"), 4
        mask, body = data[at : at + 4], data[at + 4 : at + 4 + size]
        found.append(bytes(byte ^ mask[number % 4] for number, byte in enumerate(body)))
        data = data[at + 4 + size :]
    return found


def started(will: Publish | None = None) -> Session:
    """A session whose WebSocket is open."""
    session = Session("host", "/mqtt?signed", "client", ("presence", "request"), will)
    request = session.take_output(0.0)
    assert request.startswith(b"GET /mqtt?signed HTTP/1.1\r\nHost: host\r\n")
    key = request.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0]
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
    answer = b"HTTP/1.1 101 X\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    assert session.feed(answer) == []
    return session


@pytest.fixture
def ready() -> Session:
    session = started()
    session.feed(from_broker(CONNACK))
    session.feed(from_broker(SUBACK))
    assert session.ready
    sent(session)
    return session


@pytest.mark.parametrize("status", [400, 401, 403, 503])
def test_a_refused_handshake_names_its_status(status: int) -> None:
    session = Session("host", "/", "client", ("topic",), None)
    with pytest.raises(Denied) as denied:
        session.feed(b"HTTP/1.1 %d No\r\n\r\n" % status)
    assert (denied.value.phase, denied.value.reason) == (HANDSHAKE, status)


def test_a_refused_connect_names_its_reason() -> None:
    with pytest.raises(Denied) as denied:
        started().feed(from_broker(b"\x20\x03\x00\x87\x00"))
    assert (denied.value.phase, denied.value.reason) == (CONNECT, 0x87)


def test_a_refused_subscription_is_no_reset() -> None:
    session = started()
    session.feed(from_broker(CONNACK))
    with pytest.raises(Denied) as denied:
        session.feed(from_broker(b"\x90\x05\x00\x01\x00\x01\x87"))
    assert (denied.value.phase, denied.value.reason) == (SUBSCRIBE, 0x87)


def test_a_disconnect_counts_as_no_before_and_as_loss_after_the_subscription(
    ready: Session,
) -> None:
    session = started()
    session.feed(from_broker(CONNACK))
    with pytest.raises(Denied, match="0x87"):
        session.feed(from_broker(b"\xe0\x01\x87"))
    with pytest.raises(ConnectionResetError, match="0x8e"):
        ready.feed(from_broker(b"\xe0\x01\x8e"))


@pytest.mark.parametrize("data", [b"\x88\x00", b"\x82\x85aaaaaaaaa", from_broker(b"\x32\x01\x00")])
def test_what_is_no_mqtt_over_websocket_ends_the_connection(ready: Session, data: bytes) -> None:
    with pytest.raises(ConnectionResetError):
        ready.feed(data)


def test_a_refused_publish_is_told_by_its_topic_and_ends_nothing(ready: Session) -> None:
    ready.publish(PACKET)
    ready.publish(Publish("elsewhere", b""))
    assert list(ready.unanswered.values()) == [PACKET.topic, "elsewhere"]
    ready.feed(from_broker(b"\x40\x03\x00\x02\x87\x40\x02\x00\x01"))
    assert ready.refused == ["elsewhere"]
    assert not ready.unanswered


def test_a_ping_that_is_not_answered_ends_the_connection(ready: Session) -> None:
    now = KEEP_ALIVE_SECONDS / 2
    ready.tick(now - 0.1)
    assert sent(ready) == b""
    ready.tick(now)
    assert sent(ready, now) == mqtt.PINGREQ
    ready.feed(from_broker(b"\xd0\x00"))
    ready.tick(2 * now)
    assert sent(ready, 2 * now) == mqtt.PINGREQ
    ready.tick(2 * now + ANSWER_SECONDS)
    with pytest.raises(TimeoutError):
        ready.tick(2 * now + ANSWER_SECONDS + 0.1)


def test_the_will_goes_with_connect_and_subscribe_waits_for_its_answer() -> None:
    session = started(Publish("presence", b"gone", retain=True))
    connect = sent(session)
    assert connect[0] == 0x10 and b"\x00\x08presence\x00\x04gone" in connect
    assert connect[9] == 0x2E, "clean start; will, retained, at QoS 1"
    session.feed(from_broker(CONNACK))
    assert sent(session) == mqtt.subscribe(1, ("presence", "request"))


def test_acknowledgements_travel_with_the_next_publish(ready: Session) -> None:
    incoming = mqtt.publish(7, "request", b"event")
    assert [message.payload for message in ready.feed(from_broker(incoming))] == [b"event"]
    assert ready.owes_acks
    assert sent(ready) == b""
    ready.publish(PACKET)
    assert sent(ready) == mqtt.puback(7) + mqtt.publish(1, PACKET.topic, b"payload")
    assert not ready.owes_acks
    ready.feed(from_broker(incoming))
    ready.flush()
    assert sent(ready) == mqtt.puback(7)


def test_short_publishes_share_a_frame_and_long_ones_have_their_own(ready: Session) -> None:
    ready.feed(from_broker(mqtt.publish(7, "request", b"event")))
    sizes = [100, 200, FRAME_BYTES, 300, FRAME_BYTES // 2, FRAME_BYTES // 2]
    ready.publish(*(Publish("reply", bytes(size)) for size in sizes))
    found = frames(ready)
    assert b"".join(found) == mqtt.puback(7) + b"".join(
        mqtt.publish(number, "reply", bytes(size)) for number, size in enumerate(sizes, 1)
    )
    assert [len(mqtt.Decoder().feed(each)) for each in found] == [3, 1, 2, 1]
    assert all(len(each) <= FRAME_BYTES for each in (found[0], *found[2:]))
    assert list(ready.unanswered) == [1, 2, 3, 4, 5, 6]


def test_it_leaves_with_what_it_owes(ready: Session) -> None:
    ready.feed(from_broker(mqtt.publish(7, "request", b"event")))
    ready.leave()
    assert sent(ready) == mqtt.puback(7) + mqtt.DISCONNECT
