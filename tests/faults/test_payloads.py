"""Payloads from 1 byte to 6 MB, of every kind, both ways, under both runtimes: byte for byte."""

import contextlib
import hashlib
import json
from typing import Any

import pytest

from fault_bench import Bench
from samlive_stub import aes
from texts import KINDS, Kind, ascii_text, base64_text, fitting

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

LIMIT = 6 * 1024 * 1024
ROOM = 600
"""Bytes that an event has beside its text."""

SIZES = (1, 2, 1000, 51_199, 51_200, 51_201, 131_072, 262_144, 1_000_000, 2_900_000)
"""Around a chunk's end, an AWS IoT packet's, and the way through S3."""

FUNCTIONS = ("PythonRecorder", "NodeRecorder")


def send(bench: Bench, function: str, text: str, action: str = "echo") -> Any:
    """Send a text; the function saw these very bytes. Returns its answer."""
    journal = bench.journal()
    event = {"value": text, "action": action, "journal": str(journal.path), "name": "payload"}
    body = json.dumps(event, ensure_ascii=False).encode()
    reply = bench.session.client("lambda").invoke(
        FunctionName=bench.session.physical(function), Payload=body
    )
    found = reply["Payload"].read()
    assert "FunctionError" not in reply, found[:500]
    assert journal.digests() == [hashlib.sha256(text.encode()).hexdigest()]
    return json.loads(found)


@pytest.mark.parametrize("size", [1, 51_201, 300_000])
@pytest.mark.parametrize("kind", [ascii_text, base64_text])
def test_node_gets_and_gives_the_same_bytes(bench: Bench, kind: Kind, size: int) -> None:
    text = kind(size)
    assert send(bench, "NodeRecorder", text) == text


@pytest.mark.skipif(not aes.USABLE, reason="this Python's OpenSSL cannot be reached")
def test_both_ends_find_that_they_have_aes(bench: Bench) -> None:
    for _ in range(2):  # an environment says it from its second large payload on
        send(bench, "PythonRecorder", base64_text(600_000))
    s3 = bench.session.client("s3")
    buckets = [found["Name"] for found in s3.list_buckets()["Buckets"]]
    (name,) = [name for name in buckets if name.startswith("samlive-")]
    heads = []
    for entry in s3.list_objects_v2(Bucket=name, Prefix="payloads/")["Contents"]:
        with contextlib.suppress(s3.exceptions.NoSuchKey):  # all but the last answer are deleted
            heads.append(s3.get_object(Bucket=name, Key=entry["Key"])["Body"].read(2))
    assert aes.HEADER in heads


@pytest.mark.slow
@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_size_of_every_kind(bench: Bench, kind: Kind, function: str) -> None:
    for size in SIZES:
        text = fitting(kind, max(size, 8), ascii_json=True)
        assert send(bench, function, text) == text, size


@pytest.mark.slow
@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_largest_event_of_every_kind(bench: Bench, kind: Kind, function: str) -> None:
    assert send(bench, function, fitting(kind, LIMIT - ROOM), action="silent") is None


@pytest.mark.slow
@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_largest_answer_of_every_kind(bench: Bench, kind: Kind, function: str) -> None:
    piece = fitting(kind, 20_000, ascii_json=True)
    times = LIMIT // (len(json.dumps(piece)) - 2)
    answer, error = bench.call(piece, function=function, action="repeat", times=times)
    assert error is None, answer
    assert answer == piece * times


@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_answer_of_6_1_megabytes_gets_lambdas_error(bench: Bench, function: str) -> None:
    answer, error = bench.call("x" * 1000, function=function, action="repeat", times=6_400)
    assert (error, answer["errorType"]) == ("Unhandled", "Function.ResponseSizeTooLarge")
    assert answer["errorMessage"] == (
        "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
    )


def test_an_event_of_6_1_megabytes_is_refused_by_lambda(bench: Bench) -> None:
    functions = bench.session.client("lambda")
    with pytest.raises(functions.exceptions.RequestTooLargeException):
        functions.invoke(
            FunctionName=bench.session.physical("PythonRecorder"),
            Payload=json.dumps({"value": "x" * 6_400_000}).encode(),
        )
