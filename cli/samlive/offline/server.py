"""Serves the emulator on both ports, with samlive's own paths in front.

`/_samlive/…` is ours (see `control`); what web pages must not ask (`origins`)
and events that are too large (`payload_limits`) is refused; everything else,
WebSockets included, goes to the emulator untouched.
"""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from samlive.offline import origins, payload_limits
from samlive.offline.control import PREFIX, Control
from samlive.offline.listeners import Listeners

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

RESET_PATH = "/_ministack/reset"
_GRACE_SECONDS = 0.3
_KEEP_ALIVE_SECONDS = 75


def front(app: App, control: Control, on_started: Callable[[], None]) -> App:
    """Return an ASGI application: ours in front of the emulator's.

    Args:
        app: The emulator.
        control: Answers the paths under `/_samlive/`.
        on_started: Called when the emulator has started.
    """

    async def serve(scope: Message, receive: Receive, send: Send) -> None:
        async def send_lifespan(message: Message) -> None:
            await send(message)
            if message["type"] == "lifespan.startup.complete":
                on_started()

        if scope["type"] == "lifespan":
            await app(scope, receive, send_lifespan)
        elif reason := origins.refusal(scope["path"], dict(scope["headers"])):
            await _refuse(scope, receive, send, reason)
        elif scope["type"] == "http" and scope["path"].startswith(PREFIX):
            status, body = control.handle(scope["method"], scope["path"], await _body(receive))
            await _send(send, status, [(b"content-type", b"application/json")], body)
        elif scope["type"] == "websocket" and control.breakdown.down:
            await _unavailable(receive, send)
        elif refused := _too_large(scope):
            await _body(receive)
            await _send(send, *refused)
        else:
            await app(scope, receive, send)
            if scope["type"] == "http" and scope["path"] == RESET_PATH:
                control.reset()

    return serve


async def run(
    app: App,
    listeners: Listeners,
    certificate: tuple[Path, Path],
    stopped: Callable[[], Awaitable[Any]],
) -> None:
    """Serve until `stopped` returns.

    Args:
        app: What to serve.
        listeners: Bound sockets.
        certificate: Certificate and key of the TLS port.
        stopped: Awaited; its return ends the server.
    """
    import hypercorn.asyncio
    from hypercorn.config import Config

    config = Config()
    config.insecure_bind = [f"fd://{listeners.http.detach()}"]
    config.bind = [f"fd://{listeners.tls.detach()}"]
    config.certfile, config.keyfile = map(str, certificate)
    config.keep_alive_timeout = _KEEP_ALIVE_SECONDS
    config.graceful_timeout = _GRACE_SECONDS
    framework: Any = app
    await hypercorn.asyncio.serve(framework, config, shutdown_trigger=stopped)


async def _refuse(scope: Message, receive: Receive, send: Send, reason: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    await _body(receive)
    body = json.dumps({"message": f"Refused: {reason}."}).encode()
    await _send(send, 403, [(b"content-type", b"application/json")], body)


async def _unavailable(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.http.response.start", "status": 503, "headers": []})
    await send({"type": "websocket.http.response.body", "body": b""})


def _too_large(scope: Message) -> tuple[int, payload_limits.Headers, bytes] | None:
    if scope["type"] != "http":
        return None
    return payload_limits.refusal(scope["method"], scope["path"], scope["headers"])


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _send(send: Send, status: int, headers: payload_limits.Headers, body: bytes) -> None:
    headers = [*headers, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
