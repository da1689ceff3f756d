"""`samlive invoke`: real processes, no cloud; what is wrong first."""

import io
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from samlive import arguments, cli, sample_events
from samlive.errors import SamliveError

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Parameters:
  Colour: {Type: String, Default: green}
Globals:
  Function:
    Runtime: python3.11
    Environment: {Variables: {COLOUR: !Ref Colour, LEVEL: "7"}}
Resources:
  Table: {Type: AWS::DynamoDB::Table}
  Echo:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src/
      Handler: app.echo
      Environment: {Variables: {TABLE: !Ref Table, OTHER: !GetAtt Table.Arn}}
  Routed:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src/
      Handler: app.echo
      Events:
        Queue: {Type: SQS, Properties: {Queue: arn:aws:sqs:us-east-1:123456789012:q}}
        Old: {Type: Api, Properties: {Path: /old, Method: delete}}
        New: {Type: HttpApi, Properties: {Path: "/things/{id}", Method: GET}}
        All: {Type: HttpApi}
  Fails: {Type: AWS::Serverless::Function, Properties: {CodeUri: src/, Handler: app.fails}}
  Large: {Type: AWS::Serverless::Function, Properties: {CodeUri: src/, Handler: app.large}}
  Slow:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: src/, Handler: app.slow, Timeout: 1}
  Inline:
    Type: AWS::Lambda::Function
    Properties:
      Role: arn:aws:iam::123456789012:role/r
      Runtime: python3.11
      Handler: index.handler
      Code: {ZipFile: "def handler(event, context): return [context.function_name, event]"}
  Image:
    Type: AWS::Serverless::Function
    Properties: {PackageType: Image, ImageUri: image}
  Programs:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: src/, Handler: app.echo, Runtime: provided.al2023}
  Resource:
    Type: Custom::Resource
    Properties: {ServiceToken: !GetAtt Custom.Arn}
  Custom: {Type: AWS::Serverless::Function, Properties: {CodeUri: src/, Handler: app.echo}}
  Child: {Type: AWS::Serverless::Application, Properties: {Location: child.yaml}}
"""
CHILD = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Inner:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: src/, Handler: app.echo, Runtime: python3.11, FunctionName: inner}
"""
CODE = """\
import os, time
def echo(event, context):
    print("seen")
    return {"event": event, "env": dict(os.environ), "pid": os.getpid(),
            "arn": context.invoked_function_arn, "left": context.get_remaining_time_in_millis()}
def fails(event, context):
    raise ValueError("no")
def large(event, context):
    return "x" * (6 * 1024 * 1024 + 200)
def slow(event, context):
    while True: time.sleep(1)
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text(CODE)
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "child.yaml").write_text(CHILD)
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOFTHEDEVELOPER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-developer")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    return tmp_path


class Said:
    """What a call said."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status = status
        self.events = [json.loads(line) for line in out.splitlines()]
        self.err = err

    @property
    def payload(self) -> Any:
        return self.events[-1]["payload"]

    def all(self, event: str) -> list[dict[str, Any]]:
        return [each for each in self.events if each["event"] == event]


@pytest.fixture
def invoke(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*words: str) -> Said:
        status = cli.main(["invoke", *words, "--output", "json"])
        return Said(status, *capsys.readouterr())

    return run


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["Ecko"], "Did you mean Echo?"),
        (["Nobody"], "It has: Echo, Routed, Fails,"),
        (["Image"], "container image"),
        (["Programs"], "Programs cannot run here: its code holds no `bootstrap`"),
        (["Echo", "-e", "none.json"], "none.json cannot be read"),
        (["Echo", "-e", "src/app.py"], "src/app.py is not JSON"),
        (["Echo", "--event", "s3", "-e", "src/app.py"], "carries no message"),
        (["Echo", "--variables", "nonsense"], "--variables"),
    ],
)
def test_what_cannot_be_called_is_told_with_status_2(
    invoke: Any, words: list[str], text: str
) -> None:
    said = invoke(*words)
    assert said.status == 2
    assert text in said.err and "Traceback" not in said.err


def test_an_event_that_lambda_would_not_take_is_refused(invoke: Any, project: Path) -> None:
    (project / "large.json").write_text(json.dumps("x" * 6 * 1024 * 1024))
    said = invoke("Echo", "-e", "large.json")
    assert said.status == 2
    assert "6,291,458 bytes" in said.err


def test_an_answer_that_lambda_would_not_take_is_its_error(invoke: Any) -> None:
    said = invoke("Large")
    assert said.status == 1
    assert said.payload["errorType"] == "Function.ResponseSizeTooLarge"


def test_a_function_that_fails_gives_its_error_and_status_1(invoke: Any) -> None:
    said = invoke("Fails")
    assert said.status == 1
    assert said.payload["errorType"] == "ValueError"
    assert said.events[-1]["status"] == "error"


def test_the_declared_timeout_holds(invoke: Any) -> None:
    said = invoke("Slow")
    assert said.status == 1
    assert said.payload["errorType"] == "Sandbox.Timedout"
    assert said.payload["errorMessage"].endswith("Task timed out after 1.00 seconds")


def test_the_developers_credentials_stay_out_unless_asked_for(invoke: Any) -> None:
    seen = invoke("Echo").payload["env"]
    assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"} & set(seen)
    assert "secret-of-the-developer" not in json.dumps(seen)
    seen = invoke("Echo", "--use-my-credentials", "--region", "eu-west-1").payload["env"]
    assert seen["AWS_ACCESS_KEY_ID"] == "AKIAOFTHEDEVELOPER"
    assert seen["AWS_SECRET_ACCESS_KEY"] == "secret-of-the-developer"


def test_variables_that_only_a_deploy_knows_are_named_and_can_be_given(invoke: Any) -> None:
    said = invoke("Echo", "--parameter-overrides", "Colour=red")
    seen = said.payload["env"]
    assert (seen["COLOUR"], seen["LEVEL"]) == ("red", "7")
    assert "TABLE" not in seen and "OTHER" not in seen
    (warning,) = said.all("warning")
    assert warning["text"].startswith("TABLE, OTHER are not set")
    said = invoke("Echo", "--variables", "TABLE=t", "OTHER=o", "LEVEL=8")
    assert said.all("warning") == []
    seen = said.payload["env"]
    assert (seen["TABLE"], seen["OTHER"], seen["LEVEL"]) == ("t", "o", "8")


def test_the_process_ends_with_its_call(invoke: Any) -> None:
    with pytest.raises(ProcessLookupError):
        os.kill(invoke("Echo").payload["pid"], 0)


def test_context_and_logs_are_those_of_the_function(invoke: Any) -> None:
    said = invoke("Echo", "--region", "eu-west-1")
    assert said.payload["arn"] == "arn:aws:lambda:eu-west-1:123456789012:function:Echo"
    assert 0 < said.payload["left"] <= 3000
    (line,) = said.all("log")
    assert (line["text"], line["stream"]) == ("seen", "stdout")
    assert said.payload["event"] == {}


@pytest.mark.parametrize("function", ["Custom", "Child/Inner"])
def test_kept_and_nested_functions_can_be_called_too(invoke: Any, function: str) -> None:
    assert invoke(function).status == 0


def test_events_come_from_a_file_or_from_standard_input(
    invoke: Any, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "event.json").write_text('{"n": 1}')
    assert invoke("Inline", "-e", "event.json").payload == ["Inline", {"n": 1}]
    monkeypatch.setattr("sys.stdin", io.StringIO("[2]"))
    assert invoke("Inline", "-e", "-").payload == ["Inline", [2]]


def test_the_answer_alone_is_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["invoke", "Inline", "--event", "sqs"]) == 0
    name, event = json.loads(capsys.readouterr().out)
    assert (name, event["Records"][0]["eventSource"]) == ("Inline", "aws:sqs")


def test_a_file_is_the_message_of_a_sample_event(invoke: Any, project: Path) -> None:
    (project / "order.txt").write_text("not JSON")
    _, event = invoke("Inline", "--event", "sqs", "-e", "order.txt").payload
    assert event["Records"][0]["body"] == "not JSON"


@pytest.mark.parametrize("kind", arguments.EVENT_KINDS)
def test_every_kind_of_sample_event_is_json_of_its_region(kind: str) -> None:
    event = sample_events.sample(kind, None, "eu-west-1")
    text = json.dumps(event)
    assert set(re.findall(r"\b(?!mz-)[a-z]{2}-[a-z]+-\d", text)) <= {"eu-west-1"}
    assert event == sample_events.sample(kind, None, "eu-west-1")


@pytest.mark.parametrize("kind", ["alb", "apigw", "httpapi", "url", "sqs", "sns", "eventbridge"])
def test_a_message_stands_where_the_service_puts_it(kind: str) -> None:
    assert "the message" in json.dumps(sample_events.sample(kind, "the message", "us-east-1"))


@pytest.mark.parametrize("kind", ["dynamodb", "s3", "schedule"])
def test_events_without_a_message_take_none(kind: str) -> None:
    with pytest.raises(SamliveError, match="carries no message"):
        sample_events.sample(kind, "x", "us-east-1")


@pytest.mark.parametrize(
    ("kind", "route", "expected"),
    [
        ("httpapi", "GET /a/{id}", {"routeKey": "GET /a/{id}", "rawPath": "/a/sample"}),
        ("httpapi", "GET /a/{id}", {"pathParameters": {"id": "sample"}, "body": None}),
        ("httpapi", "ANY /a", {"routeKey": "ANY /a"}),
        ("url", "GET /a", {"routeKey": "$default", "rawPath": "/sample"}),
        ("apigw", "PUT /a/{p+}", {"resource": "/a/{p+}", "path": "/a/sample", "httpMethod": "PUT"}),
        ("apigw", "ANY /a", {"httpMethod": "POST", "pathParameters": None}),
    ],
)
def test_http_events_take_a_route(kind: str, route: str, expected: dict[str, Any]) -> None:
    method, path = route.split()
    event = sample_events.sample(kind, None, "us-east-1", sample_events.Route(method, path))
    assert {name: event[name] for name in expected} == expected


def test_the_functions_own_route_is_taken(invoke: Any) -> None:
    event = invoke("Routed", "--event", "httpapi").payload["event"]
    assert event["routeKey"] == "GET /things/{id}"
    event = invoke("Routed", "--event", "apigw").payload["event"]
    assert (event["httpMethod"], event["resource"]) == ("DELETE", "/old")


def test_kinesis_messages_are_encoded() -> None:
    record = sample_events.sample("kinesis", "hi", "us-east-1")["Records"][0]
    assert record["kinesis"]["data"] == "aGk="


def test_output_is_the_documented_event(invoke: Any) -> None:
    assert set(invoke("Inline").events[-1]) == {
        "event", "function", "status", "duration_ms", "cold", "over_timeout", "payload",
    }  # fmt: skip
