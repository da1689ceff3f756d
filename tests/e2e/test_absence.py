"""What becomes of events while nobody listens: nothing is consumed, nothing is lost."""

import subprocess
import sys
from pathlib import Path

import pytest

from live_session import PROJECTS, Way, clean_environment, copy_project, running

pytestmark = pytest.mark.e2e


def test_parked_queue_waits_for_the_next_session(tmp_path: Path, cloud: dict[str, str]) -> None:
    template = copy_project(PROJECTS / "inbox", tmp_path) / "template.yaml"
    way = Way("environment", ("--stage", "absence"), clean_environment() | cloud)
    with running(way, template) as first:
        assert first.fetch("Api", "/") == (200, b"read")
        inbox = first.ready["outputs"]["InboxUrl"]
        mapping = first.physical("ReaderMail")
    stopped = first.live.everything()[-1]
    assert (stopped["event"], stopped.get("left")) == ("stopped", "parked"), stopped

    functions, sqs = first.client("lambda"), first.client("sqs")
    assert functions.get_event_source_mapping(UUID=mapping)["State"] == "Disabled"
    status, body = first.fetch("Api", "/")
    assert status == 503
    assert b"samlive dev" in body
    sqs.send_message(QueueUrl=inbox, MessageBody="waits")

    with running(way, template) as second:
        assert functions.get_event_source_mapping(UUID=mapping)["State"] == "Enabled"
        line = second.live.expect("log", where=lambda e: "read:" in e["text"])
        assert line["text"] == "read: waits"
    assert functions.get_event_source_mapping(UUID=mapping)["State"] == "Disabled"

    command = [sys.executable, "-m", "samlive", "unpark", str(template), "--stage", "absence"]
    subprocess.run(command, env=way.environment, check=True, cwd=tmp_path)
    assert functions.get_event_source_mapping(UUID=mapping)["State"] == "Enabled"
