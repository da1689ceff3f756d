"""The lint gate: only what a rewrite made worse."""

import copy
from pathlib import Path
from typing import Any

import pytest

from samlive_transform import TransformError, parse, transform
from samlive_transform.lint import findings, new_errors
from samlive_transform.translate import translate
from transform_stage import options

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src/
      Handler: app.handler
      Runtime: python3.12
      Events: {Queue: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn}}}
  Queue: {Type: AWS::SQS::Queue}
"""


@pytest.fixture
def tree() -> dict[str, Any]:
    return parse(TEMPLATE).tree


def test_an_old_error_is_not_told(tree: dict[str, Any]) -> None:
    tree["Resources"]["Queue"]["Properties"] = {"DelaySeconds": "soon"}
    assert findings(translate(tree))
    assert new_errors(tree, copy.deepcopy(tree)) == ()


def test_a_rewrite_has_no_new_error(tree: dict[str, Any]) -> None:
    result = transform(parse(TEMPLATE), options())
    assert new_errors(tree, result.template) == ()


def test_a_queue_below_its_function_is_found_through_sam(tree: dict[str, Any]) -> None:
    worse = copy.deepcopy(tree)
    worse["Resources"]["Fn"]["Properties"]["Timeout"] = 900
    assert [each.rule for each in new_errors(tree, worse)] == ["E3505"]


def test_what_sam_refuses_only_afterwards_is_an_error(tree: dict[str, Any]) -> None:
    worse = copy.deepcopy(tree)
    worse["Resources"]["Fn"]["IgnoreGlobals"] = ["Layers"]
    worse["Globals"] = {"Function": {"Timeout": 3}}
    (found,) = new_errors(tree, worse)
    assert found.rule == "SAM" and "IgnoreGlobals" in found.message


def test_what_sam_refuses_before_cannot_get_worse(tree: dict[str, Any]) -> None:
    del tree["Resources"]["Fn"]["Properties"]["Runtime"]
    with pytest.raises(TransformError, match="SAM refuses"):
        translate(tree)
    assert new_errors(tree, tree) == ()


def test_findings_are_kept_by_content(
    tree: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree["Resources"]["Queue"]["Properties"] = {"DelaySeconds": "soon"}
    plain = translate(tree)
    found = findings(plain, tmp_path / "cache")
    monkeypatch.setattr("samlive_transform.lint._run", lambda text: pytest.fail("ran again"))
    assert found and findings(plain, tmp_path / "cache") == found


def test_plain_cloudformation_is_its_own_translation() -> None:
    plain = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    assert translate(plain) is plain


def test_the_translation_needs_no_network_for_applications() -> None:
    source = parse(
        "Transform: AWS::Serverless-2016-10-31\nResources:\n  App:\n"
        "    Type: AWS::Serverless::Application\n    Properties:\n      Location:\n"
        "        ApplicationId: arn:aws:serverlessrepo:us-east-1:123456789012:applications/a\n"
        "        SemanticVersion: 1.0.0\n"
    )
    made = translate(source.tree)
    assert made["Resources"]["App"]["Type"] == "AWS::CloudFormation::Stack"
