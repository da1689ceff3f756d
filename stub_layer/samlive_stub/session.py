"""One MQTT session over a WebSocket, from handshake to hang-up; no I/O.

CONNECT and SUBSCRIBE leave in one flight right after the handshake, which
saves a round trip (MQTT 5, section 3.1.4 lets a client send before CONNACK).
A broker that does not take that refuses or hangs up; the owner then tries
again with `pipelined=False` and remembers it.

PUBACKs wait for the next publish, so that both travel in one segment; `flush`
sends them alone when nothing follows.
"""

from . import mqtt
from .websocket import WebSocket, frame

KEEP_ALIVE = 30
"""Seconds; the shortest AWS IoT allows. It drops the connection after 1.5 times."""

ANSWER_SECONDS = 2.0
"""A broker that says nothing for so long though it owes an answer: the link is dead.

Shorter than the requester's patience, so that a dead link is not taken for an
absent relay.
"""

UPGRADE, CONNECT, SUBSCRIBE, PUBLISH = "upgrade", "connect", "subscribe", "publish"
"""Phases in which a broker can refuse; each stands for an IAM action."""


class Refused(Exception):
    """The broker refused, for want of permission or otherwise.

    Args:
        phase: What it refused.
        detail: How it said so.
    """

    def __init__(self, phase: str, detail: str) -> None:
        super().__init__(f"{phase}: {detail}")
        self.phase = phase
        self.detail = detail


class BrokerSession:
    """One connection's life.

    Args:
        host: Value of the Host header.
        path: Signed path and query.
        client_id: MQTT client id.
        topics: Topics to subscribe to.
        pipelined: Whether SUBSCRIBE follows CONNECT without waiting.
    """

    __slots__ = (
        "_acks",
        "_client_id",
        "_decoder",
        "_packet_id",
        "_pinged_at",
        "_pipelined",
        "_sent_at",
        "_topics",
        "_unacked",
        "_web",
        "heard_at",
        "out",
        "phase",
        "ready",
    )

    def __init__(
        self, host: str, path: str, client_id: str, topics: tuple[str, ...], pipelined: bool
    ) -> None:
        self._web = WebSocket(host, path)
        self._decoder = mqtt.Decoder()
        self._client_id = client_id
        self._topics = topics
        self._pipelined = pipelined
        self.out = [self._web.request]
        self._acks = b""
        self._packet_id = 1
        self._unacked: dict[int, float] = {}
        self._pinged_at: float | None = None
        self._sent_at = 0.0
        self.heard_at = 0.0
        self.phase = UPGRADE
        self.ready = False

    @property
    def waiting(self) -> bool:
        """Whether the broker owes an answer, so that a hang-up may be its answer."""
        return not self.ready or bool(self._unacked)

    def publish(self, topic: str, payload: bytes, now: float) -> None:
        """Queue a publish at QoS 1, behind the PUBACKs that wait for it."""
        self._packet_id = self._packet_id % 0xFFFF + 1
        self._unacked[self._packet_id] = now
        self.out.append(frame(self._acks + mqtt.publish(self._packet_id, topic, payload)))
        self._acks = b""

    def flush(self) -> None:
        """Queue the PUBACKs that nothing followed."""
        if self._acks:
            self.out.append(frame(self._acks))
            self._acks = b""

    def take_output(self, now: float) -> bytes:
        """Return the bytes to send; there are some when `out` holds any."""
        output = b"".join(self.out)
        self.out.clear()
        if output:
            self._sent_at = now
        return output

    def feed(self, data: bytes, now: float) -> list[mqtt.Incoming]:
        """Take bytes from the broker and return the messages that they complete.

        Raises:
            Refused: The broker refused.
            ValueError: It closed, or does not speak MQTT over WebSocket.
        """
        self.heard_at = now
        was_open = self._web.open
        try:
            payload = self._web.feed(data)
        except ValueError as problem:
            status = getattr(problem, "status", 0)
            if status in (401, 403) or (was_open and not self.ready):
                raise Refused(self.phase, str(problem)) from None
            raise
        if replies := self._web.take_replies():
            self.out.append(replies)
        if self._web.open and not was_open:
            self._greet()
        messages = []
        for packet in self._decoder.feed(payload):
            if isinstance(packet, mqtt.Incoming):
                messages.append(packet)
                if packet.packet_id:
                    self._acks += mqtt.puback(packet.packet_id)
            else:
                self._hear(packet)
        return messages

    def next_wakeup(self) -> float:
        """Return when `tick` has to be called."""
        due = self._unanswered()
        if due is not None:
            return max(due, self.heard_at) + ANSWER_SECONDS
        return min(self._sent_at, self.heard_at) + KEEP_ALIVE / 2

    def tick(self, now: float) -> None:
        """Queue a ping when the connection was quiet.

        Raises:
            TimeoutError: A publish or ping was not answered.
        """
        if now < self.next_wakeup():
            return
        if self._unanswered() is not None:
            raise TimeoutError("the broker does not answer any more")
        self._pinged_at = now
        self.out.append(frame(mqtt.PINGREQ))

    def _unanswered(self) -> float | None:
        """Return when the oldest unanswered publish or ping left."""
        oldest = next(iter(self._unacked.values()), None)
        if self._pinged_at is None or oldest is None:
            return self._pinged_at if oldest is None else oldest
        return min(oldest, self._pinged_at)

    def _greet(self) -> None:
        self.phase = CONNECT
        packets = mqtt.connect(self._client_id, KEEP_ALIVE)
        if self._pipelined:
            packets += mqtt.subscribe(1, self._topics)
        self.out.append(frame(packets))

    def _hear(self, packet: mqtt.Packet) -> None:
        if isinstance(packet, mqtt.Connack):
            if packet.reason:
                raise Refused(CONNECT, f"reason {packet.reason:#x}")
            self.phase = SUBSCRIBE
            if not self._pipelined:
                self.out.append(frame(mqtt.subscribe(1, self._topics)))
        elif isinstance(packet, mqtt.Suback):
            if any(reason >= 0x80 for reason in packet.reasons):
                raise Refused(SUBSCRIBE, f"reason {max(packet.reasons):#x}")
            self.phase = PUBLISH
            self.ready = True
        elif isinstance(packet, mqtt.Puback):
            self._unacked.pop(packet.packet_id, None)
            if packet.reason >= 0x80:
                raise Refused(PUBLISH, f"reason {packet.reason:#x}")
        elif isinstance(packet, mqtt.Pingresp):
            self._pinged_at = None
        elif isinstance(packet, mqtt.Disconnect):
            if packet.reason == mqtt.NOT_AUTHORIZED or not self.ready:
                raise Refused(self.phase, f"disconnected with reason {packet.reason:#x}")
            raise ConnectionResetError(f"disconnected with reason {packet.reason:#x}")
