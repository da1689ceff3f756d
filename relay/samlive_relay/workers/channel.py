"""The relay's end of a Python runner's channel: length u32, kind one byte, body.

The runner's end, and what the kinds mean, is in
`runners/python/samlive_runner/channel.py`.
"""

import asyncio
import json
import socket
import struct
from collections.abc import Callable
from typing import Any, cast

BOOT, INVOKE, RELOAD = b"B", b"I", b"E"
READY, LOADED, RESPONSE, ERROR, DEPENDENCIES = b"R", b"L", b"A", b"X", b"M"

_HEAD = struct.Struct("!IB")


class Channel(asyncio.Protocol):
    """A stream of framed messages.

    Args:
        on_message: Called with kind and body of each message.
        on_end: Called once, when the other end has closed.
    """

    def __init__(
        self, on_message: Callable[[bytes, bytes], None], on_end: Callable[[], None]
    ) -> None:
        self._on_message = on_message
        self._on_end = on_end
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(
        cls,
        connection: socket.socket,
        on_message: Callable[[bytes, bytes], None],
        on_end: Callable[[], None],
    ) -> "Channel":
        """Return a channel over a connected stream socket, which it owns."""
        loop = asyncio.get_running_loop()
        _, channel = await loop.connect_accepted_socket(
            lambda: cls(on_message, on_end), sock=connection
        )
        return channel

    def send(self, kind: bytes, *parts: bytes) -> None:
        """Send a message; nothing happens when the channel has closed."""
        if self._transport is not None and not self._transport.is_closing():
            size = sum(map(len, parts))
            self._transport.writelines((_HEAD.pack(size, kind[0]), *parts))

    def send_json(self, kind: bytes, value: Any) -> None:
        """Send a message whose body is JSON."""
        self.send(kind, json.dumps(value).encode())

    def send_invocation(self, fields: dict[str, str], event: bytes) -> None:
        """Send an invocation: its fields behind their length, then the raw event."""
        head = json.dumps(fields).encode()
        self.send(INVOKE, len(head).to_bytes(4, "big"), head, event)

    def close(self) -> None:
        """Close the channel once everything is sent; the runner ends at its end."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the transport (asyncio's callback)."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Cut the stream into messages (asyncio's callback)."""
        buffer = self._buffer
        buffer += data
        start = 0
        while len(buffer) - start >= _HEAD.size:
            size, kind = _HEAD.unpack_from(buffer, start)
            end = start + _HEAD.size + size
            if len(buffer) < end:
                break
            body = bytes(memoryview(buffer)[start + _HEAD.size : end])
            start = end
            self._on_message(bytes((kind,)), body)
        del buffer[:start]

    def connection_lost(self, problem: Exception | None) -> None:
        """Tell that the other end is gone (asyncio's callback)."""
        self._on_end()
