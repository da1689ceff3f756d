"""Who calls a function, and whether its events can wait."""

from typing import Any

import pytest

from samlive_transform import parse, transform
from samlive_transform.caller_kinds import EVENTS, NO_CALLERS, PRINCIPALS, RESOURCES
from samlive_transform.callers import Waiting, waiting
from samlive_transform.model import Template
from transform_stage import options

ARN = {"Fn::GetAtt": ["Fn", "Arn"]}
TOLD = {"Told": {"Type": "SNS", "Properties": {"Topic": {"Ref": "Topic"}}}}
TOPIC = {"Type": "AWS::SNS::Subscription", "Properties": {"Protocol": "lambda", "Endpoint": ARN}}
DESTINATION = {"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:::mine"}}}


def judge(
    resources: dict[str, Any] | None = None,
    events: Any = TOLD,
    nested: bool = False,
    sections: dict[str, Any] | None = None,
    **properties: Any,
) -> Waiting:
    function = {
        "Type": "AWS::Serverless::Function",
        "Properties": {"Events": events, **properties},
    }
    tree = {"Resources": {"Fn": function, **(resources or {})}, **(sections or {})}
    return waiting(Template(tree, {}), nested)["Fn"]


def other(type: str, **properties: Any) -> dict[str, Any]:
    return {"Other": {"Type": type, "Properties": properties}}


WAITS_FOR_ANSWERS: dict[str, dict[str, Any]] = {
    **{f"event {kind}": {"events": {**TOLD, "Asked": {"Type": kind}}}
       for kind, way in EVENTS.items() if way == "synchronous"},
    **{f"resource {kind}": {"resources": other(kind, Anything=[ARN])}
       for kind, way in RESOURCES.items() if way == "synchronous"},
    **{f"principal {name}": {"resources": other(
        "AWS::Lambda::Permission", FunctionName=ARN, Principal=name)}
       for name, way in PRINCIPALS.items() if way == "synchronous"},
    "event of a kind to come": {"events": {**TOLD, "New": {"Type": "Telepathy"}}},
    "resource of a kind to come": {"resources": other("AWS::New::Thing", Function=ARN)},
    "custom resource": {"resources": other("Custom::Thing", ServiceToken=ARN)},
    "another account": {"resources": other(
        "AWS::Lambda::Permission", FunctionName=ARN, Principal="123456789012")},
    "anybody": {"resources": other("AWS::Lambda::Permission", FunctionName=ARN, Principal="*")},
    "its URL": {"FunctionUrlConfig": {"AuthType": "NONE"}},
    "mail that is filtered by it": {"resources": other("AWS::SES::ReceiptRule", Rule={"Actions": [
        {"LambdaAction": {"FunctionArn": ARN, "InvocationType": "RequestResponse"}}]})},
    "a function that knows its name": {"resources": other(
        "AWS::Serverless::Function", Environment={"Variables": {"TO": {"Ref": "Fn"}}})},
    "a function that may call it": {"resources": other(
        "AWS::Serverless::Function", Policies=[{"LambdaInvokePolicy": {"FunctionName": ARN}}])},
    "all functions": {"sections": {"Globals": {"Function": {
        "Environment": {"Variables": {"TO": {"Ref": "Fn"}}}}}}},
    "the template round it": {"nested": True, "sections": {"Outputs": {"Arn": {"Value": ARN}}}},
    "an alias": {"resources": {
        "Live": {"Type": "AWS::Lambda::Alias", "Properties": {"FunctionName": {"Ref": "Fn"}}},
        **other("AWS::ApiGatewayV2::Integration", IntegrationUri={"Ref": "Live"})}},
    "connector": {"resources": {**other("AWS::Serverless::Function"), "Link": {
        "Type": "AWS::Serverless::Connector",
        "Properties": {"Source": {"Id": "Other"}, "Destination": {"Id": "Fn"}}}}},
    "connector of a resource": {"resources": {"Other": {
        "Type": "AWS::Serverless::Function",
        "Connectors": {"Link": {"Properties": {"Destination": [{"Id": "Fn"}]}}}}}},
}  # fmt: skip


@pytest.mark.parametrize("case", WAITS_FOR_ANSWERS.values(), ids=WAITS_FOR_ANSWERS)
def test_events_cannot_wait_when_somebody_waits_for_an_answer(case: dict[str, Any]) -> None:
    found = judge(**case)
    assert not found.possible
    assert "may wait for its answers" in found.obstacle


OWN_PLACE: dict[str, dict[str, Any]] = {
    "SAM's queue": {"DeadLetterQueue": {"Type": "SQS", "TargetArn": "arn"}},
    "plain queue": {"DeadLetterConfig": {"TargetArn": "arn"}},
    "perhaps a queue": {"DeadLetterQueue": {"Fn::If": ["Prod", {"Type": "SQS"}, {
        "Ref": "AWS::NoValue"}]}},
    "SAM's destination": {"EventInvokeConfig": DESTINATION},
    "destination of all": {"sections": {"Globals": {"Function": {
        "EventInvokeConfig": DESTINATION}}}},
    "plain destination": {"resources": other(
        "AWS::Lambda::EventInvokeConfig", FunctionName={"Ref": "Fn"}, **DESTINATION)},
}  # fmt: skip


@pytest.mark.parametrize("case", OWN_PLACE.values(), ids=OWN_PLACE)
def test_events_with_a_place_of_their_own_are_left_alone(case: dict[str, Any]) -> None:
    found = judge(**case)
    assert not found.possible
    assert "of its own" in found.obstacle


NEVER_ASYNCHRONOUS: dict[str, dict[str, Any]] = {
    "nobody": {"events": {}},
    "no mapping": {"events": None},
    **{f"event {kind}": {"events": {"Any": {"Type": kind}}}
       for kind, way in EVENTS.items() if way != "asynchronous"},
    "topic through a queue": {"events": {"Told": {"Type": "SNS", "Properties": {
        "SqsSubscription": True}}}},
    "what only watches": {"events": {}, "resources": other(
        "AWS::CloudWatch::Alarm", Dimensions=[{"Name": "FunctionName", "Value": {"Ref": "Fn"}}])},
}  # fmt: skip


@pytest.mark.parametrize("case", NEVER_ASYNCHRONOUS.values(), ids=NEVER_ASYNCHRONOUS)
def test_nothing_is_said_of_functions_without_asynchronous_callers(case: dict[str, Any]) -> None:
    assert judge(**case) == Waiting(False, "")


EVENTS_WAIT: dict[str, dict[str, Any]] = {
    **{f"event {kind}": {"events": {"Any": {"Type": kind}}}
       for kind, way in EVENTS.items() if way == "asynchronous"},
    **{f"resource {kind}": {"events": {}, "resources": other(kind, Anything=[ARN])}
       for kind, way in RESOURCES.items() if way == "asynchronous"},
    **{f"principal {name}": {"events": {}, "resources": other(
        "AWS::Lambda::Permission", FunctionName=ARN, Principal=name)}
       for name, way in PRINCIPALS.items() if way == "asynchronous"},
    "log group of the region": {"events": {}, "resources": other(
        "AWS::Lambda::Permission", FunctionName=ARN,
        Principal={"Fn::Sub": "logs.${AWS::Region}.amazonaws.com"})},
    "log group of a region": {"events": {}, "resources": other(
        "AWS::Lambda::Permission", FunctionName=ARN, Principal="logs.eu-west-1.amazonaws.com")},
    "polled as well": {"events": {**TOLD, "Mail": {"Type": "SQS"}}},
    "alarm": {"events": {}, "resources": other("AWS::CloudWatch::Alarm", AlarmActions=[ARN])},
    "destination of another": {"events": {}, "resources": other(
        "AWS::Serverless::Function", EventInvokeConfig={"DestinationConfig": {
            "OnFailure": {"Type": "Lambda", "Destination": ARN}}})},
    "plain destination of another": {"events": {}, "resources": other(
        "AWS::Lambda::EventInvokeConfig", FunctionName="x", DestinationConfig={
            "OnSuccess": {"Destination": ARN}})},
    "retries of its own": {"EventInvokeConfig": {"MaximumRetryAttempts": 0}},
    "no queue after all": {"DeadLetterQueue": {"Ref": "AWS::NoValue"}},
    "output": {"sections": {"Outputs": {"Arn": {"Value": ARN}}}},
    "connector from a topic": {"resources": {"Topic": {
        "Type": "AWS::SNS::Topic",
        "Connectors": {"Link": {"Properties": {"Destination": {"Id": "Fn"}}}}}}},
    "role that may call it": {"resources": other("AWS::IAM::Role", Policies=[ARN])},
    **{f"what only names it: {kind}": {"resources": other(
        f"{kind}Anything" if kind.endswith("::") else kind, Anything=[ARN])}
       for kind in NO_CALLERS},
    "its own name": {"Environment": {"Variables": {"ME": {"Ref": "Fn"}}}},
}  # fmt: skip


@pytest.mark.parametrize("case", EVENTS_WAIT.values(), ids=EVENTS_WAIT)
def test_events_wait_when_nobody_waits_for_an_answer(case: dict[str, Any]) -> None:
    assert judge(**case) == Waiting(True, "")


TEMPLATE = """\
Resources:
  Fn::ForEach::Each:
    - Name
    - [A, B]
    - Fn${Name}:
        Type: AWS::Serverless::Function
        Properties:
          Runtime: python3.13
          Handler: app.handler
          CodeUri: .
          Events:
            Nightly: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
"""


def test_the_report_tells_it_of_live_functions_and_of_copies_in_loops() -> None:
    source = parse(f"Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]\n{TEMPLATE}")
    report = transform(source, options()).report
    assert [(f.logical_id, f.parkable) for f in report.functions] == [("FnA", True), ("FnB", True)]
