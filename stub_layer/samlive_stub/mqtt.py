"""MQTT 5 packets, as much of them as a stub needs; no I/O.

Encoders return bytes; `Decoder` is fed bytes and returns packets. Properties
are skipped: a stub asks for none and needs none. Section numbers are those of
https://docs.oasis-open.org/mqtt/mqtt/v5.0/os/mqtt-v5.0-os.html
"""

from .contract import MAX_PACKET_BYTES
from .record import Quick, Record

NOT_AUTHORIZED = 0x87
RECEIVE_LIMIT = MAX_PACKET_BYTES + 4096
"""Larger than any packet the broker may send."""

PINGREQ = b"\xc0\x00"
DISCONNECT = b"\xe0\x00"


class MqttError(ValueError):
    """Bytes that are no MQTT packet."""


class Connack(Record):
    """Answer to CONNECT; reason 0 is success (3.2)."""

    __slots__ = ("reason",)
    reason: int

    def __init__(self, reason: int) -> None:
        self._set(reason=reason)


class Suback(Record):
    """Answer to SUBSCRIBE: a reason per topic, below 0x80 is success (3.9)."""

    __slots__ = ("reasons",)
    reasons: bytes

    def __init__(self, reasons: bytes) -> None:
        self._set(reasons=reasons)


class Incoming(Quick):
    """A PUBLISH from the broker; `packet_id` is 0 at QoS 0 (3.3)."""

    __slots__ = ("packet_id", "payload", "topic")
    topic: str
    packet_id: int
    payload: bytes

    def __init__(self, topic: str, packet_id: int, payload: bytes) -> None:
        self.topic = topic
        self.packet_id = packet_id
        self.payload = payload


class Puback(Quick):
    """Answer to a PUBLISH at QoS 1; a reason below 0x80 is success (3.4)."""

    __slots__ = ("packet_id", "reason")
    packet_id: int
    reason: int

    def __init__(self, packet_id: int, reason: int) -> None:
        self.packet_id = packet_id
        self.reason = reason


class Pingresp(Record):
    """Answer to PINGREQ (3.13)."""

    __slots__ = ()


class Disconnect(Record):
    """The broker ends the connection (3.14)."""

    __slots__ = ("reason",)
    reason: int

    def __init__(self, reason: int) -> None:
        self._set(reason=reason)


Packet = Connack | Suback | Incoming | Puback | Pingresp | Disconnect


def connect(client_id: str, keep_alive: int, will: tuple[str, bytes, bool] | None = None) -> bytes:
    """Return CONNECT with a clean start and the largest packet we take (3.1).

    Args:
        client_id: Client id.
        keep_alive: Seconds.
        will: Topic, payload and whether to retain it; sent at QoS 1.
    """
    properties = b"\x27" + RECEIVE_LIMIT.to_bytes(4, "big")
    flags, last = 0x02, b""
    if will is not None:
        topic, payload, retain = will
        flags |= 0x2C if retain else 0x0C
        last = b"".join((b"\x00", _text(topic), len(payload).to_bytes(2, "big"), payload))
    head = b"\x00\x04MQTT\x05" + bytes((flags,)) + keep_alive.to_bytes(2, "big")
    tail = _text(client_id) + last
    return _packet(0x10, head + _length(len(properties)) + properties + tail)


def subscribe(packet_id: int, topics: tuple[str, ...]) -> bytes:
    """Return SUBSCRIBE at QoS 1; retained messages are wanted (3.8)."""
    filters = b"".join(_text(topic) + b"\x01" for topic in topics)
    return _packet(0x82, packet_id.to_bytes(2, "big") + b"\x00" + filters)


def publish(packet_id: int, topic: str, payload: bytes, retain: bool = False) -> bytes:
    """Return PUBLISH at QoS 1 (3.3)."""
    name, number = _text(topic), packet_id.to_bytes(2, "big")
    size = _length(len(name) + 3 + len(payload))
    return b"".join((b"\x33" if retain else b"\x32", size, name, number, b"\x00", payload))


def puback(packet_id: int) -> bytes:
    """Return PUBACK with success (3.4)."""
    return b"\x40\x02" + packet_id.to_bytes(2, "big")


class Decoder:
    """Turns bytes, cut anywhere, into packets."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> list[Packet]:
        """Take bytes and return the packets that they complete.

        Raises:
            MqttError: They are no MQTT.
        """
        buffer = self._buffer + data if self._buffer else data
        packets: list[Packet] = []
        at, end = 0, len(buffer)
        while at + 1 < end:
            size, body_at = buffer[at + 1], at + 2
            if size > 0x7F and body_at < end and buffer[body_at] < 0x80:
                size += (buffer[body_at] - 1) << 7  # two bytes, as most have
                body_at += 1
            elif size > 0x7F:
                if (found := _number(buffer, at + 1)) is None:
                    break
                size, body_at = found
                if size > RECEIVE_LIMIT:
                    raise MqttError(f"a packet of {size} bytes")
            if body_at + size > end:
                break
            packet = _decode(buffer[at], buffer[body_at : body_at + size])
            if packet is not None:
                packets.append(packet)
            at = body_at + size
        self._buffer = buffer[at:]
        return packets


def _decode(first: int, body: bytes) -> Packet | None:
    kind = first >> 4
    try:
        if kind == 3:
            return _incoming(first, body)
        if kind == 2:
            return Connack(body[1])
        if kind == 4:
            reason = body[2] if len(body) > 2 else 0
            return Puback(int.from_bytes(body[:2], "big"), reason)
        if kind == 9:
            return Suback(_after_properties(body, 2))
        if kind == 13:
            return Pingresp()
        if kind == 14:
            return Disconnect(body[0] if body else 0)
    except (IndexError, UnicodeDecodeError):
        raise MqttError(f"a packet of kind {kind} is cut") from None
    return None


def _incoming(first: int, body: bytes) -> Incoming:
    end = 2 + int.from_bytes(body[:2], "big")
    topic = body[2:end].decode()
    packet_id = 0
    if first & 0x06:
        packet_id = int.from_bytes(body[end : end + 2], "big")
        end += 2
    return Incoming(topic, packet_id, _after_properties(body, end))


def _after_properties(body: bytes, at: int) -> bytes:
    if body[at] == 0:  # none of them, as usual
        return body[at + 1 :]
    found = _number(body, at)
    if found is None or found[0] + found[1] > len(body):
        raise IndexError
    return body[found[0] + found[1] :]


def _number(data: bytes, at: int) -> tuple[int, int] | None:
    """Read a variable byte integer (1.5.5): its value and where it ends; None when cut."""
    value = shift = 0
    while at < len(data):
        value |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            return value, at
        shift += 7
        if shift > 21:
            raise MqttError("a length of more than four bytes")
    return None


def _length(value: int) -> bytes:
    if value < 0x80:
        return bytes((value,))
    return bytes((value & 0x7F | 0x80,)) + _length(value >> 7)


def _text(text: str) -> bytes:
    encoded = text.encode()
    return len(encoded).to_bytes(2, "big") + encoded


def _packet(first: int, body: bytes) -> bytes:
    return bytes((first,)) + _length(len(body)) + body
