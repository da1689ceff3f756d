"""Streamed responses reach callers of the offline cloud while functions write them."""

import http.client
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from samlive.offline.hooks.response_streams import completion

pytestmark = pytest.mark.e2e
Stack = dict[str, str]


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    return tmp_path / "gate"


def test_completions_name_the_platforms_errors() -> None:
    assert completion(b"") == b"{}"
    cut = b'{"errorType": "Runtime.ExitError", "errorMessage": "x"}'
    assert json.loads(completion(cut)) == {
        "ErrorCode": "Runtime.ExitError",
        "ErrorDetails": cut.decode(),
    }
    assert json.loads(completion(b'{"errorType": "TypeError"}'))["ErrorCode"] == "Unhandled"


class Reply:
    """A reply that is read while it comes."""

    def __init__(self, aws: Any, stack: Stack, **told: str) -> None:
        found = re.match(r"https?://([a-z0-9-]+)\.lambda-url\.", stack["NodeSlowStreamUrl"])
        assert found is not None
        host = aws.offline.endpoint_url.removeprefix("http://")
        self._connection = http.client.HTTPConnection(host, timeout=30)
        self._connection.request("GET", f"/_aws/lambda-url/{found[1]}/?{urlencode(told)}")
        self.reply = self._connection.getresponse()

    def piece(self) -> bytes:
        return self.reply.read1(1000)

    def rest(self) -> bytes:
        try:
            return self.reply.read()
        finally:
            self._connection.close()


def test_a_response_that_breaks_off_lacks_its_end(aws: Any, stack: Stack, gate: Path) -> None:
    reply = Reply(aws, stack, gate=str(gate), act="throw")
    assert reply.piece() == b"first "
    gate.touch()
    with pytest.raises(http.client.IncompleteRead):
        reply.rest()


@pytest.mark.parametrize("http_prelude", ["", "1"], ids=["raw", "with a prelude"])
def test_a_function_url_passes_on_what_is_written(
    aws: Any, stack: Stack, gate: Path, http_prelude: str
) -> None:
    reply = Reply(aws, stack, gate=str(gate), http=http_prelude)
    assert reply.piece() == b"first "
    gate.touch()
    assert reply.rest() == b"last"
    headers = reply.reply.headers
    assert headers["Content-Type"] == "application/octet-stream"
    if http_prelude:
        assert (reply.reply.status, headers["a"]) == (201, "b")
        assert headers.get_all("Set-Cookie") == ["c=d", "e=f"]
    else:
        assert reply.reply.status == 200


def invoked(aws: Any, stack: Stack, **told: str) -> Iterator[tuple[str, Any]]:
    """Invoke with a stream; return its events as they come."""
    reply = aws.client("lambda").invoke_with_response_stream(
        FunctionName=stack["NodeSlowStream"], Payload=json.dumps(told)
    )
    for event in reply["EventStream"]:
        ((name, value),) = event.items()
        yield name, value.get("Payload", value)


def test_invoke_with_response_stream_passes_on_what_is_written(
    aws: Any, stack: Stack, gate: Path
) -> None:
    events = invoked(aws, stack, gate=str(gate))
    assert next(events) == ("PayloadChunk", b"first ")
    gate.touch()
    assert list(events) == [("PayloadChunk", b"last"), ("InvokeComplete", {})]


@pytest.mark.parametrize(("act", "code"), [("throw", "Unhandled"), ("exit", "Runtime.ExitError")])
def test_invoke_with_response_stream_tells_what_broke_it_off(
    aws: Any, stack: Stack, gate: Path, act: str, code: str
) -> None:
    events = invoked(aws, stack, gate=str(gate), act=act)
    assert next(events) == ("PayloadChunk", b"first ")
    gate.touch()
    ((name, completed),) = events
    assert (name, completed["ErrorCode"]) == ("InvokeComplete", code)
    payload = json.dumps({"gate": str(gate)})
    reply = aws.client("lambda").invoke(FunctionName=stack["NodeSlowStream"], Payload=payload)
    assert reply["Payload"].read() == b"first last"


def test_a_streaming_rest_api_answers_as_a_whole(aws: Any, stack: Stack) -> None:
    host = aws.offline.endpoint_url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=30)
    connection.request("GET", f"/restapis/{stack['StreamApi']}/prod/_user_request_/")
    reply = connection.getresponse()
    assert (reply.status, reply.headers["a"], reply.read()) == (201, "b", b"one,two")
    connection.close()


def test_a_function_that_answers_whole_is_one_piece(aws: Any, stack: Stack) -> None:
    reply = aws.client("lambda").invoke_with_response_stream(
        FunctionName=stack["NodeModule"], Payload=b'{"a": 1}'
    )
    chunk, end = reply["EventStream"]
    assert json.loads(chunk["PayloadChunk"]["Payload"]) == {"module": True, "event": {"a": 1}}
    assert end == {"InvokeComplete": {}}
