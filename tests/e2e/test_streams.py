"""A function that streams its response is live: callers see what it writes as it writes it."""

import http.client
import json
import random
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from live_session import Ready

pytestmark = pytest.mark.e2e


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    return tmp_path / "gate"


def get(lab: Ready, **told: str) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    """Call the function's URL; return the reply as soon as it has begun."""
    url = urlsplit(lab.urls["NodeStreamUrl"])
    connection = http.client.HTTPConnection(url.netloc, timeout=120)
    connection.request("GET", f"{url.path}?{urlencode(told)}")
    return connection, connection.getresponse()


def test_an_error_in_the_middle_cuts_the_reply(lab: Ready, gate: Path) -> None:
    connection, reply = get(lab, gate=str(gate), fail="1")
    assert reply.read1(100) == b"first "
    gate.touch()
    with pytest.raises(http.client.IncompleteRead):
        reply.read()
    connection.close()
    ended = lab.live.seen_or_expect("invocation", lambda e: e["function"] == "NodeStream")
    assert ended["error"] == {"type": "RangeError", "message": "in the middle"}


def test_the_first_bytes_arrive_before_the_handler_ends(lab: Ready, gate: Path) -> None:
    assert lab.ready["functions"]["NodeStream"] == "live"
    connection, reply = get(lab, gate=str(gate), http="1", times="300000")
    assert (reply.status, reply.headers["x-version"]) == (201, "one")
    assert reply.read1(100) == b"first "
    gate.touch()
    assert reply.read() == b"x" * 300_000 + b"last"
    connection.close()


def test_an_sdk_gets_the_pieces_and_the_end(lab: Ready, gate: Path) -> None:
    reply = lab.client("lambda").invoke_with_response_stream(
        FunctionName=lab.physical("NodeStream"), Payload=json.dumps({"gate": str(gate)})
    )
    events = iter(reply["EventStream"])
    assert next(events) == {"PayloadChunk": {"Payload": b"first "}}
    gate.touch()
    *chunks, end = events
    assert b"".join(chunk["PayloadChunk"]["Payload"] for chunk in chunks) == b"last"
    assert end == {"InvokeComplete": {}}


def test_much_at_once_arrives_byte_for_byte(lab: Ready, gate: Path) -> None:
    gate.touch()
    data = random.Random(1).randbytes(2_000_000)
    file = gate.with_name("data")
    file.write_bytes(data)
    connection, reply = get(lab, gate=str(gate), file=str(file))
    assert reply.read() == b"first " + data
    connection.close()


def test_who_does_not_stream_gets_the_whole(lab: Ready, gate: Path) -> None:
    gate.touch()
    reply = lab.client("lambda").invoke(
        FunctionName=lab.physical("NodeStream"), Payload=json.dumps({"gate": str(gate)})
    )
    assert (reply["Payload"].read(), reply.get("FunctionError")) == (b"first last", None)
