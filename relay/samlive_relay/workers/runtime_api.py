"""A Lambda Runtime API on loopback, for runtimes with an interface client of their own.

    http://127.0.0.1:<port>/<token>/2018-06-01/runtime/...

One server for the session. Each worker has a random token, the first part of
its path, so a process of one function can neither read nor answer another's
invocations. Host is checked, and requests with an Origin are refused, so that
no web page can reach it (DNS rebinding). A client that cannot carry a path in
its address gets a port of its own (see `doors`).

API: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. What is below
`/<token>/samlive/` is ours: `POST loaded` takes the files that a runner has read,
and a worker can offer its runner more (`Slot.offers`).
"""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from samlive_relay.errors import RelayError

from . import doors, streamed
from .http1 import HttpError, Request, read_request, response
from .worker import Call, ResponseStream

PREFIX = "/2018-06-01/runtime/"
OURS = "/samlive/"
MAX_HEAD = 2 * 1024 * 1024
"""Clients send an error's cause along as a header of up to 1 MB."""

NO_HEADERS = frozenset({"request-id", "now-ms", "content-type", "aws-request-id", "tenant-id"})


@dataclass(eq=False)
class Slot:
    """What one worker's process may do.

    Args:
        on_answer: Told request id, body, and whether it is an error.
        on_init_error: Told the error when initialisation failed.
        on_ready: Told when it asks for its first invocation.
        on_loaded: Told which files it has read.
        offers: What else its runner may post to, by name: takes a body, returns one.
    """

    on_answer: Callable[[str, bytes, bool], None]
    on_init_error: Callable[[bytes], None]
    on_ready: Callable[[], None]
    on_loaded: Callable[[bytes], None]
    offers: dict[str, Callable[[bytes], Awaitable[bytes]]] = field(default_factory=dict)
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    calls: "asyncio.Queue[Call | None]" = field(default_factory=asyncio.Queue)
    running: str = ""
    stream: "ResponseStream | None" = None

    def serve(self, other: "Slot") -> None:
        """Tell from now on whom another slot tells, and offer what it offers."""
        self.on_answer, self.on_init_error = other.on_answer, other.on_init_error
        self.on_ready, self.on_loaded = other.on_ready, other.on_loaded
        self.offers |= other.offers

    def close(self) -> None:
        """Hang up on the process at its next request for work."""
        self.calls.put_nowait(None)


class RuntimeApi:
    """The server; started when the first worker needs it."""

    def __init__(self) -> None:
        self._slots: dict[str, Slot] = {}
        self._doors: dict[int, tuple[Slot, asyncio.Server]] = {}
        self._server: asyncio.Server | None = None
        self._starting = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def add(self, slot: Slot) -> str:
        """Serve a worker; return the value of its AWS_LAMBDA_RUNTIME_API.

        Raises:
            RelayError: No port of loopback can be had.
        """
        async with self._starting:
            if self._server is None:
                self._server = await self._listen()
        self._slots[slot.token] = slot
        return f"127.0.0.1:{_port(self._server)}/{slot.token}"

    async def add_door(self, slot: Slot) -> str:
        """Serve a worker at a port of its own; return "host:port" without a path.

        Raises:
            RelayError: No port can be had, or this system cannot keep others out.
        """
        if not doors.AVAILABLE:
            raise RelayError("This system does not tell whose connection it is.")
        server = await self._listen()
        self._doors[_port(server)] = (slot, server)
        return f"127.0.0.1:{_port(server)}"

    def remove(self, slot: Slot) -> None:
        """Stop serving a worker."""
        self._slots.pop(slot.token, None)
        for port, (holder, server) in list(self._doors.items()):
            if holder is slot:
                del self._doors[port]
                server.close()
        slot.close()

    async def close(self) -> None:
        """Stop the server and drop every connection."""
        for slot, _ in list(self._doors.values()):
            self.remove(slot)
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()

    async def _listen(self) -> asyncio.Server:
        try:
            server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=MAX_HEAD)
        except OSError as problem:
            raise RelayError(f"No port on 127.0.0.1 for the Runtime API: {problem}.") from None
        return server

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while await self._serve_one(reader, writer):
                pass
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Serve a request; tell whether the connection stays open."""
        readable = False  # whether what follows on the connection is a request
        try:
            request = await read_request(reader)
            if request is None:
                return False
            slot, path = self._admit(request, writer)
            readable = not request.streams
            reply = await self._reply(slot, request, path, reader)
        except HttpError as problem:
            text = json.dumps({"errorMessage": str(problem), "errorType": "InvalidRequest"})
            headers = {} if readable else {"Connection": "close"}
            writer.write(response(problem.status, headers, text.encode()))
            await writer.drain()
            return readable
        if reply is None:
            return False
        writer.write(reply)
        await writer.drain()
        return True

    def _admit(self, request: Request, writer: asyncio.StreamWriter) -> tuple[Slot, str]:
        here = writer.get_extra_info("sockname")
        host, _, port = request.headers.get("host", "").split("/")[0].partition(":")
        if host not in ("127.0.0.1", "localhost") or port != str(here[1]):
            raise HttpError(403, "wrong Host")
        if "origin" in request.headers:
            raise HttpError(403, "not for web pages")
        if door := self._doors.get(here[1]):
            if not doors.is_own(writer.get_extra_info("peername"), here):
                raise HttpError(403, "another user's process")
            return door[0], request.path
        token, _, path = request.path.removeprefix("/").partition("/")
        slot = self._slots.get(token)
        if slot is None:
            raise HttpError(403, "unknown token")
        return slot, f"/{path}"

    async def _reply(
        self, slot: Slot, request: Request, path: str, reader: asyncio.StreamReader
    ) -> bytes | None:
        action = path.removeprefix(PREFIX)
        if request.method == "GET" and action == "invocation/next":
            return await self._next(slot, reader)
        if request.method != "POST":
            raise HttpError(404, f"no {request.method} {path}")
        if offer := slot.offers.get(path.removeprefix(OURS)):
            answer = await offer(request.body)
            return response(200, {"Content-Type": "application/json"}, answer)
        if path == f"{OURS}loaded":
            slot.on_loaded(request.body)
        elif action == "init/error":
            slot.on_init_error(request.body)
        else:
            await self._take_answer(slot, action, request, reader)
        return response(202, {"Content-Type": "application/json"}, b'{"status":"OK"}')

    @staticmethod
    async def _take_answer(
        slot: Slot, action: str, request: Request, reader: asyncio.StreamReader
    ) -> None:
        parts = action.split("/")
        if len(parts) != 3 or parts[0] != "invocation" or parts[2] not in ("response", "error"):
            raise HttpError(404, f"no POST {action}")
        if parts[1] != slot.running:
            raise HttpError(400, "not the running request")
        slot.running = ""
        if request.streams and parts[2] == "response":
            answer = await streamed.take(request, reader, slot.stream)
            slot.on_answer(parts[1], *answer)
        else:
            slot.on_answer(parts[1], request.body, parts[2] == "error")

    @staticmethod
    async def _next(slot: Slot, reader: asyncio.StreamReader) -> bytes | None:
        slot.on_ready()
        waiting = asyncio.ensure_future(slot.calls.get())
        gone = asyncio.ensure_future(_end_of(reader))
        try:
            await asyncio.wait((waiting, gone), return_when=asyncio.FIRST_COMPLETED)
            call = waiting.result() if waiting.done() else None
        finally:
            for future in (waiting, gone):
                future.cancel()
            await asyncio.gather(waiting, gone, return_exceptions=True)
        if call is None:
            return None
        slot.running, slot.stream = call.request_id, call.stream
        return response(200, _headers(call), call.event)


def _port(server: asyncio.Server) -> int:
    port: int = server.sockets[0].getsockname()[1]
    return port


async def _end_of(reader: asyncio.StreamReader) -> None:
    """Wait until the other end hangs up; it sends nothing while it waits."""
    await reader.read(1)


def _headers(call: Call) -> dict[str, str]:
    headers = {
        "Content-Type": call.fields.get("content-type", "application/json"),
        "Lambda-Runtime-Aws-Request-Id": call.request_id,
    }
    for name, value in call.fields.items():
        if name not in NO_HEADERS:
            headers["Lambda-Runtime-" + name.title()] = value
    return headers
