"""A broker for the benchmarks: MQTT 3.1.1 and 5 over secure WebSocket, on asyncio.

The floor of a live call is set by its broker, so it must be a fast and even
one: NODELAY, one write per turn of the loop, topics looked up by their exact
name. (mosquitto 2.0.11 stalls for 100-300 ms over WebSocket, and the offline
cloud's emulator enforces AWS's quotas, which is what some rows are without.)
It knows QoS 0 and 1, retained messages and wills; it checks no signature.

`python -m support.broker --bind A --certificate C --key K` prints
`{"port": N}` and ends with its standard input.
"""

import argparse
import asyncio
import base64
import hashlib
import json
import socket
import ssl
import sys
from typing import cast

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Hub:
    """Who has subscribed to what, and what is retained."""

    def __init__(self) -> None:
        self.subscribers: dict[bytes, list[Session]] = {}
        self.retained: dict[bytes, bytes] = {}

    def publish(self, topic: bytes, payload: bytes, retain: bool) -> None:
        """Deliver a message to everybody who subscribed to its topic."""
        if retain:
            self.retained[topic] = payload
        for session in self.subscribers.get(topic, ()):
            session.deliver(topic, payload)


class Session(asyncio.Protocol):
    """One connection."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._wire = bytearray()
        self._packets = bytearray()
        self._out: list[bytes] = []
        self._open = self._five = False
        self._topics: list[bytes] = []
        self._will: tuple[bytes, bytes, bool] | None = None
        self._number = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the connection (asyncio's callback)."""
        self._transport = cast(asyncio.Transport, transport)
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, problem: Exception | None) -> None:
        """Forget the connection and send its will (asyncio's callback)."""
        for topic in self._topics:
            self._hub.subscribers[topic].remove(self)
        if self._will is not None:
            self._hub.publish(*self._will)

    def data_received(self, data: bytes) -> None:
        """Take bytes (asyncio's callback)."""
        self._wire += data
        if not self._open and not self._shake_hands():
            return
        self._unframe()
        self._unpack()

    def deliver(self, topic: bytes, payload: bytes) -> None:
        """Send a message at QoS 1."""
        self._number = self._number % 0xFFFF + 1
        head = len(topic).to_bytes(2, "big") + topic + self._number.to_bytes(2, "big")
        self._send(0x32, head + (b"\x00" if self._five else b"") + payload)

    def _shake_hands(self) -> bool:
        head, found, rest = bytes(self._wire).partition(b"\r\n\r\n")
        if not found:
            return False
        lines = (line.partition(b":") for line in head.split(b"\r\n")[1:])
        headers = {name.strip().lower(): value.strip() for name, _, value in lines}
        digest = hashlib.sha1(headers[b"sec-websocket-key"] + GUID).digest()
        self._transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Accept: "
            + base64.b64encode(digest)
            + b"\r\n\r\n"
        )
        self._wire = bytearray(rest)
        self._open = True
        return True

    def _unframe(self) -> None:
        """Move the payload of whole frames to the MQTT stream."""
        data, at = self._wire, 0
        while len(data) - at >= 6:
            size, start = data[at + 1] & 0x7F, at + 2
            if size == 126:
                size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif size == 127:
                size, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            end = start + 4 + size
            if len(data) < end:
                break
            mask = bytes(data[start : start + 4])
            body = data[start + 4 : end]
            if any(mask) and size:
                key = int.from_bytes((mask * (size // 4 + 1))[:size], "little")
                masked = int.from_bytes(body, "little") ^ key
                body = bytearray(masked.to_bytes(size, "little"))
            if data[at] & 0x0F == 8:
                self._transport.close()
                return
            self._packets += body
            at = end
        del data[:at]

    def _unpack(self) -> None:
        data, at = self._packets, 0
        while len(data) - at >= 2:
            size, start = _number(data, at + 1)
            if start < 0 or len(data) < start + size:
                break
            self._handle(data[at], bytes(data[start : start + size]))
            at = start + size
        del data[:at]

    def _handle(self, first: int, body: bytes) -> None:
        kind = first >> 4
        if kind == 3:
            self._on_publish(first, body)
        elif kind == 1:
            self._on_connect(body)
        elif kind == 8:
            self._on_subscribe(body)
        elif kind == 12:
            self._send(0xD0, b"")
        elif kind == 14:
            self._will = None
            self._transport.close()

    def _on_connect(self, body: bytes) -> None:
        self._five = body[6] == 5
        flags, at = body[7], 10
        at = self._skip_properties(body, at)
        _, at = _text(body, at)
        if flags & 0x04:
            at = self._skip_properties(body, at)
            topic, at = _text(body, at)
            payload, at = _text(body, at)
            self._will = (topic, payload, bool(flags & 0x20))
        self._send(0x20, b"\x00\x00\x00" if self._five else b"\x00\x00")

    def _on_subscribe(self, body: bytes) -> None:
        at = self._skip_properties(body, 2)
        topics = []
        while at < len(body):
            topic, at = _text(body, at)
            at += 1
            topics.append(topic)
            self._hub.subscribers.setdefault(topic, []).append(self)
        self._topics += topics
        granted = b"\x01" * len(topics)
        self._send(0x90, body[:2] + (b"\x00" if self._five else b"") + granted)
        for topic in topics:
            if topic in self._hub.retained:
                self.deliver(topic, self._hub.retained[topic])

    def _on_publish(self, first: int, body: bytes) -> None:
        topic, at = _text(body, 0)
        if first & 0x06:
            self._send(0x40, body[at : at + 2])
            at += 2
        at = self._skip_properties(body, at)
        self._hub.publish(topic, body[at:], bool(first & 0x01))

    def _skip_properties(self, body: bytes, at: int) -> int:
        if not self._five:
            return at
        size, start = _number(body, at)
        return start + size

    def _send(self, first: int, body: bytes) -> None:
        if not self._out:
            asyncio.get_running_loop().call_soon(self._flush)
        self._out += (bytes((first,)), _length(len(body)), body)

    def _flush(self) -> None:
        payload = b"".join(self._out)
        self._out.clear()
        if self._transport.is_closing():
            return
        size = len(payload)
        if size < 126:
            head = bytes((0x82, size))
        elif size < 1 << 16:
            head = b"\x82\x7e" + size.to_bytes(2, "big")
        else:
            head = b"\x82\x7f" + size.to_bytes(8, "big")
        self._transport.write(head + payload)


def _number(data: bytes | bytearray, at: int) -> tuple[int, int]:
    """Read a length: its value and where it ends; -1 when it is cut."""
    value = shift = 0
    while at < len(data):
        value |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            return value, at
        shift += 7
    return 0, -1


def _length(value: int) -> bytes:
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _text(body: bytes, at: int) -> tuple[bytes, int]:
    end = at + 2 + int.from_bytes(body[at : at + 2], "big")
    return body[at + 2 : end], end


async def _serve(bind: str, context: ssl.SSLContext) -> None:
    loop = asyncio.get_running_loop()
    hub = Hub()
    server = await loop.create_server(lambda: Session(hub), bind, 0, ssl=context, backlog=1024)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bind", default="127.0.0.1")
    parser.add_argument("--certificate", required=True)
    parser.add_argument("--key", required=True)
    options = parser.parse_args()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.certificate, options.key)
    asyncio.run(_serve(options.bind, context))


if __name__ == "__main__":
    main()
