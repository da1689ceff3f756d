"""SigV4, WebSocket and MQTT: golden bytes, and every cut a network can make."""

import base64
import hashlib
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samlive_stub import mqtt, websocket
from samlive_stub.contract import MAX_PACKET_BYTES
from samlive_stub.mqtt import Connack, Decoder, Disconnect, Incoming, MqttError, Puback, Suback
from samlive_stub.session import ANSWER_SECONDS, KEEP_ALIVE, BrokerSession, Refused
from samlive_stub.sigv4 import presign, quote
from samlive_stub.websocket import WebSocket, WebSocketError

HOST = "abc123-ats.iot.eu-west-1.amazonaws.com"
NOON = 1795435200.0  # 2026-11-23T12:00:00Z


def sign(token: str | None = None, expires: int | None = None, host: str = HOST) -> str:
    secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    return presign(host, "eu-west-1", "AKIDEXAMPLE", secret, token, NOON, expires)


def signature(path: str) -> str:
    return path.split("X-Amz-Signature=")[1].split("&")[0]


def test_the_signature_is_that_of_the_golden_vector() -> None:
    path = sign()
    assert path.startswith("/mqtt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F")
    assert "X-Amz-Date=20261123T120000Z&X-Amz-SignedHeaders=host&" in path
    assert signature(path) == "7c54d965b5eef33a77e1316a1cc67b2944a1010ca783fba97984e177ed8f7485"


def test_the_signature_with_expiry_is_that_of_the_golden_vector() -> None:
    path = sign(expires=86400)
    assert signature(path) == "be257c04afa4acf814f348be407889cec2c16ee00fe17041b5d82c4dbef25bea"


def test_the_token_is_appended_encoded_and_not_signed() -> None:
    path = sign(token="a/b+c=")
    assert path == sign() + "&X-Amz-Security-Token=a%2Fb%2Bc%3D"


def test_the_port_is_signed_when_the_host_header_has_one() -> None:
    assert signature(sign(host=HOST + ":8443")) != signature(sign())


def test_quoting_leaves_the_unreserved_alone() -> None:
    assert quote("aZ09-_.~ /é") == "aZ09-_.~%20%2F%C3%A9"


def accept_for(request: bytes) -> bytes:
    key = request.split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0]
    guid = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    return base64.b64encode(hashlib.sha1(key + guid).digest())


def answer_to(request: bytes) -> bytes:
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Accept: " + accept_for(request) + b"\r\n\r\n"
    )


def opened() -> WebSocket:
    socket = WebSocket("host", "/mqtt?x")
    assert socket.feed(answer_to(socket.request)) == b""
    return socket


def frame(payload: bytes, opcode: int = 2) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, size)) + payload
    if size < 1 << 16:
        return bytes((0x80 | opcode, 126)) + struct.pack("!H", size) + payload
    return bytes((0x80 | opcode, 127)) + struct.pack("!Q", size) + payload


def unmask(data: bytes) -> tuple[int, bytes, bytes]:
    """Return opcode, payload and what follows a masked frame."""
    assert data[0] & 0x80 and data[1] & 0x80
    size, at = data[1] & 0x7F, 2
    if size > 125:
        at = 4 if size == 126 else 10
        size = int.from_bytes(data[2:at], "big")
    mask, body = data[at : at + 4], data[at + 4 : at + 4 + size]
    plain = bytes(byte ^ mask[index % 4] for index, byte in enumerate(body))
    return data[0] & 0x0F, plain, data[at + 4 + size :]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", 403),
        (b"HTTP/1.1 200 OK\r\n\r\n", 200),
        (b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: other\r\n\r\n", 0),
        (b"SSH-2.0-OpenSSH\r\n\r\n", 0),
        (bytes(20_000), 0),
    ],
)
def test_another_answer_to_the_handshake_is_refused(answer: bytes, status: int) -> None:
    socket = WebSocket("host", "/mqtt?x")
    with pytest.raises(WebSocketError) as caught:
        socket.feed(answer)
    assert caught.value.status == status
    assert not socket.open


@pytest.mark.parametrize(
    "data", [frame(b"\x03\xe8", 8), b"\x82\x81abcdx", b"\x82\x7f" + b"\xff" * 8]
)
def test_closed_masked_and_giant_frames_end_the_connection(data: bytes) -> None:
    with pytest.raises(WebSocketError):
        opened().feed(data)


@given(st.lists(st.integers(0, 70_000), max_size=4), st.integers(1, 9))
def test_frames_cut_anywhere_give_the_same_bytes(sizes: list[int], parts: int) -> None:
    socket = WebSocket("host", "/mqtt?x")
    payloads = [bytes((size % 251,)) * size for size in sizes]
    data = answer_to(socket.request) + b"".join(frame(payload) for payload in payloads)
    step = max(1, len(data) // parts)
    got = b"".join(socket.feed(data[at : at + step]) for at in range(0, len(data), step))
    assert got == b"".join(payloads)


def test_the_stream_byte_by_byte_with_a_ping_and_a_split_message() -> None:
    socket = WebSocket("host", "/mqtt?x")
    data = answer_to(socket.request) + b"\x02\x02ab" + frame(b"ping", 9) + b"\x80\x01c"
    assert b"".join(socket.feed(bytes((byte,))) for byte in data) == b"abc"
    assert unmask(socket.take_replies()) == (10, b"ping", b"")
    assert socket.take_replies() == b""


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_frames_are_masked(size: int) -> None:
    payload = bytes(range(256)) * (size // 256 + 1)
    assert unmask(websocket.frame(payload[:size])) == (2, payload[:size], b"")


@pytest.mark.parametrize(
    ("data", "packet"),
    [
        (b"\x20\x03\x00\x87\x00", Connack(0x87)),
        (b"\x20\x06\x00\x00\x03\x21\x00\x14", Connack(0)),
        (b"\x90\x05\x00\x01\x00\x01\x87", Suback(b"\x01\x87")),
        (b"\x40\x02\x00\x07", Puback(7, 0)),
        (b"\x40\x04\x00\x07\x87\x00", Puback(7, 0x87)),
        (b"\xd0\x00", mqtt.Pingresp()),
        (b"\xe0\x00", Disconnect(0)),
        (b"\xe0\x02\x8e\x00", Disconnect(0x8E)),
        (b"\x32\x0a\x00\x01t\x00\x05\x02\x01\x00ab", Incoming("t", 5, b"ab")),
        (b"\x30\x06\x00\x01t\x00ab", Incoming("t", 0, b"ab")),
    ],
)
def test_packets_of_the_broker_are_read(data: bytes, packet: object) -> None:
    assert Decoder().feed(data) == [packet]
    decoder = Decoder()
    found = [one for byte in data for one in decoder.feed(bytes((byte,)))]
    assert found == [packet]
    assert Decoder().feed(data + data + data[:1]) == [packet, packet]


@pytest.mark.parametrize(
    "data",
    [b"\x30\xff\xff\xff\xff\x01", b"\x30\xff\xff\xff\x7f", b"\x90\x02\x00\x01", b"\x20\x01\x00",
     b"\x30\x03\x00\x01\xff"],
)  # fmt: skip
def test_what_is_no_mqtt_is_refused(data: bytes) -> None:
    with pytest.raises(MqttError):
        Decoder().feed(data)


@given(st.binary(max_size=300))
def test_garbage_raises_nothing_else(garbage: bytes) -> None:
    try:
        Decoder().feed(garbage)
    except MqttError:
        pass


def test_connect_asks_for_a_clean_start_without_a_will() -> None:
    packet = mqtt.connect("me", 30)
    assert packet[:12] == b"\x10\x14\x00\x04MQTT\x05\x02\x00\x1e"
    assert int.from_bytes(packet[14:18], "big") > MAX_PACKET_BYTES
    assert packet[-4:] == b"\x00\x02me"


def test_long_packets_have_long_lengths() -> None:
    packet = mqtt.publish(1, "t", bytes(20_000))
    assert packet[:3] == bytes((0x32, 0xA6, 0x9C)) and packet[3] == 1
    assert len(packet) == 4 + 20_006


class Wire:
    """A session, with what it wrote taken apart."""

    def __init__(self, pipelined: bool = True) -> None:
        self.session = BrokerSession("host", "/mqtt?x", "me", ("a", "b"), pipelined)
        self.request = self.session.take_output(0.0)

    def feed(self, *packets: bytes, now: float = 0.0) -> list[Any]:
        return self.session.feed(b"".join(frame(packet) for packet in packets), now)

    def shake_hands(self) -> None:
        self.session.feed(answer_to(self.request), 0.0)

    def written(self, now: float = 0.0) -> list[bytes]:
        data, payloads = self.session.take_output(now), []
        while data:
            _, payload, data = unmask(data)
            payloads.append(payload)
        return payloads

    def ready(self) -> None:
        self.shake_hands()
        self.written()
        self.feed(b"\x20\x03\x00\x00\x00", b"\x90\x05\x00\x01\x00\x01\x01")
        assert self.session.ready


def test_connect_and_subscribe_leave_in_one_frame() -> None:
    wire = Wire()
    wire.shake_hands()
    assert wire.written() == [mqtt.connect("me", KEEP_ALIVE) + mqtt.subscribe(1, ("a", "b"))]


def test_in_sequence_subscribe_waits_for_connack() -> None:
    wire = Wire(pipelined=False)
    wire.shake_hands()
    assert wire.written() == [mqtt.connect("me", KEEP_ALIVE)]
    wire.feed(b"\x20\x03\x00\x00\x00")
    assert wire.written() == [mqtt.subscribe(1, ("a", "b"))]


@pytest.mark.parametrize(
    ("packets", "phase"),
    [
        ((b"\x20\x03\x00\x87\x00",), "connect"),
        ((frame(b"", 8),), "connect"),
        ((b"\x20\x03\x00\x00\x00", b"\x90\x05\x00\x01\x00\x01\x87"), "subscribe"),
        ((b"\x20\x03\x00\x00\x00", b"\xe0\x02\x87\x00"), "subscribe"),
    ],
)
def test_a_refusal_names_the_phase(packets: tuple[bytes, ...], phase: str) -> None:
    wire = Wire()
    wire.shake_hands()
    with pytest.raises(Refused) as caught:
        if packets[0][:1] == b"\x88":
            wire.session.feed(packets[0], 0.0)
        wire.feed(*packets)
    assert caught.value.phase == phase


def test_a_refused_publish_is_told() -> None:
    wire = Wire()
    wire.ready()
    wire.session.publish("t", b"x", 0.0)
    with pytest.raises(Refused) as caught:
        wire.feed(b"\x40\x04\x00\x02\x87\x00")
    assert caught.value.phase == "publish"


def test_acknowledgements_travel_with_the_next_publish() -> None:
    wire = Wire()
    wire.ready()
    assert wire.feed(b"\x32\x08\x00\x01a\x00\x09\x00hi") == [Incoming("a", 9, b"hi")]
    assert wire.written() == []
    wire.session.publish("t", b"x", 0.0)
    wire.session.flush()
    assert wire.written() == [mqtt.puback(9) + mqtt.publish(2, "t", b"x")]


def test_acknowledgements_leave_alone_when_nothing_follows() -> None:
    wire = Wire()
    wire.ready()
    wire.feed(b"\x32\x08\x00\x01a\x00\x09\x00hi", b"\x30\x06\x00\x01a\x00hi")
    wire.session.flush()
    wire.session.flush()
    assert wire.written() == [mqtt.puback(9)]


def test_a_quiet_connection_is_pinged_and_an_unanswered_ping_ends_it() -> None:
    wire = Wire()
    wire.ready()
    due = wire.session.next_wakeup()
    assert 0 < due <= KEEP_ALIVE
    wire.session.tick(due - 1)
    assert wire.written() == []
    wire.session.tick(due)
    assert wire.written(due) == [mqtt.PINGREQ]
    wire.feed(b"\xd0\x00", now=due + 1)
    later = wire.session.next_wakeup()
    assert later > due + 1
    wire.session.tick(later)
    with pytest.raises(TimeoutError):
        wire.session.tick(later + ANSWER_SECONDS)


def test_an_unanswered_publish_ends_the_connection() -> None:
    wire = Wire()
    wire.ready()
    assert not wire.session.waiting
    wire.session.publish("t", b"x", 1.0)
    assert wire.session.waiting and wire.session.next_wakeup() == 1.0 + ANSWER_SECONDS
    with pytest.raises(TimeoutError):
        wire.session.tick(1.0 + ANSWER_SECONDS)


def test_packet_ids_go_round_without_zero() -> None:
    wire = Wire()
    wire.ready()
    wire.session._packet_id = 0xFFFE
    for _ in range(3):
        wire.session.publish("t", b"", 0.0)
    assert [payload[5:7] for payload in wire.written()] == [b"\xff\xff", b"\x00\x01", b"\x00\x02"]
