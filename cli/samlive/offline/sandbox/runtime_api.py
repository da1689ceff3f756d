"""Lambda's Runtime API for one execution environment.

A runtime asks for the next invocation, and the question waits until there is
one; it then posts a response or an error for it. Invocations come from the
pool's threads through `offer`, outcomes go back through `outcome`. Whatever
ends an invocation (response, error, exit of the process) is an outcome.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import contextlib
import json
import queue
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from samlive.offline.sandbox import failures, streaming
from samlive.offline.sandbox.http import Connection, Request

PREFIX = "/2018-06-01/runtime/"
_ERROR_TYPE = "lambda-runtime-function-error-type"


@dataclass(frozen=True, slots=True)
class Invocation:
    """What `next` returns.

    Args:
        request_id: Its id.
        event: The event, as bytes.
        headers: The headers of the Runtime API.
        sink: Takes a response that is streamed; None when it is wanted whole.
    """

    request_id: str
    event: bytes = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    sink: streaming.Sink | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the runtime did.

    Args:
        kind: "ready" (it asked for work the first time), "response", "error",
            "cut" (it hung up while it streamed), "init-error" or "exit".
        body: What it posted; the exit status for "exit".
    """

    kind: str
    body: bytes = b""


class RuntimeApi:
    """Listens on loopback for the runtime of one environment."""

    def __init__(self) -> None:
        self.on_idle: Callable[[], None] = _nothing
        """Called when the runtime begins to wait for work."""
        self.on_work: Callable[[], None] = _nothing
        """Called when there is work for a runtime that may be waiting."""
        self.outcome: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._next: queue.SimpleQueue[Invocation | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._running: Invocation | None = None
        self._answered: str | None = None
        self._ready = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connections: set[Connection] = set()
        threading.Thread(target=self._accept, name="runtime-api", daemon=True).start()

    @property
    def address(self) -> str:
        """Value of AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def offer(self, invocation: Invocation) -> None:
        """Hand an invocation to the runtime."""
        with self._lock:
            self._next.put(invocation)
            self.on_work()

    def close(self) -> None:
        """Stop listening and cut all connections."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._next.put(None)
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.close()

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            connection = Connection(accepted, failures.MAX_RESPONSE_BYTES + 1)
            self._connections.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        with contextlib.suppress(OSError, ValueError):
            while request := connection.receive():
                if not self._answer(connection, request):
                    break
        self._connections.discard(connection)
        with contextlib.suppress(OSError):
            connection.close()

    def _answer(self, connection: Connection, request: Request) -> bool:
        match request.method, request.path.removeprefix(PREFIX).split("/"):
            case "GET", ["invocation", "next"]:
                return self._give(connection)
            case "POST", ["invocation", request_id, "response" | "error" as kind]:
                connection.send(*self._take(connection, request_id, kind, request))
            case "POST", ["init", "error"]:
                self.outcome.put(Outcome("init-error", _error_body(request)))
                connection.send(202, b'{"status":"OK"}')
            case _:
                connection.send(404, b"404 page not found")
        return True

    def _give(self, connection: Connection) -> bool:
        if not self._ready:
            self._ready = True
            self.outcome.put(Outcome("ready"))
        with self._lock:
            if self._next.empty():
                self.on_idle()
        invocation = self._next.get()
        if invocation is None:
            return False
        with self._lock:
            self._running = invocation
        connection.send(200, invocation.event, invocation.headers)
        return True

    def _take(
        self, connection: Connection, request_id: str, kind: str, request: Request
    ) -> tuple[int, bytes]:
        with self._lock:
            running = self._running
            if request_id == self._answered:
                text = "State transition is not allowed: the invocation was answered"
                return 403, failures.error("InvalidStateTransition", text)
            if running is None or request_id != running.request_id:
                return 400, failures.error("InvalidRequestID", "Invalid request ID")
            self._running, self._answered = None, request_id
        if request.streams:
            try:
                request = _pass_on(connection, request, running.sink)
            except (EOFError, OSError, ValueError):
                self.outcome.put(Outcome("cut"))
                raise ConnectionResetError from None
        if kind == "error":
            self.outcome.put(Outcome("error", _error_body(request)))
            return 202, b'{"status":"OK"}'
        if request.size > failures.MAX_RESPONSE_BYTES:
            self.outcome.put(Outcome("error", failures.too_large()))
            text = f"Exceeded maximum allowed payload size ({failures.MAX_RESPONSE_BYTES} bytes)."
            return 413, failures.error("RequestEntityTooLarge", text)
        self.outcome.put(streamed(request))
        return 202, b'{"status":"OK"}'


def _nothing() -> None:
    """Do nothing."""


def _pass_on(connection: Connection, request: Request, sink: streaming.Sink | None) -> Request:
    """Read a streamed response to its end; return it whole when nobody takes the pieces."""
    parts: list[bytes] = []
    size = 0
    if sink is not None:
        sink.open(request.headers.get("content-type", ""))
    for piece in connection.pieces(request):
        if sink is not None:
            sink.write(piece)
            continue
        size += len(piece)
        if size <= failures.MAX_RESPONSE_BYTES:
            parts.append(piece)
    return replace(request, body=b"".join(parts), size=size)


def streamed(request: Request) -> Outcome:
    """Return the outcome of a response, streamed ones put together."""
    if request.headers.get("lambda-runtime-function-response-mode") != "streaming":
        return Outcome("response", request.body)
    if request.headers.get(_ERROR_TYPE):
        return Outcome("error", streaming.error_body(request.headers))
    return Outcome("response", streaming.response_body(request.headers, request.body))


def _error_body(request: Request) -> bytes:
    if request.body:
        return request.body
    kind = request.headers.get(_ERROR_TYPE, "Runtime.Unknown")
    return json.dumps({"errorType": kind, "errorMessage": ""}).encode()
