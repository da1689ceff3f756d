"""The calls that parking makes, checked against AWS's own models."""

from typing import Any

import pytest

from samlive.deploy.faults import AwsError
from samlive.deploy.parked_queue import ParkedQueue
from stubbed_aws import ACCOUNT, REGION, StubbedAws

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:notify"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:samlive_shop_ana_parked"
URL = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/samlive_shop_ana_parked"
TO_QUEUE = {"DestinationConfig": {"OnFailure": {"Destination": QUEUE}}}


@pytest.fixture
def aws() -> StubbedAws:
    return StubbedAws()


def test_configs_are_read_as_they_can_be_given_back(aws: StubbedAws) -> None:
    newest = {
        "FunctionArn": f"{ARN}:$LATEST",
        "LastModified": "2026-01-01T00:00:00Z",
        "MaximumRetryAttempts": 0,
    }
    live = {"FunctionArn": f"{ARN}:live", **TO_QUEUE}
    aws.answer(
        "lambda",
        "list_function_event_invoke_configs",
        {"FunctionEventInvokeConfigs": [newest], "NextMarker": "more"},
        {"FunctionName": "notify"},
    )
    aws.answer(
        "lambda",
        "list_function_event_invoke_configs",
        {"FunctionEventInvokeConfigs": [live]},
        {"FunctionName": "notify", "Marker": "more"},
    )
    assert aws.event_configs("notify") == {"": {"MaximumRetryAttempts": 0}, "live": TO_QUEUE}


def test_configs_are_replaced_or_removed(aws: StubbedAws) -> None:
    which = {"FunctionName": "notify", "Qualifier": "live"}
    aws.answer("lambda", "put_function_event_invoke_config", {}, {**which, **TO_QUEUE})
    aws.answer("lambda", "put_function_event_invoke_config", {}, {"FunctionName": "notify"})
    aws.answer("lambda", "delete_function_event_invoke_config", {}, which)
    aws.set_event_config("notify", "live", TO_QUEUE)
    aws.set_event_config("notify", "", {})
    aws.set_event_config("notify", "live", None)
    aws.refuse("lambda", "delete_function_event_invoke_config", "ResourceNotFoundException")
    aws.set_event_config("notify", "live", None)  # as it should be
    aws.check_all_asked()


def test_reserved_concurrency_is_read_set_and_removed(aws: StubbedAws) -> None:
    which = {"FunctionName": "notify"}
    aws.answer("lambda", "get_function_concurrency", {"ReservedConcurrentExecutions": 5}, which)
    aws.answer("lambda", "get_function_concurrency", {}, which)
    assert [aws.reserved_concurrency("notify") for _ in range(2)] == [5, None]
    zero = {**which, "ReservedConcurrentExecutions": 0}
    aws.answer("lambda", "put_function_concurrency", {}, zero)
    aws.answer("lambda", "delete_function_concurrency", {}, which)
    aws.reserve_concurrency("notify", 0)
    aws.reserve_concurrency("notify", None)
    aws.check_all_asked()


def test_an_event_is_given_without_waiting_for_the_answer(aws: StubbedAws) -> None:
    expected = {"FunctionName": f"{ARN}:live", "InvocationType": "Event", "Payload": b"1.50"}
    aws.answer("lambda", "invoke", {"StatusCode": 202}, expected)
    aws.invoke_event(f"{ARN}:live", b"1.50")
    aws.check_all_asked()


def test_the_queue_is_encrypted_keeps_events_for_long_and_has_no_policy(aws: StubbedAws) -> None:
    expected = {
        "QueueName": "samlive_shop_ana_parked",
        "Attributes": {
            "MessageRetentionPeriod": "1209600",
            "SqsManagedSseEnabled": "true",
            "VisibilityTimeout": "60",
        },
        "tags": {"samlive:app": "shop", "samlive:stage": "ana"},
    }
    aws.answer("sqs", "create_queue", {"QueueUrl": URL}, expected)
    queue = ParkedQueue(aws, ACCOUNT, "aws", "shop", "ana")
    queue.make()
    assert queue.arn == QUEUE
    aws.refuse("sqs", "create_queue", "QueueNameExists", "with other attributes")
    queue.make()
    aws.refuse("sqs", "create_queue", "QueueDeletedRecently")
    with pytest.raises(AwsError):
        queue.make()


@pytest.mark.parametrize("code", ["AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"])
def test_a_queue_that_was_never_made_holds_nothing(aws: StubbedAws, code: str) -> None:
    queue = ParkedQueue(aws, ACCOUNT, "aws", "shop", "ana")
    for _ in range(2):
        aws.refuse("sqs", "get_queue_url", code)
    assert queue.content() == (0, ())
    queue.delete()
    for _ in range(3):
        aws.refuse("sqs", "get_queue_url", "AccessDenied")
    with pytest.raises(AwsError):
        queue.url()
    assert queue.content() == (0, ())  # who may not ask can have parked nothing
    queue.delete()


def counts(waiting: int, hidden: int) -> dict[str, Any]:
    name = "ApproximateNumberOfMessages"
    return {"Attributes": {name: str(waiting), f"{name}NotVisible": str(hidden)}}


def test_what_is_hidden_is_waited_for_when_it_matters(
    aws: StubbedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("samlive.deploy.parked_queue.PAUSE_SECONDS", 0.0)
    queue = ParkedQueue(aws, ACCOUNT, "aws", "shop", "ana")
    for sure, looks in ((False, [1]), (True, [2, 1, 0])):
        aws.answer("sqs", "get_queue_url", {"QueueUrl": URL})
        for hidden in looks:
            aws.answer("sqs", "receive_message", {})
            aws.answer("sqs", "get_queue_attributes", counts(0, hidden))
        assert queue.content(sure) == (0, ())
        aws.check_all_asked()


def test_what_waits_is_counted_by_looking(aws: StubbedAws) -> None:
    body = f'{{"requestContext": {{"functionArn": "{ARN}:live"}}, "requestPayload": 1}}'
    found = [{"Body": body}, {"Body": "?"}, {"Body": body}]
    aws.answer("sqs", "get_queue_url", {"QueueUrl": URL})
    aws.answer(
        "sqs",
        "receive_message",
        {"Messages": found},
        {"QueueUrl": URL, "MaxNumberOfMessages": 10, "VisibilityTimeout": 0, "WaitTimeSeconds": 1},
    )
    aws.answer("sqs", "get_queue_attributes", counts(1, 0))
    queue = ParkedQueue(aws, ACCOUNT, "aws", "shop", "ana")
    assert queue.content() == (3, ("?", "notify"))


def test_messages_are_shown_again_together(aws: StubbedAws) -> None:
    entries = [{"Id": "0", "ReceiptHandle": "a", "VisibilityTimeout": 0}]
    expected = {"QueueUrl": URL, "Entries": entries}
    answer: dict[str, Any] = {"Successful": [], "Failed": []}
    aws.answer("sqs", "change_message_visibility_batch", answer, expected)
    aws.show_messages(URL, ["a"])
    aws.check_all_asked()


def test_messages_are_deleted_together(aws: StubbedAws) -> None:
    entries = [{"Id": "0", "ReceiptHandle": "a"}, {"Id": "1", "ReceiptHandle": "b"}]
    aws.answer(
        "sqs",
        "delete_message_batch",
        {"Successful": [], "Failed": []},
        {"QueueUrl": URL, "Entries": entries},
    )
    aws.delete_messages(URL, ["a", "b"])
    aws.check_all_asked()
