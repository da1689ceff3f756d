"""A stub as a process passes streamed responses on to the Runtime API as they come."""

import base64
import json
import queue
import random
from collections.abc import Callable
from typing import Any

import pytest

from samlive_stub import store
from samlive_stub.seal import Sealer
from stub_pair import KEY
from stub_s3 import S3, serving

TYPE = "lambda-runtime-function-error-type"
BODY = "lambda-runtime-function-error-body"

Start = Callable[..., Any]


@pytest.fixture
def relay(make_relay: Callable[..., Any]) -> Any:
    relay = make_relay()
    relay.arrived = queue.Queue()
    relay.handler = relay.arrived.put
    return relay


def invocation(api: Any, relay: Any, request: str = "r-1") -> Any:
    """Send an event and return the invocation that the relay gets for it."""
    api.send(b"{}", request)
    return relay.arrived.get(timeout=60)


def test_lambda_that_takes_no_more_gets_the_next_answer(api: Any, relay: Any, start: Start) -> None:
    start()
    api.takes = lambda body: len(body) < 100_000
    stream = relay.stream(invocation(api, relay))
    for number in range(20):
        stream.write(random.Random(number).randbytes(50_000))
    second = invocation(api, relay, "r-2")
    relay.answer(second, b"2")
    assert api.result()[::3] == ("r-2", b"2")


@pytest.mark.parametrize("there", [False, True])
def test_a_run_of_parts_comes_from_s3_or_else_part_by_part(
    api: Any, relay: Any, start: Start, there: bool
) -> None:
    start()
    data = random.Random(1).randbytes(1_000_000)
    with serving() as address:
        stream = relay.stream(invocation(api, relay), storage=True)
        first, body = stream.write_run(data)
        if there:
            S3.objects["/bucket/run"] = bytes(store.pack(Sealer(KEY), "run", body))
        place = {"name": "run", "url": f"http://{address}/bucket/run"}
        stream.put(first, len(body), place)
        stream.end()
        assert api.result()[::3] == ("r-1", data)
        assert len(S3.clients) == 1
    relay.handler = lambda invocation: (b"whole", False)
    assert api.invoke(b"{}", "r-2") == ("response", b"whole")


def test_a_piece_reaches_lambda_before_the_handler_ends(api: Any, relay: Any, start: Start) -> None:
    start()
    stream = relay.stream(invocation(api, relay), content_type="text/event-stream")
    stream.write(b"first")
    assert api.pieces.get(timeout=60) == b"first"
    assert api.results.empty()
    stream.write(b"second")
    stream.end()
    request, kind, headers, body = api.result()
    assert (request, kind, body) == ("r-1", "response", b"firstsecond")
    assert headers["lambda-runtime-function-response-mode"] == "streaming"
    assert headers["content-type"] == "text/event-stream"
    assert headers["trailer"].lower() == f"{TYPE}, {BODY}"
    assert TYPE not in headers
    relay.handler = lambda invocation: (b"whole", False)
    assert api.invoke(b"{}", "r-2") == ("response", b"whole")


def test_a_stream_without_a_type_or_a_byte_is_one_too(api: Any, relay: Any, start: Start) -> None:
    start()
    relay.stream(invocation(api, relay)).end()
    _, kind, headers, body = api.result()
    assert (kind, body) == ("response", b"")
    assert headers["content-type"] == "application/octet-stream"


def test_a_large_stream_is_passed_on_byte_for_byte(api: Any, relay: Any, start: Start) -> None:
    start()
    stream = relay.stream(invocation(api, relay))
    sent = random.Random(1).randbytes(400_000)
    stream.write(sent)
    stream.end()
    assert api.result()[3] == sent


def test_an_error_in_the_middle_goes_into_the_trailers(api: Any, relay: Any, start: Start) -> None:
    start()
    stream = relay.stream(invocation(api, relay))
    stream.write(b"first")
    error = json.dumps({"errorType": "TypeError", "errorMessage": "日本"}).encode()
    stream.end(error)
    _, kind, headers, body = api.result()
    assert (kind, body) == ("response", b"first")
    assert headers[TYPE] == "TypeError"
    assert base64.b64decode(headers[BODY]) == error


def test_a_connection_that_breaks_in_the_middle_loses_nothing(
    api: Any, relay: Any, start: Start, broker: Any
) -> None:
    start()
    stream = relay.stream(invocation(api, relay))
    stream.write(b"first")
    assert api.pieces.get(timeout=60) == b"first"
    broker.cut()
    stream.write(b"second")
    stream.end()
    assert api.result()[1:4:2] == ("response", b"firstsecond")
    assert len(broker.connects) == 2


def test_nobody_there_is_told_as_a_stream_to_who_takes_one(
    api: Any, start: Start, settings: Callable[..., Any]
) -> None:
    start(settings(streams="url"))
    url = {"requestContext": {"http": {}, "domainName": "x.lambda-url.eu-west-1.on.aws"}}
    api.send(json.dumps(url).encode(), "r-1")
    _, kind, headers, body = api.result()
    assert kind == "response"
    assert headers["content-type"] == "application/vnd.awslambda.http-integration-response"
    assert headers["lambda-runtime-function-response-mode"] == "streaming"
    assert json.loads(body.partition(bytes(8))[0])["statusCode"] == 503
    kind, whole = api.invoke(json.dumps({"httpMethod": "GET", "requestContext": {}}).encode(), "2")
    assert (kind, json.loads(whole)["statusCode"]) == ("response", 503)
