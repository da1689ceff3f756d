"""Whose stack it is, and what its state allows."""

from typing import Any

import pytest

from samlive.deploy import standing
from samlive.errors import SamliveError
from stubbed_aws import stack


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"Tags": []}, id="made by somebody else"),
        pytest.param(
            {
                "Tags": [
                    {"Key": "samlive:app", "Value": "orders"},
                    {"Key": "samlive:stage", "Value": "ben"},
                ]
            },
            id="another stage",
        ),
        pytest.param({"EnableTerminationProtection": True}, id="termination protection"),
        pytest.param(
            {"Tags": [*stack()["Tags"], {"Key": "samlive:protect", "Value": ""}]}, id="protect tag"
        ),
    ],
)
def test_stack_that_is_not_ours_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(SamliveError) as refused:
        standing.check_ours(stack(**fields), "orders-ana", "orders", "ana")
    assert refused.value.hint


def test_productive_name_is_refused_even_without_a_stack() -> None:
    with pytest.raises(SamliveError, match="production"):
        standing.check_ours(None, "orders-prod", "orders", "ana")


def test_own_stack_no_stack_and_an_empty_shell_are_fine() -> None:
    standing.check_ours(stack(), "orders-ana", "orders", "ana")
    standing.check_ours(None, "orders-ana", "orders", "ana")
    standing.check_ours(stack("REVIEW_IN_PROGRESS", Tags=[]), "orders-ana", "orders", "ana")


def test_stack_that_needs_a_person_is_refused() -> None:
    with pytest.raises(SamliveError, match="UPDATE_ROLLBACK_FAILED"):
        standing.way(stack("UPDATE_ROLLBACK_FAILED"))


@pytest.mark.parametrize(
    ("status", "way"),
    [
        ("REVIEW_IN_PROGRESS", "create"),
        ("CREATE_IN_PROGRESS", "wait"),
        ("UPDATE_ROLLBACK_IN_PROGRESS", "wait"),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "wait"),
        ("DELETE_IN_PROGRESS", "wait"),
        ("CREATE_COMPLETE", "update"),
        ("UPDATE_COMPLETE", "update"),
        ("UPDATE_ROLLBACK_COMPLETE", "update"),
        ("UPDATE_FAILED", "update"),
        ("ROLLBACK_COMPLETE", "replace"),
        ("ROLLBACK_FAILED", "replace"),
        ("CREATE_FAILED", "replace"),
        ("DELETE_FAILED", "replace"),
    ],
)
def test_state_decides_what_a_deploy_begins_with(status: str, way: str) -> None:
    assert standing.way(stack(status)) == way


def test_no_stack_is_created() -> None:
    assert standing.way(None) == "create"


def test_marks_come_back_and_foreign_outputs_do_not_confuse() -> None:
    text = standing.mark("content", "key")
    outputs = [{"OutputKey": standing.MARK_OUTPUT, "OutputValue": text}]
    assert standing.marks_of(stack(Outputs=outputs)) == ("content", "key")
    assert standing.marks_of(stack(Outputs=[{"OutputKey": "SamLive", "OutputValue": "x"}])) == (
        None,
        None,
    )
    assert standing.marks_of(None) == (None, None)
