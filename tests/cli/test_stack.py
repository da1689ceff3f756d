"""Change sets and events: what is asked, what is told, what counts as the end."""

import threading
from dataclasses import replace
from typing import Any

import pytest
from botocore.stub import ANY

from samlive.deploy import pace
from samlive.deploy.pace import Interrupted
from samlive.deploy.stack import ChangeSet, DeployError, Stack, StackEvent
from stubbed_aws import STACK_ID, StubbedAws, event, stack

CHANGE = ChangeSet(
    stack="orders-ana",
    create=False,
    template={"TemplateBody": "{}"},
    parameters=({"ParameterKey": "SamLiveKey", "UsePreviousValue": True},),
    tags={"samlive:app": "orders"},
    capabilities=("CAPABILITY_NAMED_IAM",),
)
NESTED_ID = STACK_ID.replace("orders-ana", "orders-ana-Child")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> StubbedAws:
    monkeypatch.setattr(pace, "FIRST_SECONDS", 0)
    monkeypatch.setattr(pace, "LONGEST_SECONDS", 0)
    return StubbedAws()


class Run:
    """A stack whose change set gets a scripted story."""

    def __init__(self, aws: StubbedAws) -> None:
        self.aws = aws
        self.told: list[StackEvent] = []
        self.stop = threading.Event()
        self.stack = Stack(aws, "orders-ana", self.stop, self.told.append)

    def made(self, status: str = "CREATE_COMPLETE", reason: str = "") -> None:
        self.aws.answer("cloudformation", "create_change_set", {"Id": "arn:" + "c" * 20})
        self.aws.answer("cloudformation", "describe_change_set", change_set(status, reason))

    def executed(self) -> None:
        self.aws.answer(
            "cloudformation",
            "describe_stack_events",
            {"StackEvents": [event(1, "orders-ana", "UPDATE_COMPLETE")]},
        )
        self.aws.answer("cloudformation", "execute_change_set", {})

    def events(self, *newest_first: dict[str, Any]) -> None:
        self.aws.answer(
            "cloudformation", "describe_stack_events", {"StackEvents": list(newest_first)}
        )


def change_set(status: str, reason: str = "") -> dict[str, Any]:
    return {"Status": status, "StatusReason": reason, "StackId": STACK_ID, "Changes": []}


OLD = event(1, "orders-ana", "UPDATE_COMPLETE")


def test_empty_change_set_is_a_success_and_is_cleaned_up(aws: StubbedAws) -> None:
    run = Run(aws)
    run.made("FAILED", "The submitted information didn't contain changes. Submit different ...")
    aws.answer("cloudformation", "delete_change_set", {})
    assert run.stack.change(CHANGE) is False
    aws.check_all_asked()


def test_refused_change_set_is_told_and_cleaned_up(aws: StubbedAws) -> None:
    run = Run(aws)
    run.made("FAILED", "Transform AWS::Serverless-2016-10-31 failed with: no")
    aws.answer("cloudformation", "delete_change_set", {})
    with pytest.raises(DeployError, match="failed with: no"):
        run.stack.change(CHANGE)
    aws.check_all_asked()


def test_events_are_told_once_and_in_order(aws: StubbedAws) -> None:
    run = Run(aws)
    run.made()
    run.executed()
    begun = event(2, "Queue", "UPDATE_IN_PROGRESS")
    done = event(3, "Queue", "UPDATE_COMPLETE")
    run.events(begun, OLD)
    run.events(begun, OLD)
    run.events(event(4, "orders-ana", "UPDATE_COMPLETE"), done, begun, OLD)
    assert run.stack.change(CHANGE) is True
    assert [(e.logical_id, e.status) for e in run.told] == [
        ("Queue", "UPDATE_IN_PROGRESS"),
        ("Queue", "UPDATE_COMPLETE"),
        ("orders-ana", "UPDATE_COMPLETE"),
    ]
    aws.check_all_asked()


def test_cleanup_is_not_the_end(aws: StubbedAws) -> None:
    run = Run(aws)
    run.made()
    run.executed()
    cleaning = event(2, "orders-ana", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    run.events(cleaning, OLD)
    run.events(event(3, "orders-ana", "UPDATE_COMPLETE"), cleaning, OLD)
    assert run.stack.change(CHANGE) is True


def test_first_failure_is_the_one_that_is_told(aws: StubbedAws) -> None:
    run = Run(aws)
    run.made()
    run.executed()
    story = [
        event(5, "orders-ana", "UPDATE_ROLLBACK_COMPLETE"),
        event(4, "Table", "UPDATE_FAILED", ResourceStatusReason="Resource update cancelled"),
        event(3, "Queue", "CREATE_FAILED", ResourceStatusReason="no such thing"),
        event(2, "Table", "UPDATE_FAILED", ResourceStatusReason="Resource update cancelled"),
        OLD,
    ]
    run.events(*story)
    run.events(*story)
    with pytest.raises(DeployError, match="no such thing") as failed:
        run.stack.change(CHANGE)
    assert failed.value.logical_id == "Queue"
    assert failed.value.exit_status == 1


def test_cause_is_looked_up_inside_a_nested_stack(aws: StubbedAws) -> None:
    run = Run(aws)
    run.made()
    run.executed()
    child = event(
        2,
        "Child",
        "CREATE_FAILED",
        ResourceType="AWS::CloudFormation::Stack",
        PhysicalResourceId=NESTED_ID,
        ResourceStatusReason="Embedded stack was not successfully created",
    )
    story = [event(3, "orders-ana", "ROLLBACK_COMPLETE"), child, OLD]
    run.events(*story)
    run.events(*story)
    own = event(9, "Child", "CREATE_FAILED", PhysicalResourceId=NESTED_ID)
    run.events(own, event(8, "Topic", "CREATE_FAILED", ResourceStatusReason="too long"))
    with pytest.raises(DeployError, match=r"Child/Topic .* failed: too long") as failed:
        run.stack.change(CHANGE)
    assert failed.value.logical_id == "Child/Topic"


def test_end_without_an_event_is_noticed(aws: StubbedAws) -> None:
    run = Run(aws)
    run.made()
    run.executed()
    for _ in range(5):
        run.events(OLD)
    aws.answer("cloudformation", "describe_stacks", {"Stacks": [stack("UPDATE_COMPLETE")]})
    assert run.stack.change(CHANGE) is True


def test_stop_ends_the_wait_but_not_the_deploy(aws: StubbedAws) -> None:
    run = Run(aws)
    run.made()
    run.executed()
    run.events(OLD)
    run.stop.set()
    with pytest.raises(Interrupted):
        run.stack.change(CHANGE)
    aws.check_all_asked()


def test_express_mode_is_asked_for_with_rollback_said_aloud(aws: StubbedAws) -> None:
    aws.answer(
        "cloudformation",
        "create_change_set",
        {"Id": "arn:" + "c" * 20},
        {
            "StackName": "orders-ana",
            "ChangeSetName": ANY,
            "ChangeSetType": "UPDATE",
            "Description": "samlive",
            "TemplateBody": "{}",
            "Parameters": [{"ParameterKey": "SamLiveKey", "UsePreviousValue": True}],
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
            "Tags": [{"Key": "samlive:app", "Value": "orders"}],
            "DeploymentConfig": {"Mode": "EXPRESS", "DisableRollback": False},
        },
    )
    empty = change_set("FAILED", "No updates are to be performed.")
    aws.answer("cloudformation", "describe_change_set", empty)
    aws.answer("cloudformation", "delete_change_set", {})
    assert Run(aws).stack.change(replace(CHANGE, express=True)) is False
    aws.check_all_asked()


def test_region_without_express_mode_gets_the_standard_one(aws: StubbedAws) -> None:
    run = Run(aws)
    aws.refuse("cloudformation", "create_change_set", "ValidationError", "EXPRESS is not supported")
    run.made("FAILED", "didn't contain changes")
    aws.answer("cloudformation", "delete_change_set", {})
    assert run.stack.change(replace(CHANGE, express=True)) is False
    aws.check_all_asked()


def test_botocore_without_express_mode_is_not_asked_for_it(
    aws: StubbedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws, "accepts", lambda *_: False)
    run = Run(aws)
    run.made("FAILED", "didn't contain changes")
    aws.answer("cloudformation", "delete_change_set", {})
    assert run.stack.change(replace(CHANGE, express=True)) is False


def test_stack_is_deleted_and_watched(aws: StubbedAws) -> None:
    run = Run(aws)
    run.events(OLD)
    aws.answer("cloudformation", "delete_stack", {}, {"StackName": "orders-ana"})
    run.events(event(2, "orders-ana", "DELETE_COMPLETE"), OLD)
    run.stack.delete(STACK_ID)
    assert run.told[-1].status == "DELETE_COMPLETE"


def test_stack_that_vanished_is_deleted(aws: StubbedAws) -> None:
    run = Run(aws)
    run.events(OLD)
    aws.answer("cloudformation", "delete_stack", {})
    aws.refuse("cloudformation", "describe_stack_events", "ValidationError", "does not exist")
    run.stack.delete(STACK_ID)


def test_resource_that_cannot_be_deleted_is_named(aws: StubbedAws) -> None:
    run = Run(aws)
    run.events(OLD)
    aws.answer("cloudformation", "delete_stack", {})
    story = [
        event(3, "orders-ana", "DELETE_FAILED"),
        event(2, "Bucket", "DELETE_FAILED", ResourceStatusReason="not empty"),
        OLD,
    ]
    run.events(*story)
    run.events(*story)
    with pytest.raises(DeployError, match=r"Bucket .* not empty"):
        run.stack.delete(STACK_ID)


class TestRest:
    def test_settled_stack_is_let_alone(self, aws: StubbedAws) -> None:
        said: list[str] = []
        for status in ("UPDATE_COMPLETE", "REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE"):
            assert not Run(aws).stack.rest(stack(status), said.append)
        assert said == []

    def test_operation_of_somebody_else_is_waited_for(self, aws: StubbedAws) -> None:
        run, said = Run(aws), list[str]()
        run.events(event(1, "Q", "UPDATE_IN_PROGRESS"))
        run.events(event(2, "orders-ana", "UPDATE_COMPLETE"), event(1, "Q", "UPDATE_IN_PROGRESS"))
        assert run.stack.rest(stack("UPDATE_IN_PROGRESS"), said.append)
        assert said == ["waiting"]

    def test_rollback_that_failed_is_continued(self, aws: StubbedAws) -> None:
        run, said = Run(aws), list[str]()
        run.events(event(1, "orders-ana", "UPDATE_ROLLBACK_FAILED"))
        aws.answer("cloudformation", "continue_update_rollback", {}, {"StackName": STACK_ID})
        run.events(
            event(3, "orders-ana", "UPDATE_ROLLBACK_COMPLETE"),
            event(2, "orders-ana", "UPDATE_ROLLBACK_IN_PROGRESS"),
            event(1, "orders-ana", "UPDATE_ROLLBACK_FAILED"),
        )
        assert run.stack.rest(stack("UPDATE_ROLLBACK_FAILED"), said.append)
        assert said == ["continuing"]
        aws.check_all_asked()
