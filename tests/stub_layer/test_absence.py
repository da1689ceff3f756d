"""What callers get when nobody runs the function, by kind of event."""

import json
from typing import Any

import pytest

from samlive_stub import absence
from samlive_stub.environment import for_local_process, worker_of
from samlive_stub.protocol import ProtocolError, worker_id, worker_sender

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


@pytest.mark.parametrize("policy", ["fail", "drop"])
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
