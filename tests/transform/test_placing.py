"""Every artifact can be written back where it came from."""

from pathlib import Path
from typing import Any

import pytest

from samlive_transform import parse, read, transform
from samlive_transform.placing import place
from samlive_transform.steps import at
from transform_stage import options

CASE = Path(__file__).parent / "cases" / "artifacts" / "lists_what_is_left" / "input.yaml"

API = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: src/, Handler: a.b, Runtime: python3.12}
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: v1
      DefinitionBody:
        paths:
          /orders.json:
            get: {Fn::Transform: {Name: AWS::Include, Parameters: {Location: get.yaml}}}
  Fn::Transform:
    - {Name: AWS::Include, Parameters: {Location: more.yaml}}
"""
LOOP = """
Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: src/, Handler: a.b, Runtime: python3.12}
  Fn::ForEach::Layers:
    - Name
    - [A, B]
    - ${Name}Layer: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layers/}}
"""


def places(tree: dict[str, Any]) -> list[Any]:
    body = tree["Resources"]["Api"]["Properties"]["DefinitionBody"]["paths"]["/orders.json"]
    return [
        body["get"]["Fn::Transform"]["Parameters"]["Location"],
        tree["Resources"]["Fn::Transform"][0]["Parameters"]["Location"],
    ]


def test_every_kind_of_artifact_finds_its_place() -> None:
    result = transform(read(CASE), options())
    tree = result.template
    for number, artifact in enumerate(result.artifacts):
        tree = place(tree, artifact, f"placed {number}")
    for number, artifact in enumerate(result.artifacts):
        head = ("Resources",) if artifact.logical_id in tree["Resources"] else ()
        path = artifact.path.split(".") if "Repo" not in artifact.path else [
            artifact.path.rpartition(".")[0], artifact.path.rpartition(".")[2]
        ]  # fmt: skip
        assert at(tree, (*head, artifact.logical_id, *path)) == f"placed {number}"
    assert "placed" not in str(result.template)


def test_keys_with_dots_and_includes_in_lists_are_found() -> None:
    result = transform(parse(API), options())
    tree = result.template
    for artifact in result.artifacts:
        tree = place(tree, artifact, "s3://bucket/key")
    assert places(tree) == ["s3://bucket/key", "s3://bucket/key"]


def test_a_resource_in_a_loop_is_found() -> None:
    result = transform(parse(LOOP), options())
    (artifact,) = result.artifacts
    tree = place(result.template, artifact, "s3://bucket/key")
    layer = tree["Resources"]["Fn::ForEach::Layers"][2]["${Name}Layer"]
    assert layer["Properties"]["ContentUri"] == "s3://bucket/key"


@pytest.mark.parametrize("name", ["Child", "Child/Grandchild"])
def test_a_nested_one_is_named_by_its_last_id(name: str) -> None:
    result = transform(read(CASE), options())
    artifact = next(each for each in result.artifacts if each.logical_id == "Machine")
    nested = type(artifact)(
        f"{name}/Machine", artifact.path, artifact.local, artifact.kind, artifact.form, False
    )
    tree = place(result.template, nested, "x")
    assert tree["Resources"]["Machine"]["Properties"]["DefinitionUri"] == "x"
