"""Messages over a stream socket: length u32, kind one byte, body.

The event and the answer cross as they are: neither end of the channel looks
into them. An invocation is its fields as JSON behind their own length, then
the raw event.
"""

import json
import socket
import struct
from typing import Any, Optional

BOOT, INVOKE, RELOAD = b"B", b"I", b"E"
READY, LOADED, RESPONSE, ERROR, DEPENDENCIES = b"R", b"L", b"A", b"X", b"M"

_HEAD = struct.Struct("!IB")


class Channel:
    """One end of the channel, blocking.

    Args:
        connection: Connected stream socket; the channel owns it.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._reader = connection.makefile("rb")

    def receive(self) -> Optional[tuple[bytes, bytes]]:
        """Return kind and body of the next message; None when the relay is gone."""
        try:
            head = self._reader.read(_HEAD.size)
            if len(head) < _HEAD.size:
                return None
            size, kind = _HEAD.unpack(head)
            body = self._reader.read(size)
        except OSError:
            return None
        return None if len(body) < size else (bytes((kind,)), body)

    def send(self, kind: bytes, body: bytes) -> None:
        """Send a message.

        Raises:
            SystemExit: The relay has hung up: it retired this process, or is gone.
        """
        try:
            self._connection.sendall(_HEAD.pack(len(body), kind[0]) + body)
        except (BrokenPipeError, ConnectionResetError):
            raise SystemExit(0) from None  # as at the end of its messages; nobody is left to tell

    def send_json(self, kind: bytes, value: Any) -> None:
        """Send a message whose body is JSON."""
        self.send(kind, json.dumps(value).encode())


def split_invocation(body: bytes) -> tuple[dict[str, str], bytes]:
    """Return the fields and the raw event of an INVOKE message."""
    size = int.from_bytes(body[:4], "big")
    return json.loads(body[4 : 4 + size]), body[4 + size :]
