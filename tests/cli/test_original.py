"""What is kept of a stack that is taken over."""

from typing import Any

import pytest

from samlive.deploy.original import Original, Place, code_of, of_stack, replaced
from stubbed_aws import stack

TREE: dict[str, Any] = {
    "Resources": {
        "Sam": {"Properties": {"CodeUri": "s3://team/sam.zip", "Description": "see s3://"}},
        "Plain": {"Properties": {"Code": {"S3Bucket": "team", "S3Key": "plain.zip"}}},
        "Layer": {"Properties": {"ContentUri": {"Bucket": "team", "Key": "layer.zip"}}},
        "Child": {
            "Properties": {
                "TemplateURL": "https://s3.eu-central-1.amazonaws.com/team/child.template"
            }
        },
        "Host": {"Properties": {"TemplateURL": "https://team.s3.amazonaws.com/host.template"}},
        "Unknown": {"Properties": {"Code": {"S3Bucket": {"Ref": "Bucket"}, "S3Key": "x"}}},
        "Other": {
            "Properties": {"Url": "https://example.com/team/x", "N": 1, "L": ["s3://team/l"]}
        },
    }
}
NAMES = ["sam.zip", "plain.zip", "layer.zip", "child.template", "host.template", "l"]


def test_code_is_found_in_every_form_and_nothing_else_is() -> None:
    assert code_of(TREE) == [Place("team", name) for name in NAMES]


def test_same_code_named_twice_is_one() -> None:
    assert code_of({"a": "s3://b/k", "c": {"S3Bucket": "b", "S3Key": "k"}}) == [Place("b", "k")]


def test_only_what_moved_is_replaced() -> None:
    moved = {Place("team", "plain.zip"): Place("ours", "copy")}
    new = replaced(TREE, moved)
    assert new["Resources"]["Plain"]["Properties"]["Code"] == {"S3Bucket": "ours", "S3Key": "copy"}
    assert {**new["Resources"], "Plain": 0} == {**TREE["Resources"], "Plain": 0}
    assert TREE["Resources"]["Plain"]["Properties"]["Code"]["S3Key"] == "plain.zip"


@pytest.mark.parametrize("name", NAMES)
def test_replacement_is_found_where_the_original_was(name: str) -> None:
    moved = {Place("team", name): Place("ours", "copy")}
    assert Place("ours", "copy") in code_of(replaced(TREE, moved))


def test_hidden_parameters_are_not_taken_for_values() -> None:
    parameters = [
        {"ParameterKey": "Level", "ParameterValue": "INFO"},
        {"ParameterKey": "Password", "ParameterValue": "****"},
        {"ParameterKey": "Empty", "ParameterValue": ""},
    ]
    found = of_stack(stack(Parameters=parameters, Capabilities=["CAPABILITY_IAM"]), "text")
    assert found.parameters == {"Level": "INFO", "Password": None, "Empty": ""}
    assert found.capabilities == ("CAPABILITY_IAM",)


def test_what_is_kept_comes_back() -> None:
    kept = Original("text", {"A": "1", "B": None}, {"team": "x"}, ("C",), (("b", "k", "copy"),))
    assert Original.decode(kept.encode()) == kept
