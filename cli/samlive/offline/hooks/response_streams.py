"""Lambda: streamed responses reach the caller while the function writes them.

AWS passes on what a function streams to callers of a function URL with
`InvokeMode: RESPONSE_STREAM` and of InvokeWithResponseStream. The emulator waits
for the end and sends one piece. Here both wait for the first bytes only; the
rest of the reply comes out of a `Delivery`, which the sandbox fills.

A streaming integration of a REST API is answered as a whole: the emulator does
not know the address that such an integration has; here it is read.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any

from samlive.offline.sandbox.delivery import Delivery, current
from samlive.offline.sandbox.streaming import CONTENT_TYPE, SEPARATOR

if TYPE_CHECKING:
    from samlive.offline.hooks import Parts

REQUIRES = (
    "ministack.services.lambda_svc:handle_function_url_request",
    "ministack.services.lambda_svc:resolve_function_url",
    "ministack.services.lambda_svc:_invoke_with_response_stream",
    "ministack.services.lambda_svc:_function_url_cors_headers",
    "ministack.services.lambda_svc:_apply_headers_case_insensitively",
    "ministack.services.lambda_svc:_es_encode_message",
    "ministack.services.apigateway_v1:_extract_lambda_ref_from_integration_uri",
    "ministack.core.responses:StreamingResponse",
)

MAX_PRELUDE_BYTES = 16 * 1024
"""https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html"""
INTEGRATION = "/response-streaming-invocations"

Headers = dict[str, Any]
Reply = tuple[int, Headers, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]


def install(parts: "Parts") -> None:
    """Stream what callers want streamed."""
    from ministack.services import apigateway_v1, lambda_svc

    serve_url = lambda_svc.handle_function_url_request
    invoke = lambda_svc._invoke_with_response_stream
    reference = apigateway_v1._extract_lambda_ref_from_integration_uri

    async def url(
        url_id: str, method: str, path: str, headers: Headers, *rest: Any, **named: Any
    ) -> Reply:
        found = named.get("resolved") or lambda_svc.resolve_function_url(url_id)
        call = serve_url(url_id, method, path, headers, *rest, **named)
        if found is None or found[4].get("InvokeMode") != "RESPONSE_STREAM":
            whole: Reply = await call
            return whole
        begun = await _begin(call)
        if not isinstance(begun, Delivery):
            return begun
        return await _http(begun, lambda_svc._function_url_cors_headers(found[4], headers))

    async def stream(*arguments: Any) -> Reply:
        begun = await _begin(invoke(*arguments))
        if not isinstance(begun, Delivery):
            return begun
        headers = {"Content-Type": "application/vnd.amazon.eventstream"}
        return 200, headers, _streaming(begun, _events(begun))

    lambda_svc.handle_function_url_request = url
    lambda_svc._invoke_with_response_stream = stream
    apigateway_v1._extract_lambda_ref_from_integration_uri = lambda uri: reference(
        (uri or "").removesuffix(INTEGRATION)
    )


async def _begin(call: Coroutine[Any, Any, Reply]) -> Delivery | Reply:
    """Start a call; return its delivery once it streams, or its reply when it does not."""
    delivery = Delivery()
    token = current.set(delivery)
    try:
        task = asyncio.ensure_future(call)
    finally:
        current.reset(token)
    begun = asyncio.ensure_future(delivery.begun.wait())
    await asyncio.wait((task, begun), return_when=asyncio.FIRST_COMPLETED)
    if not delivery.opened:
        begun.cancel()
        return await task
    delivery.call = task
    return delivery


async def _http(delivery: Delivery, cors: Headers) -> Reply:
    """Return the reply of a function URL: status and headers are in the prelude."""
    from ministack.services.lambda_svc import _apply_headers_case_insensitively as apply

    prelude, first = await _prelude(delivery)
    if prelude is None:
        return 502, {"Content-Type": "application/json", **cors}, b"Internal Server Error"
    headers: Headers = {"Content-Type": "application/octet-stream"}
    apply(headers, prelude.get("headers") or {})
    apply(headers, cors)
    if cookies := prelude.get("cookies"):
        headers["Set-Cookie"] = list(cookies)
    return int(prelude.get("statusCode", 200)), headers, _streaming(delivery, _raw(delivery, first))


async def _prelude(delivery: Delivery) -> tuple[dict[str, Any] | None, bytes]:
    """Return the prelude and what has come after it; None when the response broke off in it."""
    if delivery.content_type != CONTENT_TYPE:
        return {}, b""
    head = b""
    while SEPARATOR not in head and len(head) < MAX_PRELUDE_BYTES:
        piece = await delivery.take()
        if piece is None:
            return (None, b"") if delivery.error else ({}, head)
        head += piece
    text, _, rest = head.partition(SEPARATOR)
    try:
        parsed = json.loads(text or b"{}")
    except ValueError:
        return None, b""
    return (parsed, rest) if isinstance(parsed, dict) else (None, b"")


async def _raw(delivery: Delivery, first: bytes) -> AsyncIterator[bytes]:
    if first:
        yield first
    while (piece := await delivery.take()) is not None:
        yield piece


async def _events(delivery: Delivery) -> AsyncIterator[bytes]:
    """Return the messages of InvokeWithResponseStream."""
    async for piece in _raw(delivery, b""):
        yield _message("PayloadChunk", "application/octet-stream", piece)
    yield _message("InvokeComplete", "application/json", completion(delivery.error))
    delivery.error = b""  # told


def completion(error: bytes) -> bytes:
    """Return what InvokeWithResponseStream says at the end.

    Args:
        error: Lambda's error JSON when the response broke off; else empty.
    """
    if not error:
        return b"{}"
    kind = str(json.loads(error).get("errorType", ""))
    code = kind if kind.startswith(("Runtime.", "Function.", "Sandbox.")) else "Unhandled"
    return json.dumps({"ErrorCode": code, "ErrorDetails": error.decode()}).encode()


def _message(event: str, content: str, payload: bytes) -> bytes:
    from ministack.services.lambda_svc import _es_encode_message

    headers = {":message-type": "event", ":event-type": event, ":content-type": content}
    message: bytes = _es_encode_message(headers, payload)
    return message


def _streaming(delivery: Delivery, pieces: AsyncIterator[bytes]) -> Any:
    """Return a reply's body that sends pieces; one that broke off lacks its end."""
    from ministack.core.responses import StreamingResponse

    async def run(send: Send, receive: Any) -> None:
        try:
            async for piece in pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            if not delivery.error:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            delivery.abandon()

    return StreamingResponse(run)
