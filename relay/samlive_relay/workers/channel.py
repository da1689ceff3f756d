"""The relay's end of a Python runner's channel: length u32, kind one byte, body.

The runner's end, and what the kinds mean, is in
`runners/python/samlive_runner/channel.py`. Both directions of a call are one
system call here: a message is written where it is made, and read where the loop
finds it, without a transport between.
"""

import json
import socket
import struct
from collections.abc import Callable
from typing import Any

from samlive_relay.transports.wire import Wire

BOOT, INVOKE, RELOAD = b"B", b"I", b"E"
READY, LOADED, RESPONSE, ERROR, DEPENDENCIES = b"R", b"L", b"A", b"X", b"M"

_HEAD = struct.Struct("!IB")
_quoted = json.encoder.encode_basestring_ascii
"""What `json.dumps` does with a text, without making an encoder for each call."""


class Channel:
    """A stream of framed messages.

    Args:
        connection: A connected stream socket, which the channel owns.
        on_message: Called with kind and body of each message.
        on_end: Called once, when the other end has closed.
    """

    def __init__(
        self,
        connection: socket.socket,
        on_message: Callable[[bytes, bytes], None],
        on_end: Callable[[], None],
    ) -> None:
        self._on_message = on_message
        self._buffer = bytearray()
        self._wire = Wire(connection, self._on_data, lambda _: on_end())

    def send(self, kind: bytes, *parts: bytes) -> None:
        """Send a message; nothing happens when the channel has closed."""
        size = sum(map(len, parts))
        self._wire.send(b"".join((_HEAD.pack(size, kind[0]), *parts)))

    def send_json(self, kind: bytes, value: Any) -> None:
        """Send a message whose body is JSON."""
        self.send(kind, json.dumps(value).encode())

    def send_invocation(self, fields: dict[str, str], event: bytes) -> None:
        """Send an invocation: its fields behind their length, then the raw event."""
        pairs = [f"{_quoted(name)}: {_quoted(text)}" for name, text in fields.items()]
        head = f"{{{', '.join(pairs)}}}".encode()
        self.send(INVOKE, len(head).to_bytes(4, "big"), head, event)

    def drain(self) -> None:
        """Take the messages that have come in by now."""
        self._wire.drain()

    def close(self) -> None:
        """Close the channel; the runner ends at its end."""
        self._wire.close()

    def _on_data(self, data: bytes) -> None:
        """Cut the stream into messages."""
        buffer = self._buffer
        if not buffer and len(data) >= _HEAD.size:
            size, _ = _HEAD.unpack_from(data)
            if len(data) == _HEAD.size + size:  # an answer of usual size is alone and whole
                self._on_message(data[_HEAD.size - 1 : _HEAD.size], data[_HEAD.size :])
                return
        buffer += data
        start, messages = 0, []
        while len(buffer) - start >= _HEAD.size:
            size, kind = _HEAD.unpack_from(buffer, start)
            end = start + _HEAD.size + size
            if len(buffer) < end:
                break
            messages.append((bytes((kind,)), bytes(memoryview(buffer)[start + _HEAD.size : end])))
            start = end
        del buffer[:start]
        for kind_byte, body in messages:
            self._on_message(kind_byte, body)
