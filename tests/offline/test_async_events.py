"""Asynchronous events that cannot run: where they go, and whose permission that takes."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from offline_cloud import ROOT_KEY, until
from samlive.offline.hooks.async_events import place_of, qualifier_of, record

pytestmark = pytest.mark.e2e

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"


@pytest.mark.parametrize(
    ("arn", "expected"),
    [("", ""), ("f", ""), (ARN, ""), (f"{ARN}:$LATEST", ""), (f"{ARN}:live", "live")],
)
def test_the_version_or_alias_is_read(arn: str, expected: str) -> None:
    assert qualifier_of(arn) == expected


def test_a_destination_goes_before_a_dead_letter_queue() -> None:
    places = {"DestinationConfig": {"OnFailure": {"Destination": "there"}}}
    dead = {"DeadLetterConfig": {"TargetArn": "dead"}}
    assert place_of({}, {}) == ("", False)
    assert place_of({}, dead) == ("dead", False)
    assert place_of({"DestinationConfig": {"OnFailure": {}}}, dead) == ("dead", False)
    assert place_of(places, dead) == ("there", True)


def test_an_event_that_never_ran_has_no_answer() -> None:
    told = record(ARN, {"a": 1}, "ZeroReservedConcurrency", 0)
    assert told["requestContext"]["functionArn"] == f"{ARN}:$LATEST"
    assert told["requestPayload"] == {"a": 1}
    assert "responsePayload" not in told
    assert record(f"{ARN}:live", 1, "RetriesExhausted", 3, {})["responsePayload"] == {}


TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Waiting: {Type: AWS::SQS::Queue}
  Topic: {Type: AWS::SNS::Topic}
  Called:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Handler: index.handler
      AutoPublishAlias: live
      InlineCode: "def handler(event, context): raise ValueError('no')"
      Policies:
        - Version: "2012-10-17"
          Statement: [{Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt Waiting.Arn}]
      Events:
        Told: {Type: SNS, Properties: {Topic: !Ref Topic}}
        Noted:
          Type: EventBridgeRule
          Properties: {Pattern: {source: [tests.async]}}
  Barred:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Handler: index.handler
      InlineCode: "def handler(event, context): pass"
Outputs:
  Queue: {Value: !Ref Waiting}
  QueueArn: {Value: !GetAtt Waiting.Arn}
  Topic: {Value: !Ref Topic}
  Called: {Value: !Ref Called}
  Barred: {Value: !Ref Barred}
"""


class Held:
    """A function whose reserved concurrency is 0 and whose events go to a queue."""

    def __init__(self, aws: Any, stack: dict[str, str]) -> None:
        self.stack = stack
        self.functions = aws.client("lambda", **ROOT_KEY)
        self.sqs = aws.client("sqs", **ROOT_KEY)
        self.name = stack["Called"]
        self._to = {"OnFailure": {"Destination": stack["QueueArn"]}}

    def send_failed(self, **qualifier: str) -> None:
        self.functions.put_function_event_invoke_config(
            FunctionName=self.name,
            MaximumRetryAttempts=0,
            DestinationConfig=self._to,
            **qualifier,
        )

    def reserve(self, count: int) -> None:
        self.functions.put_function_concurrency(
            FunctionName=self.name, ReservedConcurrentExecutions=count
        )

    def call(self, **more: Any) -> None:
        answer = self.functions.invoke(
            FunctionName=self.name, InvocationType="Event", Payload=b'{"n": 1}', **more
        )
        assert answer["StatusCode"] == 202

    def waiting(self) -> Any:
        """Take one record out of the queue."""
        queue = self.stack["Queue"]
        (message,) = until(
            lambda: self.sqs.receive_message(
                QueueUrl=queue, MaxNumberOfMessages=1, WaitTimeSeconds=1
            ).get("Messages")
        )
        self.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return json.loads(message["Body"])


@pytest.fixture(scope="module")
def held(aws: Any) -> Iterator[Held]:
    found = Held(aws, aws.deploy("async", TEMPLATE, {}))
    found.send_failed()
    found.send_failed(Qualifier="live")
    found.reserve(0)
    yield found


def test_a_role_must_be_allowed_to_use_a_destination(aws: Any, held: Held) -> None:
    held_by_nobody = {"FunctionName": held.stack["Barred"], "DestinationConfig": held._to}
    with pytest.raises(held.functions.exceptions.ClientError) as refused:
        held.functions.put_function_event_invoke_config(**held_by_nobody)
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert "does not have permissions to call SendMessage" in str(refused.value)


@pytest.mark.parametrize("more", [{}, {"Qualifier": "live"}], ids=["newest", "alias"])
def test_a_call_that_waits_is_throttled(held: Held, more: dict[str, str]) -> None:
    with pytest.raises(held.functions.exceptions.TooManyRequestsException) as refused:
        held.functions.invoke(FunctionName=held.name, **more)
    assert refused.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"


@pytest.mark.parametrize("more", [{}, {"Qualifier": "live"}], ids=["newest", "alias"])
def test_an_event_goes_to_the_destination_at_once(held: Held, more: dict[str, str]) -> None:
    held.call(**more)
    told = held.waiting()
    qualifier = more.get("Qualifier", "$LATEST")
    assert told["requestContext"]["functionArn"].endswith(f":function:{held.name}:{qualifier}")
    assert told["requestContext"]["condition"] == "ZeroReservedConcurrency"
    assert told["requestPayload"] == {"n": 1}


def test_events_of_topics_and_rules_wait_as_well(aws: Any, held: Held) -> None:
    aws.client("sns", **ROOT_KEY).publish(TopicArn=held.stack["Topic"], Message="told")
    assert held.waiting()["requestPayload"]["Records"][0]["Sns"]["Message"] == "told"
    entry = {"Source": "tests.async", "DetailType": "x", "Detail": '{"k": 1}'}
    aws.client("events", **ROOT_KEY).put_events(Entries=[entry])
    noted = held.waiting()
    assert noted["requestPayload"]["detail"] == {"k": 1}
    assert noted["requestContext"]["functionArn"].endswith(":live")


def test_an_event_that_fails_goes_there_after_its_retries(held: Held) -> None:
    held.reserve(1)
    try:
        held.call(Qualifier="live")
        told = held.waiting()
    finally:
        held.reserve(0)
    assert told["requestContext"]["condition"] == "RetriesExhausted"
    assert told["responsePayload"]["errorType"] == "ValueError"
