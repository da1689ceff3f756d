"""AWS IoT Core's limits as pure rules; the clock comes from outside.

The emulator delivers whatever it is sent. What passes there may be discarded
or cut off by AWS, so every packet is judged here first. Counted as AWS does:
per connection, and publishes in both directions together.
https://docs.aws.amazon.com/general/latest/gr/iot-core.html#message-broker-limits
"""

from collections import deque

PAYLOAD_BYTES = 128 * 1024
TOPIC_BYTES = 256
TOPIC_SLASHES = 7
FILTERS_PER_SUBSCRIBE = 8
SUBSCRIPTIONS_PER_CONNECTION = 50
PUBLISHES_PER_SECOND = 100
BYTES_PER_SECOND = 512 * 1024
CLIENT_ID_BYTES = 128

_RESERVED_PREFIX = "$"


def client_id_breach(client_id: str) -> str | None:
    """Tell what is wrong with a client id, or None."""
    size = len(client_id.encode())
    if size > CLIENT_ID_BYTES:
        return f"{size} bytes in a client id, {CLIENT_ID_BYTES} are allowed"
    return None


def topic_breach(topic: str) -> str | None:
    """Tell what is wrong with a topic or filter, or None.

    Topics that AWS reserves ("$aws/…") have rules of their own and pass.
    """
    if topic.startswith(_RESERVED_PREFIX):
        return None
    if len(topic.encode()) > TOPIC_BYTES:
        return f"{len(topic.encode())} bytes in a topic, {TOPIC_BYTES} are allowed"
    if topic.count("/") > TOPIC_SLASHES:
        return f"{topic.count('/')} slashes in {topic}, {TOPIC_SLASHES} are allowed"
    return None


def payload_breach(size: int) -> str | None:
    """Tell what is wrong with a payload of so many bytes, or None."""
    if size > PAYLOAD_BYTES:
        return f"{size} bytes in a payload, {PAYLOAD_BYTES} are allowed"
    return None


def subscribe_breach(filters: int, subscribed: int) -> str | None:
    """Tell what is wrong with a SUBSCRIBE, or None.

    Args:
        filters: Number of filters in it.
        subscribed: Number of subscriptions the connection has.
    """
    if filters > FILTERS_PER_SUBSCRIBE:
        return f"{filters} filters in one SUBSCRIBE, {FILTERS_PER_SUBSCRIBE} are allowed"
    if filters + subscribed > SUBSCRIPTIONS_PER_CONNECTION:
        total = filters + subscribed
        return f"{total} subscriptions, {SUBSCRIPTIONS_PER_CONNECTION} are allowed"
    return None


class RateWindow:
    """Publishes of one connection within the last second, both directions."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()
        self._bytes = 0

    def breach(self, now: float, size: int) -> str | None:
        """Count one publish, unless it is one too many.

        Args:
            now: Seconds of a steady clock.
            size: Bytes of the packet.

        Returns:
            What is wrong, or None when it was counted.
        """
        while self._seen and self._seen[0][0] <= now - 1:
            self._bytes -= self._seen.popleft()[1]
        if len(self._seen) >= PUBLISHES_PER_SECOND:
            return f"more than {PUBLISHES_PER_SECOND} publishes within a second"
        if self._bytes + size > BYTES_PER_SECOND and self._seen:
            return f"more than {BYTES_PER_SECOND} bytes within a second"
        self._seen.append((now, size))
        self._bytes += size
        return None
