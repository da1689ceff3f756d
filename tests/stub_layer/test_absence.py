"""What callers get when nobody runs the function, by kind of event."""

import json
from typing import Any

import pytest

from samlive_stub import absence
from samlive_stub.contract import Settings
from samlive_stub.environment import for_local_process, worker_of
from samlive_stub.protocol import ProtocolError, worker_id, worker_sender

POLICIES_REFUSED = {
    "": "names none of",
    ",": "names none of",
    "keep": "names none of",
    "queue": "queue takes fail or drop",
    "Queue=drop": "names none of",
    "queue=": "queue takes fail or drop",
    "queue=lose": "queue takes fail or drop, not 'lose'",
    "http=drop": "http takes 503 or fail, not 'drop'",
    "http=500": "http takes 503 or fail",
    "resource=drop": "resource takes failed or fail",
    "queue=drop,queue=fail": "queue is given twice",
    "queue=drop,drop": "names none of",
    "fail,drop": "names none of",
    "queue=drop,": "names none of",
    "queue=drop;x=1": "queue takes fail or drop",
}

POLICIES = {
    "fail": "fail",
    "drop": "drop",
    "http=503,resource=failed,queue=fail,stream=fail,async=fail,other=fail": "fail",
    " async = drop , queue=drop": "queue=drop,async=drop",
    "drop,queue=fail": "stream=drop,async=drop,other=drop",
    "other=drop,async=drop,stream=drop,queue=drop": "drop",
    "fail,http=fail": "http=fail",
    "drop,http=fail,resource=fail":
        "http=fail,resource=fail,queue=drop,stream=drop,async=drop,other=drop",
}  # fmt: skip

KINDS: dict[str, tuple[str, Any]] = {
    "no mapping": ("other", [1]),
    "no records": ("other", {"Records": []}),
    "records of nothing": ("other", {"Records": [1]}),
    "a source that is no text": ("other", {"eventSource": ["aws:sqs"]}),
    "a source to come": ("other", {"Records": [{"eventSource": "aws:telepathy"}]}),
    "direct": ("other", {"source": "me"}),
    "authorizer": ("other", {"type": "TOKEN", "methodArn": "arn", "requestContext": {"http": {}}}),
    "Cognito": ("other", {"triggerSource": "PreSignUp_SignUp", "request": {}}),
    "SQS": ("queue", {"Records": [{"eventSource": "aws:sqs", "body": "{}"}]}),
    "ActiveMQ": ("queue", {"eventSource": "aws:mq", "messages": []}),
    "RabbitMQ": ("queue", {"eventSource": "aws:rmq", "rmqMessagesByQueue": {}}),
    "Kinesis": ("stream", {"Records": [{"eventSource": "aws:kinesis"}]}),
    "DynamoDB": ("stream", {"Records": [{"eventSource": "aws:dynamodb"}]}),
    "MSK": ("stream", {"eventSource": "aws:kafka", "records": {}}),
    "Kafka": ("stream", {"eventSource": "SelfManagedKafka", "records": {}}),
    "DocumentDB": ("stream", {"eventSource": "aws:docdb", "events": []}),
    "SNS": ("async", {"Records": [{"EventSource": "aws:sns", "Sns": {}}]}),
    "S3": ("async", {"Records": [{"eventSource": "aws:s3"}]}),
    "SES": ("async", {"Records": [{"eventSource": "aws:ses"}]}),
    "CodeCommit": ("async", {"Records": [{"eventSource": "aws:codecommit"}]}),
    "EventBridge": ("async", {"detail-type": "x", "source": "y", "detail": {}}),
    "CloudWatch Logs": ("async", {"awslogs": {"data": ""}}),
    "alarm": ("async", {"source": "aws.cloudwatch", "alarmArn": "arn", "alarmData": {}}),
    "Config": ("async", {"invokingEvent": "{}", "configRuleName": "x"}),
    "destination": ("async", {"requestContext": {"condition": "x"}, "requestPayload": 1}),
}

EVENTS: dict[str, Any] = {
    "SQS": {"Records": [{"eventSource": "aws:sqs", "body": "{}"}]},
    "stream": {"Records": [{"eventSource": "aws:dynamodb"}]},
    "EventBridge": {"detail-type": "x", "source": "y"},
    "direct": {"any": "thing"},
    "list": [1, 2],
    "text": "requestContext",
    "REST authorizer": {
        "type": "REQUEST", "methodArn": "arn", "httpMethod": "GET", "requestContext": {},
    },
    "HTTP authorizer": {"version": "2.0", "routeArn": "arn", "requestContext": {"http": {}}},
    "Cognito": {"triggerSource": "PreSignUp_SignUp", "request": {}},
}  # fmt: skip

HTTP: dict[str, Any] = {
    "REST": {"httpMethod": "GET", "requestContext": {"stage": "dev"}},
    "HTTP or function URL": {"version": "2.0", "requestContext": {"http": {"method": "GET"}}},
    "ALB": {"httpMethod": "GET", "requestContext": {"elb": {"targetGroupArn": "x"}}},
    "WebSocket": {"requestContext": {"connectionId": "c", "eventType": "MESSAGE"}},
}


@pytest.mark.parametrize(("policy", "why"), POLICIES_REFUSED.items())
def test_what_is_no_policy_is_refused(policy: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        absence.canonical(policy)


@pytest.mark.parametrize(("policy", "short"), POLICIES.items())
def test_a_policy_is_told_in_its_shortest_form(policy: str, short: str) -> None:
    assert absence.canonical(policy) == short
    assert absence.actions(short) == absence.actions(policy)
    assert absence.canonical(short) == short


@pytest.mark.parametrize(("kind", "event"), KINDS.values(), ids=KINDS)
def test_the_shape_of_an_event_tells_its_kind(kind: str, event: Any) -> None:
    assert absence.kind_of(event) == kind
    raw = json.dumps(event).encode()
    assert absence.answer(raw, "SamLive.X", "why", "fail")[0]
    only = f"{kind}=drop"
    assert absence.answer(raw, "SamLive.X", "why", only) == (False, b"null")
    droppable = [each for each, allowed in absence.ACTIONS.items() if "drop" in allowed]
    others = ",".join(f"{each}=drop" for each in droppable if each != kind)
    assert absence.answer(raw, "SamLive.X", "why", others)[0]


def test_a_policy_reaches_the_stub_in_its_variable() -> None:
    given = {"app": "a", "stage": "s", "function": "F", "endpoint": "e", "region": "r", "key": "k"}
    text = Settings(**given, absence="queue=drop,async=drop").encode()
    assert Settings.decode(text).absence == "queue=drop,async=drop"
    assert Settings.decode(text.rpartition(";x=")[0]).absence == "fail"


def test_a_policy_of_another_version_loses_nothing() -> None:
    raw = json.dumps(EVENTS["SQS"]).encode()
    assert absence.answer(raw, "SamLive.X", "why", "queue=later")[0]


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_everything_but_http_raises(event: Any) -> None:
    is_error, body = absence.answer(json.dumps(event).encode(), "SamLive.X", "why", "fail")
    assert is_error
    assert json.loads(body) == {"errorType": "SamLive.X", "errorMessage": "why", "stackTrace": []}
    assert not absence.is_http(json.dumps(event).encode())


@pytest.mark.parametrize("event", [b"", b"{", b"\xff", b"null"])
def test_what_is_no_json_object_raises(event: bytes) -> None:
    assert absence.answer(event, "SamLive.X", "why", "fail")[0]
    assert not absence.is_http(event)


@pytest.mark.parametrize("event", HTTP.values(), ids=HTTP)
def test_http_callers_get_an_error_when_that_is_wanted(event: Any) -> None:
    raw = json.dumps(event).encode()
    assert absence.answer(raw, "SamLive.X", "why", "http=fail") == (
        True,
        absence.error("SamLive.X", "why"),
    )


def test_a_custom_resource_raises_when_that_is_wanted() -> None:
    event = {"RequestType": "Create", "ResponseURL": "http://127.0.0.1:1/never"}
    raw = json.dumps(event).encode()
    assert absence.answer(raw, "SamLive.X", "why", "resource=fail")[0]


@pytest.mark.parametrize("policy", ["fail", "drop", "queue=drop,async=drop"])
@pytest.mark.parametrize("event", HTTP.values(), ids=HTTP)
def test_http_callers_get_a_503_whatever_the_policy(event: Any, policy: str) -> None:
    raw = json.dumps(event).encode()
    is_error, body = absence.answer(raw, "SamLive.X", "why ü", policy)
    response = json.loads(body)
    assert not is_error and absence.is_http(raw)
    assert response["statusCode"] == 503
    assert json.loads(response["body"]) == {"message": "why ü", "errorType": "SamLive.X"}
    assert ("statusDescription" in response) == ("elb" in event["requestContext"])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"errorType":"KeyError"}', "KeyError"),
        (b'{"errorType":"a\\r\\nHeader: x"}', "Function.Unknown"),
        (b'{"errorType":7}', "Function.Unknown"),
        (b"[]", "Function.Unknown"),
        (b"oops", "Function.Unknown"),
    ],
)
def test_the_error_type_is_read_or_unknown(body: bytes, expected: str) -> None:
    assert absence.error_type(body) == expected


def test_the_local_process_gets_the_users_variables_and_not_the_stubs() -> None:
    environ = {
        "TABLE": "orders",
        "AWS_ACCESS_KEY_ID": "A",
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "_X_AMZN_TRACE_ID": "t",
        "TZ": ":UTC",
        "SAMLIVE": "secret",
        "SAMLIVE_ENV_PYTHONPATH": "/opt/lib",
        "SAMLIVE_ENV_AWS_LAMBDA_EXEC_WRAPPER": "/opt/otel",
        "AWS_LAMBDA_EXEC_WRAPPER": "/opt/samlive/start",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "_HANDLER": "index.handler",
        "LAMBDA_TASK_ROOT": "/var/task",
        "LD_LIBRARY_PATH": "/var/lang/lib",
        "PYTHONHOME": "/x",
        "PATH": "/bin",
    }
    assert for_local_process(environ) == {
        "TABLE": "orders",
        "AWS_ACCESS_KEY_ID": "A",
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "_X_AMZN_TRACE_ID": "t",
        "TZ": ":UTC",
        "SAMLIVE_ENV_PYTHONPATH": "/opt/lib",
        "SAMLIVE_ENV_AWS_LAMBDA_EXEC_WRAPPER": "/opt/otel",
    }


@pytest.mark.parametrize("stream", ["", "short", "2026/11/25/[$LATEST]" + "x" * 32])
def test_a_log_stream_without_digits_gives_a_random_worker(stream: str) -> None:
    one, two = (worker_of({"AWS_LAMBDA_LOG_STREAM_NAME": stream}) for _ in range(2))
    assert one != two and worker_id(worker_sender(one)) == one


def test_a_worker_is_named_by_its_log_stream_and_a_nonce() -> None:
    stream = {"AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/25/[$LATEST]" + "ab" * 16}
    one, two = worker_of(stream), worker_of(stream)
    assert one[:33] == two[:33] == "ab" * 16 + "-" and one != two


@pytest.mark.parametrize("worker", ["", "abc", "a" * 32, "a" * 32 + "-" + "b" * 7])
def test_what_is_no_worker_id_is_refused(worker: str) -> None:
    with pytest.raises(ProtocolError):
        worker_sender(worker)


FROM_URL = {"requestContext": {"http": {}, "domainName": "x.lambda-url.eu-west-1.on.aws"}}
FROM_REST_API = {"httpMethod": "GET", "requestContext": {"domainName": "x.execute-api.on.aws"}}
FROM_HTTP_API = {"requestContext": {"http": {}, "domainName": "x.execute-api.on.aws"}}

TAKEN_WHOLE = {
    "streams nothing": (FROM_URL, ""),
    "streams to APIs alone": (FROM_URL, "api"),
    "streams to its URL alone": (FROM_REST_API, "url"),
    "an HTTP API": (FROM_HTTP_API, "url+api"),
    "no HTTP": ({"Records": []}, "url+api"),
    "no JSON": (None, "url+api"),
}


@pytest.mark.parametrize("case", TAKEN_WHOLE)
def test_who_takes_answers_whole_gets_no_stream(case: str) -> None:
    event, streams = TAKEN_WHOLE[case]
    raw = b"nonsense" if event is None else json.dumps(event).encode()
    _, body = absence.answer(raw, "SamLive.RelayAbsent", "nobody", "")
    assert absence.as_stream(raw, body, streams) == b""


@pytest.mark.parametrize(
    ("event", "streams"), [(FROM_URL, "url"), (FROM_URL, "url+api"), (FROM_REST_API, "api")]
)
def test_who_takes_a_stream_gets_status_and_text_as_one(event: object, streams: str) -> None:
    raw = json.dumps(event).encode()
    _, body = absence.answer(raw, "SamLive.RelayAbsent", "nobody", "")
    prelude, zeros, text = absence.as_stream(raw, body, streams).partition(bytes(8))
    assert zeros
    assert json.loads(prelude)["statusCode"] == 503
    assert json.loads(prelude)["headers"]["content-type"] == "application/json"
    assert json.loads(text) == {"message": "nobody", "errorType": "SamLive.RelayAbsent"}
