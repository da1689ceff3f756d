"""The floor: MQTT over secure WebSocket with plain sockets, and nothing else.

What a message costs on this broker when nobody seals, queues, waits for
acknowledgements or runs a function: NODELAY on, acknowledgements in the same
frame as the next message, no properties, no checks.

`python -m support.raw ENDPOINT CA` echoes: what comes on `raw/up` goes back on
`raw/down`. It prints `{"ready": true}` and ends with its standard input.
"""

import json
import os
import socket
import ssl
import sys
import threading

UP, DOWN = b"raw/up", b"raw/down"


class RawClient:
    """One connection that publishes and receives at QoS 1.

    Args:
        endpoint: "host:port".
        ca: File to trust.
        name: Client id.
        topic: Topic to subscribe to.
    """

    def __init__(self, endpoint: str, ca: str, name: str, topic: bytes) -> None:
        host, _, port = endpoint.partition(":")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(ca)
        plain = socket.create_connection((host, int(port)))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = context.wrap_socket(plain, server_hostname=host)
        self._frames = b""
        self._packets = b""
        self._acks = b""
        self._number = 0
        self._socket.sendall(
            b"GET /mqtt HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Protocol: mqtt\r\n\r\n"
        )
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._socket.recv(65536)
        self._frames = data.partition(b"\r\n\r\n")[2]
        client = name.encode()
        self._send(
            _packet(0x10, b"\x00\x04MQTT\x04\x02\x00\x00" + len(client).to_bytes(2, "big") + client)
            + _packet(0x82, b"\x00\x01" + len(topic).to_bytes(2, "big") + topic + b"\x01")
        )
        while not self._subscribed:
            self.receive()

    _subscribed = False

    def publish(self, topic: bytes, *payloads: bytes) -> None:
        """Publish messages, and the acknowledgements that wait, in one frame."""
        packets = [self._acks]
        self._acks = b""
        for payload in payloads:
            self._number = self._number % 0xFFFF + 1
            head = len(topic).to_bytes(2, "big") + topic + self._number.to_bytes(2, "big")
            packets.append(_packet(0x32, head + payload))
        self._send(b"".join(packets))

    def receive(self) -> list[bytes]:
        """Wait for bytes and return the messages that they complete."""
        data = self._socket.recv(262144)
        if not data:
            raise ConnectionResetError("the broker hung up")
        self._frames += data
        self._unframe()
        return self._unpack()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def shut_down(self) -> None:
        """Hang up from another thread: a waiting `receive` ends."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def _send(self, payload: bytes) -> None:
        size = len(payload)
        if size < 126:
            head = bytes((0x82, 0x80 | size))
        elif size < 1 << 16:
            head = b"\x82\xfe" + size.to_bytes(2, "big")
        else:
            head = b"\x82\xff" + size.to_bytes(8, "big")
        mask = os.urandom(4)
        key = int.from_bytes((mask * (size // 4 + 1))[:size], "little")
        body = (int.from_bytes(payload, "little") ^ key).to_bytes(size, "little")
        self._socket.sendall(head + mask + body)

    def _unframe(self) -> None:
        data, at, found = self._frames, 0, []
        while len(data) - at >= 2:
            size, start = data[at + 1], at + 2
            if size == 126:
                size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif size == 127:
                size, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            if len(data) < start + size:
                break
            found.append(data[start : start + size])
            at = start + size
        self._frames = data[at:]
        self._packets += b"".join(found)

    def _unpack(self) -> list[bytes]:
        data, at, messages = self._packets, 0, []
        while len(data) - at >= 2:
            size = shift = 0
            start = at + 1
            while start < len(data):
                size |= (data[start] & 0x7F) << shift
                shift += 7
                start += 1
                if data[start - 1] < 0x80:
                    break
            if data[start - 1] >= 0x80 or len(data) < start + size:
                break
            kind = data[at] >> 4
            if kind == 3:
                end = start + 2 + int.from_bytes(data[start : start + 2], "big")
                self._acks += b"\x40\x02" + data[end : end + 2]
                messages.append(data[end + 2 : start + size])
            elif kind == 9:
                self._subscribed = True
            at = start + size
        self._packets = data[at:]
        return messages


def _packet(first: int, body: bytes) -> bytes:
    size, encoded = len(body), bytearray((first,))
    while size >= 0x80:
        encoded.append(size & 0x7F | 0x80)
        size >>= 7
    encoded.append(size)
    return bytes(encoded) + body


def main() -> None:
    """Echo until standard input ends."""
    client = RawClient(sys.argv[1], sys.argv[2], "raw-echo", UP)

    def wait() -> None:
        sys.stdin.read()
        client.shut_down()

    threading.Thread(target=wait, daemon=True).start()
    print(json.dumps({"ready": True}), flush=True)
    try:
        while True:
            if messages := client.receive():
                client.publish(DOWN, *messages)
    except OSError:
        pass


if __name__ == "__main__":
    main()
