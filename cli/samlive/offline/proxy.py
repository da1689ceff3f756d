"""The CONNECT proxy that leads names under .localhost to the cloud's TLS port.

The IoT endpoint is called `<id>-ats.iot.<region>.localhost:<http port>`. Such
names need not resolve, and the port is the plain one (which the stub uses, as
it takes .localhost for this machine). A client that speaks TLS, such as the
relay with the unmodified device SDK, is therefore given this proxy as its
HTTPS_PROXY: whatever port it names, with or without ":port" (443), a host
under .localhost ends at the TLS port.

As the variable may be exported in a shell, every other host is reached as
usual: directly, or through the proxy that the variable named before.
"""

import asyncio
import base64
import contextlib
import urllib.parse
from collections.abc import Callable

_HEAD_BYTES = 16 * 1024


class ConnectProxy:
    """Serves CONNECT on loopback.

    Args:
        tls_port: Port of the cloud's TLS listener.
        upstream: URL of the proxy for all other hosts, or None to go directly.
        down: Tells whether the cloud's broker is taken for dead.
    """

    def __init__(
        self,
        tls_port: int,
        upstream: str | None = None,
        down: Callable[[], bool] = lambda: False,
    ) -> None:
        self._tls_port = tls_port
        self._down = down
        self._upstream = urllib.parse.urlsplit(upstream) if upstream else None
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Start listening.

        Returns:
            The port.
        """
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_HEAD_BYTES)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Stop listening and cut every tunnel."""
        if self._server:
            self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Cut every tunnel."""
        for task in self._tasks:
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._tunnel(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, *_ = head.split(b" ", 2)
        if method != b"CONNECT":
            writer.write(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
            return
        host, _, port = target.decode("latin-1").rpartition(":")
        host, local = host.strip("[]"), _is_local(host)
        try:
            if local and self._down():
                raise ConnectionRefusedError
            if self._upstream and not local:
                far = await self._through_upstream(head)
            else:
                address = ("127.0.0.1", self._tls_port) if local else (host, int(port))
                far = await asyncio.open_connection(*address)
                writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        except (OSError, ValueError):
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return
        try:
            await _both_ways(reader, writer, *far)
        finally:
            far[1].close()

    async def _through_upstream(
        self, head: bytes
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        assert self._upstream is not None
        far = await asyncio.open_connection(self._upstream.hostname, self._upstream.port or 80)
        if self._upstream.username:
            pair = f"{self._upstream.username}:{self._upstream.password or ''}"
            token = base64.b64encode(urllib.parse.unquote(pair).encode()).decode()
            head = head[:-2] + f"Proxy-Authorization: Basic {token}\r\n\r\n".encode()
        far[1].write(head)
        return far


def _is_local(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost")


async def _both_ways(
    near_reader: asyncio.StreamReader,
    near_writer: asyncio.StreamWriter,
    far_reader: asyncio.StreamReader,
    far_writer: asyncio.StreamWriter,
) -> None:
    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        with contextlib.suppress(OSError):
            sink.write_eof()

    await asyncio.gather(pump(near_reader, far_writer), pump(far_reader, near_writer))
