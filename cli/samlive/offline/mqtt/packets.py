"""Just enough of MQTT 3.1.1 and 5 to judge a PUBLISH or a SUBSCRIBE.

MQTT 5 puts a block of properties, preceded by its length, in front of the
payload and of the filters; 3.1.1 has none.
https://docs.oasis-open.org/mqtt/mqtt/v5.0/mqtt-v5.0.html
"""

import struct
from dataclasses import dataclass

PUBLISH, SUBSCRIBE, CONNECT = 3, 8, 1
VERSION_5 = 5


@dataclass(frozen=True, slots=True)
class Publish:
    """A PUBLISH: its topic and the length of its payload in bytes."""

    topic: str
    payload: int


def read_publish(flags: int, body: bytes, version: int) -> Publish:
    """Read the body of a PUBLISH.

    Args:
        flags: Low four bits of the first byte.
        body: What follows the fixed header.
        version: Protocol level of the connection, 4 or 5.

    Raises:
        ValueError: The packet is malformed.
    """
    topic, at = _string(body, 0)
    if flags & 0x06:
        at += 2
    if version == VERSION_5:
        at = _after_properties(body, at)
    if at > len(body):
        raise ValueError("PUBLISH ends early")
    return Publish(topic, len(body) - at)


def read_filters(body: bytes, version: int) -> list[str]:
    """Read the topic filters of a SUBSCRIBE.

    Args:
        body: What follows the fixed header.
        version: Protocol level of the connection, 4 or 5.

    Raises:
        ValueError: The packet is malformed.
    """
    at = _after_properties(body, 2) if version == VERSION_5 else 2
    filters = []
    while at < len(body):
        found, at = _string(body, at)
        filters.append(found)
        at += 1
    return filters


def _string(body: bytes, at: int) -> tuple[str, int]:
    if at + 2 > len(body):
        raise ValueError("string ends early")
    (size,) = struct.unpack_from("!H", body, at)
    end = at + 2 + size
    if end > len(body):
        raise ValueError("string ends early")
    return body[at + 2 : end].decode(), end


def _after_properties(body: bytes, at: int) -> int:
    size = shift = 0
    while True:
        if at >= len(body) or shift > 21:
            raise ValueError("property length is malformed")
        size |= (body[at] & 0x7F) << shift
        more, at, shift = body[at] & 0x80, at + 1, shift + 7
        if not more:
            return at + size
