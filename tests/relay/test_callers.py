"""What called a function, read from events as services send them."""

import json
from typing import Any

import pytest

from samlive.sample_events import Route, sample
from samlive_relay.callers import MAX_BYTES, MAX_CHARACTERS, describe


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[1]", id="a list"),
        pytest.param(b'{"broken', id="no JSON"),
        pytest.param(b"\xff{", id="no text"),
        pytest.param(b'{"order": 7}', id="made by hand"),
        pytest.param(b'{"Records": []}', id="no record"),
        pytest.param(b'{"Records": [{"eventSource": "mine"}]}', id="another's record"),
        pytest.param(b'{"Records": 7, "requestContext": 7, "info": 7}', id="other types"),
        pytest.param(b'{"Records": [{"eventSource": "aws:s3"}]}', id="half a record"),
        pytest.param(b'{"a": ' + b"[" * 50_000, id="too deep"),
        pytest.param(b'{"a": "' + b"x" * MAX_BYTES + b'"}', id="too large"),
    ],
)
def test_what_is_not_known_has_no_name(body: bytes) -> None:
    assert describe(body) == ""


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("apigw", "GET /orders/sample"),
        ("httpapi", "GET /orders/sample"),
        ("url", "POST /sample"),
        ("alb", "POST /sample"),
        ("dynamodb", "dynamodb sample INSERT"),
        ("eventbridge", "event sample.source Sample Event"),
        ("kinesis", "kinesis sample"),
        ("s3", "s3 sample-bucket ObjectCreated:Put folder/sample.txt"),
        ("schedule", "schedule sample"),
        ("sns", "sns sample-topic"),
        ("sqs", "sqs sample-queue"),
    ],
)
def test_samples_of_services_are_known(kind: str, text: str) -> None:
    event = sample(kind, None, "eu-central-1", Route("GET", "/orders/{id}"))
    assert describe(json.dumps(event).encode()) == text


ARN = "arn:aws:service:eu-central-1:123456789012:"


@pytest.mark.parametrize(
    ("event", "text"),
    [
        pytest.param(
            {"requestContext": {"connectionId": "c", "routeKey": "$connect"}},
            "websocket $connect",
            id="websocket",
        ),
        pytest.param(
            {
                "type": "TOKEN",
                "methodArn": "arn:aws:execute-api:r:1:api/dev/GET/orders/7",
                "authorizationToken": "secret",
            },
            "authorizer GET /orders/7",
            id="authorizer",
        ),
        pytest.param(
            {"Records": [{"eventSource": "aws:sqs", "eventSourceARN": f"{ARN}orders"}] * 3},
            "sqs orders (3)",
            id="batch",
        ),
        pytest.param(
            {"RequestType": "Create", "ResponseURL": "u", "LogicalResourceId": "Made"},
            "custom resource Made Create",
            id="custom resource",
        ),
        pytest.param(
            {"triggerSource": "PreSignUp_SignUp", "userPoolId": "p"},
            "cognito PreSignUp_SignUp",
            id="cognito",
        ),
        pytest.param({"awslogs": {"data": "x"}}, "logs", id="logs"),
        pytest.param(
            {"deliveryStreamArn": f"{ARN}deliverystream/clicks"}, "firehose clicks", id="firehose"
        ),
        pytest.param(
            {"eventSource": "aws:kafka", "records": {"orders-0": [], "orders-1": []}},
            "kafka orders",
            id="kafka",
        ),
        pytest.param({"eventSource": "aws:mq", "eventSourceArn": f"{ARN}b"}, "mq b", id="mq"),
        pytest.param(
            {"info": {"fieldName": "orders", "parentTypeName": "Query"}},
            "graphql Query.orders",
            id="graphql",
        ),
        pytest.param({"invokingEvent": "{}", "configRuleName": "r"}, "config r", id="config"),
        pytest.param({"alarmArn": f"{ARN}alarm:high"}, "alarm high", id="alarm"),
        pytest.param(
            {"SecretId": "s", "ClientRequestToken": "t", "Step": "createSecret"},
            "rotation createSecret",
            id="rotation",
        ),
    ],
)
def test_other_shapes_are_known(event: dict[str, Any], text: str) -> None:
    assert describe(json.dumps(event).encode()) == text


def test_no_control_character_and_no_novel_reaches_the_terminal() -> None:
    http = {"method": "GET", "path": "/\x1b[31m" + "x" * 500}
    text = describe(json.dumps({"requestContext": {"http": http}}).encode())
    assert text.startswith("GET /[31mxxx")
    assert len(text) == MAX_CHARACTERS


def test_queries_and_bodies_are_not_told() -> None:
    event = sample("httpapi", "my-secret-body", "eu-central-1", Route("POST", "/pay"))
    event["rawQueryString"] = "token=my-secret"
    assert describe(json.dumps(event).encode()) == "POST /pay"
