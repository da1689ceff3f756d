"""Nobody listens: what each kind of caller gets, and that nothing is consumed or lost."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from counting_proxy import counting
from live_session import PROJECTS, Live, Ready, Way, clean_environment, copy_project, running
from offline_cloud import until

pytestmark = pytest.mark.e2e
STAGE = "away"
ROOT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(PROJECTS / "away", tmp_path_factory.mktemp("away")) / "template.yaml"


@pytest.fixture(scope="module")
def way(cloud: dict[str, str]) -> Way:
    return Way("environment", ("--stage", STAGE), clean_environment() | cloud)


class Stage:
    """The stage while nobody listens."""

    def __init__(self, session: Ready) -> None:
        self.session = session
        self.functions = session.client("lambda")
        self.outputs = session.ready["outputs"]
        self.told = session.physical("Told")
        self.stopped: dict[str, Any] = {}

    def settings(self) -> Any:
        """What parking changes."""
        aws = self.functions
        configs = aws.list_function_event_invoke_configs(FunctionName=self.told)
        mappings = [self.session.physical(name) for name in ("ReaderMail", "StreamedRows")]
        return {
            "concurrency": aws.get_function_concurrency(FunctionName=self.told).get(
                "ReservedConcurrentExecutions"
            ),
            "configs": {
                c["FunctionArn"]: (c.get("MaximumRetryAttempts"), c["DestinationConfig"])
                for c in configs["FunctionEventInvokeConfigs"]
            },
            "mappings": [aws.get_event_source_mapping(UUID=m)["State"] for m in mappings],
        }

    def messages(self, url: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        sqs = self.session.client("sqs")
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(map(int, found.values()))

    @property
    def parked(self) -> str:
        url: str = self.session.client("sqs").get_queue_url(
            QueueName=f"samlive_away_{STAGE}_parked"
        )["QueueUrl"]
        return url

    def attempts(self, logical_id: str) -> int:
        """How often Lambda tried to run a function."""
        logs = self.session.client("logs")
        group = f"/aws/lambda/{self.session.physical(logical_id)}"
        try:
            found = logs.filter_log_events(logGroupName=group)["events"]
        except logs.exceptions.ResourceNotFoundException:
            return 0  # it is made by the first attempt
        return sum(each["message"].startswith("START") for each in found)


def _says(event: dict[str, Any], function: str, text: str) -> bool:
    return event["function"] == function and text in event["text"]


def command(name: str, template: Path, way: Way, *more: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "samlive", name, str(template), "--stage", STAGE, *more]
    return subprocess.run(
        words, env=way.environment, cwd=template.parent, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def before(template: Path, way: Way) -> Iterator[tuple[Stage, Any]]:
    """The stage after a session that left it as it was, and its settings."""
    with running(way, template, "--on-exit", "keep") as session:
        stage = Stage(session)
        settings = stage.settings()
        assert session.fetch("Api", "/") == (200, b"here")
    yield stage, settings


def test_an_api_call_gets_a_503_that_says_what_to_do(before: tuple[Stage, Any]) -> None:
    status, body = before[0].session.fetch("Api", "/")
    assert status == 503
    assert b"Start samlive dev" in body


def test_a_message_stays_in_its_queue(before: tuple[Stage, Any]) -> None:
    stage = before[0]
    url, tried = stage.outputs["InboxUrl"], stage.attempts("Reader")
    stage.session.client("sqs").send_message(QueueUrl=url, MessageBody="mail")
    until(lambda: stage.attempts("Reader") > tried)
    assert stage.messages(url) == 1


def test_a_stream_record_is_tried_again(before: tuple[Stage, Any]) -> None:
    stage = before[0]
    item = {"id": {"S": "row"}}
    stage.session.client("dynamodb").put_item(TableName=stage.outputs["Table"], Item=item)
    until(lambda: stage.attempts("Streamed") > 1)


def test_an_asynchronous_event_is_tried_again(before: tuple[Stage, Any]) -> None:
    stage = before[0]
    both = stage.session.physical("Both")
    stage.functions.invoke(FunctionName=both, InvocationType="Event", Payload=b"{}")
    until(lambda: stage.attempts("Both") > 1)


def test_a_custom_resource_fails_with_the_reason(before: tuple[Stage, Any]) -> None:
    stage = before[0]
    maker = stage.session.physical("Maker")
    arn = stage.functions.get_function_configuration(FunctionName=maker)["FunctionArn"]
    root = Ready(stage.session.live, {}, stage.session.aws | ROOT)  # may make stacks at once
    stacks = root.client("cloudformation")
    thing = {"Type": "Custom::Thing", "Properties": {"ServiceToken": arn}}
    stacks.create_stack(
        StackName="things", TemplateBody=json.dumps({"Resources": {"Thing": thing}})
    )

    def reasons() -> list[str]:
        events = stacks.describe_stack_events(StackName="things")["StackEvents"]
        return [e["ResourceStatusReason"] for e in events if e.get("ResourceStatusReason")]

    until(lambda: any("Start samlive dev" in reason for reason in reasons()))


def test_events_wait_while_the_stage_is_parked_and_are_given_back(
    template: Path, way: Way, before: tuple[Stage, Any]
) -> None:
    stage, settings = before
    with running(way, template) as session:
        row = session.live.seen_or_expect("log", lambda e: e["function"] == "Streamed")
        assert '"row"' in row["text"], "the record that was tried in vain"
    stopped = session.live.everything()[-1]
    assert (stopped["event"], stopped.get("left")) == ("stopped", "parked"), stopped
    assert "2 event source mappings are disabled" in stopped["text"]
    assert "events of 1 function wait" in stopped["text"]
    assert "Both (its event Post may wait for its answers)" in stopped["text"]
    parked = stage.settings()
    assert parked["concurrency"] == 0
    assert set(parked["mappings"]) <= {"Disabled", "Disabling"}
    with pytest.raises(stage.functions.exceptions.TooManyRequestsException):
        stage.functions.invoke(FunctionName=stage.told)

    session.client("sqs").send_message(
        QueueUrl=stage.outputs["InboxUrl"], MessageBody="sent while parked"
    )
    session.client("sns").publish(TopicArn=stage.outputs["Topic"], Message="news")
    stage.functions.invoke(
        FunctionName=f"{stage.told}:live", InvocationType="Event", Payload=b'{"n": 1.50}'
    )
    until(lambda: stage.messages(stage.parked) == 2)
    refused = command("remove", template, way, "--yes")
    assert refused.returncode == 2
    assert "2 events wait" in refused.stderr and stage.told in refused.stderr

    with running(way, template) as session:
        assert stage.settings() == settings
        for function, text in (
            ("Told", '"Message": "news"'),
            ("Told", '{"n": 1.5}'),
            ("Reader", '"body": "sent while parked"'),
        ):
            expected = (function, text)
            session.live.seen_or_expect("log", lambda e, x=expected: _says(e, *x))  # type: ignore[misc]
        session.live.seen_or_expect("deploy", lambda e: e["status"] == "redelivered")
        until(lambda: stage.messages(stage.parked) == 0)


def test_a_command_that_is_killed_while_it_parks_is_repaired(
    template: Path, way: Way, before: tuple[Stage, Any]
) -> None:
    stage, settings = before
    with counting(way.environment["AWS_ENDPOINT_URL"]) as proxy:
        environment = way.environment | {"AWS_ENDPOINT_URL": proxy.url}
        live: Live = Way("killed", way.arguments, environment).start(template)
        live.expect("ready", timeout=180)

        def kill(call: str) -> None:
            if call.startswith("PUT") and "/concurrency" in call:
                os.killpg(live.process.pid, signal.SIGKILL)

        proxy.before = kill
        assert live.stop() == -signal.SIGKILL
    halfway = stage.settings()
    assert halfway["configs"] != settings["configs"]
    assert "Disabled" in halfway["mappings"]
    done = command("unpark", template, way)
    assert done.returncode == 0, done.stderr
    assert stage.settings() == settings


def test_a_stage_is_removed_with_what_waits_when_that_is_wanted(
    template: Path, way: Way, before: tuple[Stage, Any]
) -> None:
    with running(way, template):
        pass
    stage = before[0]
    stage.functions.invoke(FunctionName=stage.told, InvocationType="Event", Payload=b"1")
    until(lambda: stage.messages(stage.parked) == 1)
    waits = command("unpark", template, way)
    assert "1 event waits" in waits.stdout, waits
    done = command("remove", template, way, "--yes", "--force")
    assert done.returncode == 0, done.stderr
    with pytest.raises(stage.session.client("sqs").exceptions.QueueDoesNotExist):
        _ = stage.parked
