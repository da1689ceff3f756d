"""The stage's key: made once, kept private, read back, never mistaken."""

from pathlib import Path

import pytest

from samlive.deploy import key, layer
from samlive.state import Project, StageState
from samlive_stub import contract
from stubbed_aws import StubbedAws, stack


@pytest.fixture
def state(tmp_path: Path) -> StageState:
    return Project(tmp_path).of("ana")


@pytest.fixture
def aws() -> StubbedAws:
    return StubbedAws()


def deployed(aws: StubbedAws, text: str) -> None:
    """Script a stack whose second function holds a key."""
    resources = [
        {"LogicalResourceId": "Q", "ResourceType": "AWS::SQS::Queue", "PhysicalResourceId": "q"},
        *(
            {
                "LogicalResourceId": name,
                "ResourceType": "AWS::Lambda::Function",
                "PhysicalResourceId": name,
            }
            for name in ("Kept", "Orders")
        ),
    ]
    fixed = {"ResourceStatus": "CREATE_COMPLETE", "LastUpdatedTimestamp": "2026-01-01T00:00:00Z"}
    aws.answer(
        "cloudformation",
        "list_stack_resources",
        {"StackResourceSummaries": [{**each, **fixed} for each in resources]},
    )
    settings = contract.Settings(
        app="orders", stage="ana", function="Orders", endpoint="e", region="r", key=text
    )
    aws.answer("lambda", "get_function_configuration", {}, {"FunctionName": "Kept"})
    aws.answer(
        "lambda",
        "get_function_configuration",
        {"Environment": {"Variables": {contract.VARIABLE: settings.encode()}}},
        {"FunctionName": "Orders"},
    )


@pytest.mark.parametrize("text", ["", "short", "!" * 43, "A" * 44])
def test_text_that_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"bytes|base64"):
        key.decode(text)


def test_keys_differ_and_come_back() -> None:
    first, second = key.new(), key.new()
    assert first != second
    assert len(key.decode(first)) == 32
    assert key.encode(key.decode(first)) == first
    assert "=" not in first


def test_digest_does_not_give_the_key_away() -> None:
    text = key.new()
    assert key.digest(text) == key.digest(text)
    assert len(key.digest(text)) == 16


def test_first_deploy_makes_a_key_and_keeps_it(aws: StubbedAws, state: StageState) -> None:
    made, known = key.for_stage(aws, None, None, state)
    assert not known
    assert state.key == made
    assert key.for_stage(aws, None, None, state) == (made, False)


def test_kept_key_that_the_stack_has_is_used_without_asking(
    aws: StubbedAws, state: StageState
) -> None:
    text = key.new()
    state.keep_key(text)
    assert key.for_stage(aws, stack(), key.digest(text), state) == (text, True)


@pytest.mark.parametrize("kept", [None, "nonsense", "another"])
def test_key_is_read_back_from_a_live_function(
    aws: StubbedAws, state: StageState, kept: str | None
) -> None:
    if kept:
        state.keep_key(key.new() if kept == "another" else kept)
    text = key.new()
    deployed(aws, text)
    assert key.for_stage(aws, stack(), key.digest(text), state) == (text, True)
    assert state.key == text


def test_key_that_cannot_be_read_back_is_replaced(aws: StubbedAws, state: StageState) -> None:
    deployed(aws, key.new())
    made, known = key.for_stage(aws, stack(), key.digest("lost"), state)
    assert not known
    assert state.key == made


def test_layer_of_another_content_is_not_taken(aws: StubbedAws) -> None:
    version = {"LayerVersionArn": "arn:1", "Description": "samlive 0.1.0 stub 0123456789abcdef"}
    aws.answer("lambda", "list_layer_versions", {"LayerVersions": [version]})
    assert layer.find(aws, "f" * 16) is None


def test_layer_is_found_by_its_content_and_published_once(aws: StubbedAws) -> None:
    content, digest = layer.build()
    assert layer.build() == (content, digest)
    aws.answer("lambda", "publish_layer_version", {"LayerVersionArn": "arn:1"})
    made = layer.publish(aws)
    description = f"samlive 0.1.0 stub {digest}"
    versions = [{"LayerVersionArn": "arn:1", "Description": description}]
    aws.answer("lambda", "list_layer_versions", {"LayerVersions": versions})
    assert layer.find(aws, digest) == made
