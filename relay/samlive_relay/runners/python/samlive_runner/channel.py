"""Messages over a stream socket: length u32, kind one byte, body.

The event and the answer cross as they are: neither end of the channel looks
into them. An invocation is its fields as JSON behind their own length, then
the raw event.

A process waits in `poll`, not in `recv`: Linux wakes who waits there also when
the relay has taken an answer out of the socket, for nothing, and takes the
processor from the relay for that while it hands out other calls.
"""

import json
import select
import socket
import struct
from typing import Any, Callable, Optional

from .jsontext import from_text

BOOT, INVOKE, RELOAD = b"B", b"I", b"E"
READY, LOADED, RESPONSE, ERROR, DEPENDENCIES = b"R", b"L", b"A", b"X", b"M"

LARGE_BYTES = 64 * 1024

_HEAD = struct.Struct("!IB")
_PIECE = 64 * 1024


class Channel:
    """One end of the channel, blocking.

    Args:
        connection: Connected stream socket; the channel owns it.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._rest = b""
        self._wait: Callable[[], Any] = lambda: None
        if hasattr(select, "poll"):  # before the function can exchange it, as gevent does
            poll = select.poll()
            poll.register(connection, select.POLLIN)
            self._wait = poll.poll

    def receive(self) -> Optional[tuple[bytes, bytes]]:
        """Return kind and body of the next message; None when the relay is gone."""
        try:
            while len(self._rest) < _HEAD.size:
                self._wait()
                more = self._connection.recv(_PIECE)
                if not more:
                    return None
                self._rest += more
            size, kind = _HEAD.unpack_from(self._rest)
            end = _HEAD.size + size
            body = self._rest[_HEAD.size : end]
            self._rest = self._rest[end:]
            if len(body) < size:
                body = self._fill(body, size)
        except OSError:
            return None
        return None if len(body) < size else (bytes((kind,)), body)

    def _fill(self, begin: bytes, size: int) -> bytes:
        """Return a body of which only the beginning has come; cut when the relay is gone."""
        body = bytearray(size)
        body[: len(begin)] = begin
        at, room = len(begin), memoryview(body)
        while at < size:
            count = self._connection.recv_into(room[at:])
            if not count:
                break
            at += count
        return bytes(room[:at])

    def send(self, kind: bytes, body: bytes) -> None:
        """Send a message.

        Raises:
            SystemExit: The relay has hung up: it retired this process, or is gone.
        """
        try:
            head = _HEAD.pack(len(body), kind[0])
            if len(body) > LARGE_BYTES:  # joining would copy it
                self._connection.sendall(head)
                self._connection.sendall(body)
            else:
                self._connection.sendall(head + body)
        except (BrokenPipeError, ConnectionResetError):
            raise SystemExit(0) from None  # as at the end of its messages; nobody is left to tell

    def send_json(self, kind: bytes, value: Any) -> None:
        """Send a message whose body is JSON."""
        self.send(kind, json.dumps(value).encode())


def split_invocation(body: bytes) -> tuple[dict[str, str], bytes]:
    """Return the fields and the raw event of an INVOKE message."""
    size = int.from_bytes(body[:4], "big")
    return from_text(body[4 : 4 + size]), body[4 + size :]
