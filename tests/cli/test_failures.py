"""Where in the templates a failure of a deploy stands."""

from pathlib import Path
from typing import Any

import pytest

from samlive.deploy.stack import DeployError
from samlive.deployment import _placed
from samlive_transform import read, transform
from transform_stage import options

TOP = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  F: {Type: AWS::Serverless::Function, Properties: {CodeUri: s, Handler: a.b, Runtime: python3.12}}
  Child: {Type: AWS::Serverless::Application, Properties: {Location: child.yaml}}
"""
CHILD = """\
Resources:
  Leaf: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: leaf.yaml}}
"""
LEAF = """\
# a comment
Resources:
  Q: {Type: AWS::SQS::Queue}
"""


@pytest.fixture
def result(tmp_path: Path) -> Any:
    for name, text in (("template", TOP), ("child", CHILD), ("leaf", LEAF)):
        (tmp_path / f"{name}.yaml").write_text(text)
    return transform(read(tmp_path / "template.yaml"), options())


@pytest.mark.parametrize(
    ("logical_id", "place"),
    [
        ("", ""),
        ("Elsewhere", ""),
        ("F", "template.yaml:3: "),
        ("Child", "template.yaml:4: "),
        ("Child/Leaf/Q", "leaf.yaml:3: "),
        ("Child/Leaf", "child.yaml:2: "),
        ("Child/Gone/Q", ""),
        ("F/Q", "template.yaml:3: "),
    ],
)
def test_line_is_that_of_the_resource(result: Any, logical_id: str, place: str) -> None:
    message = _placed(DeployError("it failed", "", logical_id), result).message
    assert message.rpartition("/")[2] == f"{place}it failed"
