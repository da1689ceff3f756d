"""A connected socket on the loop: bytes in by a callback, bytes out without waiting.

asyncio's own TLS runs through memory buffers and two protocol objects, which
costs more than all of MQTT. A TLS socket that does not block needs neither: it
is read when it is readable, and written at once, the rest when it is writable.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable

_TLS_CHUNK = 16 * 1024
"""TLS hands out one record at a time, which is no larger."""

_CHUNK = 64 * 1024


class Wire:
    """One connection.

    Args:
        connection: Connected, with or without TLS; the wire owns it.
        on_data: Called with the bytes that came in.
        on_end: Called once, with why it ended; not after `close`.
    """

    def __init__(
        self,
        connection: socket.socket,
        on_data: Callable[[bytes], None],
        on_end: Callable[[OSError], None],
    ) -> None:
        self._socket = connection
        self._receive: Callable[[int], bytes | None]
        self._on_data = on_data
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._rest: bytes | memoryview = b""
        self._later: list[bytes] = []
        if isinstance(connection, ssl.SSLSocket):
            self._receive, self._chunk = connection.read, _TLS_CHUNK
        else:
            self._receive, self._chunk = connection.recv, _CHUNK
        self.closed = False
        connection.setblocking(False)
        self._loop.add_reader(connection, self._read)

    def send(self, data: bytes) -> None:
        """Send bytes; what the network does not take now follows later."""
        if self.closed or not data:
            return
        if self._rest:
            self._later.append(data)
        else:
            self._write(data)

    def close(self) -> None:
        """Hang up."""
        if not self.closed:
            self.closed = True
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket.close()

    def drain(self) -> None:
        """Take what has come in by now, without waiting for the loop to notice."""
        while not self.closed:
            try:
                data = self._receive(self._chunk)
            except OSError:  # there is no more, or will never be
                return
            if not data:
                return
            self._on_data(data)

    def _read(self) -> None:
        try:
            data = self._receive(self._chunk)
        except (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return  # TLS has records of its own, such as session tickets
        except OSError as problem:
            self._end(problem)
            return
        if not data:
            self._end(ConnectionResetError("the broker hung up"))
            return
        self._on_data(data)

    def _write(self, data: bytes | memoryview) -> None:
        try:
            sent = self._socket.send(data)
        except (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            sent = 0
        except OSError as problem:
            # Not while somebody sends: the owner is told between its own steps.
            self._loop.call_soon(self._end_after_last_words, problem)
            return
        if sent < len(data):
            # No copy: of 6 MB a socket takes 200 KB at a time.
            self._rest = memoryview(data)[sent:]
            self._loop.add_writer(self._socket, self._write_rest)

    def _write_rest(self) -> None:
        self._loop.remove_writer(self._socket)
        data, self._rest = self._rest, b""
        self._write(data)
        if not self._rest and self._later and not self.closed:
            data, self._later = b"".join(self._later), []
            self._write(data)

    def _end_after_last_words(self, problem: OSError) -> None:
        # Who hangs up may have said why, and the loop has not read it yet.
        self.drain()
        self._end(problem)

    def _end(self, problem: OSError) -> None:
        if not self.closed:
            self.close()
            self._on_end(problem)
