"""One MQTT 5 session over a WebSocket, from handshake to hang-up; no I/O.

The relay's counterpart of the stub's `session`, on the same codec: it has a
last will, retains, and takes a refused publish for what it is, one message
lost. CONNECT and SUBSCRIBE go one after the other, so that a refusal names its
permission.

PUBACKs wait for the next publish, so that both travel in one segment; `flush`
sends them alone.
"""

from samlive_stub import mqtt
from samlive_stub.protocol import Publish
from samlive_stub.websocket import WebSocket, WebSocketError, frame

KEEP_ALIVE_SECONDS = 30
"""The broker sends the will after 1.5 times this without a word."""

ANSWER_SECONDS = 10.0
"""A broker that owes the answer to a ping for so long is gone."""

FRAME_BYTES = 16 * 1024
"""As much as TLS puts into one record; a frame of several packets is not larger."""

HANDSHAKE, CONNECT, SUBSCRIBE, READY = "handshake", "connect", "subscribe", "ready"


class Denied(Exception):
    """The broker said no.

    Args:
        phase: In which phase.
        reason: MQTT's reason code; None when it hung up or refused the handshake.
        detail: How it said so.
    """

    def __init__(self, phase: str, reason: int | None, detail: str) -> None:
        super().__init__(detail)
        self.phase = phase
        self.reason = reason
        self.detail = detail


class Session:
    """One connection's life.

    Args:
        host: Value of the Host header.
        path: Signed path and query.
        client_id: MQTT client id.
        topics: Topic filters to subscribe to, at QoS 1.
        will: Message for the broker to publish when the connection breaks.
    """

    def __init__(
        self, host: str, path: str, client_id: str, topics: tuple[str, ...], will: Publish | None
    ) -> None:
        self._web = WebSocket(host, path)
        self._decoder = mqtt.Decoder()
        self._connect = mqtt.connect(
            client_id,
            KEEP_ALIVE_SECONDS,
            None if will is None else (will.topic, will.payload, will.retain),
        )
        self._topics = topics
        self._out = [self._web.request]
        self._acks: list[bytes] = []
        self._number = 0
        self._sent_at = 0.0
        self._pinged_at: float | None = None
        self.phase = HANDSHAKE
        self.unanswered: dict[int, str] = {}
        """Topics of publishes that the broker has not acknowledged, by packet id."""
        self.refused: list[str] = []
        """Topics of publishes that it has refused; the owner takes them out."""

    @property
    def ready(self) -> bool:
        """Whether the subscriptions are in effect."""
        return self.phase == READY

    @property
    def owes_acks(self) -> bool:
        """Whether acknowledgements wait for a publish to travel with."""
        return bool(self._acks)

    def publish(self, *packets: Publish) -> None:
        """Queue publishes at QoS 1, behind the acknowledgements that wait.

        Short ones share a frame: masking and all that follows costs as much for ten.
        """
        parts, size = self._acks, 0
        self._acks = []
        for packet in packets:
            self._number = self._number % 0xFFFF + 1
            self.unanswered[self._number] = packet.topic
            body = mqtt.publish(self._number, packet.topic, packet.payload, packet.retain)
            if size and size + len(body) > FRAME_BYTES:
                self._out.append(frame(b"".join(parts)))
                parts, size = [], 0
            parts.append(body)
            size += len(body)
        self._out.append(frame(b"".join(parts)))

    def flush(self) -> None:
        """Queue the acknowledgements that nothing followed."""
        if self._acks:
            self._out.append(frame(b"".join(self._acks)))
            self._acks.clear()

    def leave(self) -> None:
        """Queue a clean end: the broker drops the will."""
        self.flush()
        self._out.append(frame(mqtt.DISCONNECT))

    def take_output(self, now: float) -> bytes:
        """Return the bytes to send."""
        if not self._out:
            return b""
        output = self._out[0] if len(self._out) == 1 else b"".join(self._out)
        self._out.clear()
        self._sent_at = now
        return output

    def feed(self, data: bytes) -> list[mqtt.Incoming]:
        """Take bytes from the broker and return the messages that they complete.

        Raises:
            Denied: It said no.
            ConnectionError: It ended the session, or does not speak MQTT over WebSocket.
        """
        try:
            payload = self._web.feed(data)
            if replies := self._web.take_replies():
                self._out.append(replies)
            if self.phase == HANDSHAKE and self._web.open:
                self.phase = CONNECT
                self._out.append(frame(self._connect))
            messages = []
            for packet in self._decoder.feed(payload):
                if isinstance(packet, mqtt.Incoming):
                    messages.append(packet)
                    if packet.packet_id:
                        self._acks.append(mqtt.puback(packet.packet_id))
                else:
                    self._hear(packet)
        except WebSocketError as problem:
            if problem.status:
                raise Denied(HANDSHAKE, problem.status, str(problem)) from None
            raise ConnectionResetError(str(problem)) from None
        except mqtt.MqttError as problem:
            raise ConnectionResetError(str(problem)) from None
        return messages

    def tick(self, now: float) -> None:
        """Queue a ping when nothing was sent for a while.

        Raises:
            TimeoutError: The last one was not answered.
        """
        if self._pinged_at is not None:
            if now - self._pinged_at > ANSWER_SECONDS:
                raise TimeoutError("the broker does not answer any more")
        elif now - self._sent_at >= KEEP_ALIVE_SECONDS / 2:
            self._pinged_at = now
            self._out.append(frame(mqtt.PINGREQ))

    def _hear(self, packet: mqtt.Packet) -> None:
        if isinstance(packet, mqtt.Puback):
            topic = self.unanswered.pop(packet.packet_id, "")
            if packet.reason >= 0x80:
                self.refused.append(topic)
        elif isinstance(packet, mqtt.Connack):
            if packet.reason:
                raise Denied(CONNECT, packet.reason, f"reason {packet.reason:#x}")
            self.phase = SUBSCRIBE
            self._out.append(frame(mqtt.subscribe(1, self._topics)))
        elif isinstance(packet, mqtt.Suback):
            if any(reason >= 0x80 for reason in packet.reasons):
                raise Denied(SUBSCRIBE, max(packet.reasons), "refused the subscription")
            self.phase = READY
        elif isinstance(packet, mqtt.Pingresp):
            self._pinged_at = None
        elif isinstance(packet, mqtt.Disconnect):
            detail = f"disconnected with reason {packet.reason:#x}"
            if not self.ready:
                raise Denied(self.phase, None, detail)
            raise ConnectionResetError(detail)
