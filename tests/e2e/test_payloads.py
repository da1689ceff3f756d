"""Payloads of every size and kind, both ways, byte for byte."""

import hashlib
import json
from typing import Any

import boto3
import pytest

from live_session import Ready
from offline_cloud import ROOT_KEY, until
from texts import KINDS, Kind, ascii_text, base64_text

pytestmark = pytest.mark.e2e

ROOM = 200
"""Bytes that the event has beside its text."""

LIMIT = 6 * 1024 * 1024


def exchange(lab: Ready, function: str, text: str) -> None:
    """Send a text and have the same one back: both sides saw these very bytes."""
    body = json.dumps({"action": "same", "value": text}, ensure_ascii=False).encode()
    answer = lab.client("lambda").invoke(FunctionName=lab.physical(function), Payload=body)
    found = answer["Payload"].read()
    assert "FunctionError" not in answer, found[:500]
    assert json.loads(found) == text
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert lab.invoke(function, {"action": "seen"})[0]["sha256"] == digest


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [1, 60_000, 400_000])
def test_every_kind_of_text_is_the_same_on_both_sides(lab: Ready, kind: Kind, size: int) -> None:
    exchange(lab, "PythonLab", kind(size))


@pytest.mark.parametrize("kind", [ascii_text, base64_text])
def test_six_megabytes_are_the_same_on_both_sides(lab: Ready, kind: Kind) -> None:
    exchange(lab, "PythonLab", kind(LIMIT - ROOM))


def test_an_answer_above_the_limit_gets_lambdas_error(lab: Ready) -> None:
    event = {"action": "repeat", "value": "x", "times": LIMIT + 1000}
    answer, error = lab.invoke("PythonLab", event)
    assert error == "Unhandled"
    assert answer["errorType"] == "Function.ResponseSizeTooLarge"
    assert "6291556 bytes" in answer["errorMessage"]


def test_payloads_are_sealed_and_do_not_stay(lab: Ready) -> None:
    text = base64_text(1_000_000)
    lab.invoke("PythonLab", {"action": "same", "value": text})  # makes the bucket
    lab.invoke("PythonLab", {"action": "echo"})
    s3 = boto3.client(
        "s3", endpoint_url=lab.aws["AWS_ENDPOINT_URL"], region_name="us-east-1", **ROOT_KEY
    )
    (bucket,) = (b["Name"] for b in s3.list_buckets()["Buckets"] if "samlive-" in b["Name"])
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    days = [rule["Expiration"]["Days"] for rule in rules if rule["Filter"]["Prefix"] == "payloads/"]
    assert days == [1]

    def left() -> list[Any]:
        return list(s3.list_objects_v2(Bucket=bucket, Prefix="payloads/").get("Contents", []))

    until(lambda: left() == [])  # what the tests before have left
    answer, error = lab.invoke("PythonLab", {"action": "same", "value": text})
    assert (answer, error) == (text, None)
    (kept,) = (entry for entry in left() if "/answer/" in entry["Key"])
    content = s3.get_object(Bucket=bucket, Key=kept["Key"])["Body"].read()
    assert text[:50].encode() not in content
    lab.invoke("PythonLab", {"action": "echo"})
    until(lambda: left() == [])
    assert "warning" not in {event["event"] for event in lab.live.events}


def test_without_s3_they_go_through_the_broker(lab: Ready) -> None:
    where = {"endpoint_url": lab.aws["AWS_ENDPOINT_URL"], "region_name": "us-east-1"}
    iam = boto3.client("iam", **where, **ROOT_KEY)
    denied = {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::samlive-*/payloads/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [denied]})
    named = {"UserName": "developer", "PolicyName": "no-payloads"}
    iam.put_user_policy(**named, PolicyDocument=policy)
    try:
        exchange(lab, "PythonLab", base64_text(700_000))
    finally:
        iam.delete_user_policy(**named)
    said = "Large payloads go through AWS IoT"
    lab.live.seen_or_expect("warning", lambda event: said in event["text"])
