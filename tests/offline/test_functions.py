"""Functions run as Lambda runs them."""

import concurrent.futures
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from offline_cloud import until
from process_tree import is_running, state

pytestmark = pytest.mark.e2e
Stack = dict[str, str]


def test_a_java_function_is_refused_in_words(aws: Any, stack: Stack) -> None:
    answer, failed = aws.invoke(stack["Java"])
    assert failed
    assert answer["errorType"] == "Runtime.InvalidEntrypoint"
    assert "does not run java21" in answer["errorMessage"]


def test_a_function_sees_its_own_environment(aws: Any, stack: Stack) -> None:
    answer, failed = aws.invoke(stack["Python"])
    assert not failed
    variables = answer["variables"]
    assert variables["COLOUR"] == "blue"
    assert variables["_HANDLER"] == "app.handler"
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == stack["Python"]
    assert variables["AWS_LAMBDA_LOG_GROUP_NAME"] == f"/aws/lambda/{stack['Python']}"
    stream = variables["AWS_LAMBDA_LOG_STREAM_NAME"]
    date, _, rest = stream.partition("/[$LATEST]")
    assert len(date.split("/")) == 3
    assert len(rest) == 32 and set(rest) <= set("0123456789abcdef")
    assert variables["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert variables["AWS_ENDPOINT_URL"] == aws.offline.endpoint_url
    assert answer["arn"].endswith(f":function:{stack['Python']}")
    assert 0 < answer["left_ms"] <= 30_000
    assert answer["cwd"] == variables["LAMBDA_TASK_ROOT"]


def test_nothing_of_this_machine_leaks_into_a_function(aws: Any, stack: Stack) -> None:
    answer, _ = aws.invoke(stack["Python"])
    layers = answer["variables"]["SAMLIVE_OFFLINE_OPT"]
    foreign = [path for path in answer["path"] if not path.startswith(layers)]
    assert not [path for path in foreign if "site-packages" in path]
    assert aws.invoke(stack["Python"], {"act": "import", "module": "boto3"}) == (True, False)
    refused, failed = aws.invoke(stack["Python"], {"act": "import", "module": "ministack"})
    assert failed
    assert refused["errorType"] == "ModuleNotFoundError"


def test_a_handler_error_keeps_its_shape_and_its_environment(aws: Any, stack: Stack) -> None:
    before, _ = aws.invoke(stack["Python"])
    answer, failed = aws.invoke(stack["Python"], {"act": "raise"})
    after, _ = aws.invoke(stack["Python"])
    assert failed
    assert answer["errorType"] == "LookupError"
    assert answer["errorMessage"] == "no such thing"
    assert "app.py" in answer["stackTrace"][0]
    assert len(answer["stackTrace"]) == 1
    assert answer["requestId"]
    assert before["pid"] == after["pid"]


def test_an_import_error_is_reported_at_every_call(aws: Any, stack: Stack) -> None:
    for _ in range(2):
        answer, failed = aws.invoke(stack["Broken"])
        assert failed
        assert answer["errorType"] == "Runtime.ImportModuleError"
        assert answer["errorMessage"] == (
            "Unable to import module 'broken': No module named 'not_there_at_all'"
        )


def test_a_timeout_ends_the_environment(aws: Any, stack: Stack) -> None:
    before, _ = aws.invoke(stack["Short"])
    answer, failed = aws.invoke(stack["Short"], {"act": "sleep", "seconds": 30})
    after, _ = aws.invoke(stack["Short"])
    assert failed
    assert answer["errorType"] == "Sandbox.Timedout"
    assert answer["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert before["pid"] != after["pid"]
    until(lambda: not is_running(before["pid"]))


@pytest.mark.parametrize(
    ("status", "text"),
    [
        pytest.param(7, "Runtime exited with error: exit status 7", id="failure"),
        pytest.param(0, "Runtime exited without providing a reason", id="success"),
    ],
)
def test_an_exit_is_an_exit_error(aws: Any, stack: Stack, status: int, text: str) -> None:
    answer, failed = aws.invoke(stack["Python"], {"act": "exit", "status": status})
    assert failed
    assert answer["errorType"] == "Runtime.ExitError"
    assert answer["errorMessage"].endswith(text)


def test_a_response_may_not_exceed_six_megabytes(aws: Any, stack: Stack) -> None:
    largest = 6 * 1024 * 1024 + 98
    answer, failed = aws.invoke(stack["Python"], {"act": "large", "size": largest})
    assert not failed
    assert len(answer) == largest
    refused, failed = aws.invoke(stack["Python"], {"act": "large", "size": largest + 1})
    assert failed
    assert refused["errorType"] == "Function.ResponseSizeTooLarge"


@pytest.mark.parametrize(
    ("kind", "limit"), [("RequestResponse", 6 * 1024 * 1024), ("Event", 1024 * 1024)]
)
def test_an_event_may_not_exceed_the_limit(aws: Any, stack: Stack, kind: str, limit: int) -> None:
    client = aws.client("lambda")

    def invoke(size: int) -> int:
        event = b'"' + b"x" * (size - 2) + b'"'
        reply = client.invoke(FunctionName=stack["Echo"], Payload=event, InvocationType=kind)
        status: int = reply["StatusCode"]
        return status

    assert invoke(limit) in (200, 202)
    with pytest.raises(client.exceptions.RequestTooLargeException, match=str(limit)):
        invoke(limit + 1)


def test_an_unencodable_result_is_a_marshal_error(aws: Any, stack: Stack) -> None:
    answer, failed = aws.invoke(stack["Python"], {"act": "unencodable"})
    assert failed
    assert answer["errorType"] == "Runtime.MarshalError"


def test_calls_at_the_same_time_get_environments_of_their_own(
    aws: Any, stack: Stack, tmp_path: Path
) -> None:
    event = {"act": "meet", "folder": str(tmp_path), "count": 4}
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: aws.invoke(stack["Python"], event)[0], range(4)))
    assert len(set(answers)) == 4


def test_one_call_after_another_reuses_the_environment(aws: Any, stack: Stack) -> None:
    first, _ = aws.invoke(stack["Python"])
    second, _ = aws.invoke(stack["Python"])
    assert first["pid"] == second["pid"]
    assert second["calls"] == first["calls"] + 1
    assert first["request_id"] != second["request_id"]


def test_an_environment_is_frozen_between_invocations(aws: Any, stack: Stack) -> None:
    first, _ = aws.invoke(stack["Python"])
    until(lambda: state(first["pid"]) == "T")
    second, _ = aws.invoke(stack["Python"])
    assert second["pid"] == first["pid"]


def test_a_changed_function_gets_a_new_environment(aws: Any, stack: Stack) -> None:
    before, _ = aws.invoke(stack["Short"])
    client = aws.client("lambda")
    client.update_function_configuration(
        FunctionName=stack["Short"], Environment={"Variables": {"COLOUR": "red"}}
    )
    after, _ = aws.invoke(stack["Short"])
    assert after["variables"]["COLOUR"] == "red"
    assert before["pid"] != after["pid"]


def test_output_reaches_the_log_group(aws: Any, stack: Stack) -> None:
    request = aws.client("lambda").invoke(
        FunctionName=stack["Python"], Payload=b'{"act": "log"}', LogType="Tail"
    )
    assert request["Payload"].read() == b"null"
    events = aws.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{stack['Python']}")
    messages = [event["message"] for event in events["events"]]
    assert "another line" in messages
    assert [line for line in messages if line.startswith("[INFO]\t") and line.endswith("\ta line")]


def test_a_node_function_answers(aws: Any, stack: Stack) -> None:
    answer, failed = aws.invoke(stack["Node"])
    assert not failed
    assert 0 < answer["left"] <= 5000
    assert answer["id"]


def test_a_node_error_keeps_its_shape(aws: Any, stack: Stack) -> None:
    answer, failed = aws.invoke(stack["Node"], {"act": "throw"})
    assert failed
    assert answer["errorType"] == "RangeError"
    assert answer["errorMessage"] == "out of range"
    assert "app.js" in answer["trace"][1]


def test_a_node_process_that_exits_is_an_exit_error(aws: Any, stack: Stack) -> None:
    answer, failed = aws.invoke(stack["Node"], {"act": "exit"})
    assert failed
    assert answer["errorMessage"].endswith("exit status 3")


def test_a_node_module_in_a_folder_answers(aws: Any, stack: Stack) -> None:
    assert aws.invoke(stack["NodeModule"], {"a": 1}) == ({"module": True, "event": {"a": 1}}, False)


def test_a_streamed_response_is_put_together(aws: Any, stack: Stack) -> None:
    answer, failed = aws.invoke(stack["NodeStream"])
    assert not failed
    assert answer == {"statusCode": 201, "headers": {"a": "b"}, "body": "one,two"}


def test_a_layer_may_replace_the_runtime(aws: Any, stack: Stack) -> None:
    answer, failed = aws.invoke(stack["Wrapped"], {"a": "ü"})
    assert not failed
    interpreter, bootstrap = answer["argv"][1:]
    assert os.path.realpath(interpreter) == os.path.realpath(sys.executable)
    assert bootstrap.endswith("/bootstrap.py")
    assert answer["raw"] == '{"a":"ü"}'
    names = {name.lower() for name in answer["headers"]}
    assert {
        "lambda-runtime-aws-request-id",
        "lambda-runtime-deadline-ms",
        "lambda-runtime-invoked-function-arn",
    } <= names
    wrapper = answer["variables"]["AWS_LAMBDA_EXEC_WRAPPER"]
    assert wrapper.endswith("/wrap/start")


def test_the_runtime_api_refuses_what_lambda_refuses(aws: Any, stack: Stack) -> None:
    wanted = [("invocation/nonsense/response", 1), ("invocation/ID/nonsense", 1)]
    answer, _ = aws.invoke(stack["Wrapped"], {"post": wanted})
    assert answer["statuses"] == [400, 404]
