"""What the relay is told of each function, as it was declared."""

from pathlib import Path

import pytest

from samlive_transform import parse, read, transform
from samlive_transform.report import FunctionReport
from transform_stage import options

HEAD = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Seconds: {Type: Number, Default: 12}
  Folder: {Type: String, Default: by-parameter}
Globals:
  Function: {Runtime: python3.12, Handler: app.handler, Timeout: 7, Architectures: [arm64]}
Resources:
  Shared: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layers/shared}}
"""


def described(body: str, tmp_path: Path, head: str = HEAD) -> dict[str, FunctionReport]:
    file = tmp_path / "template.yaml"
    file.write_text(head + body, encoding="utf-8")
    return {each.logical_id: each for each in transform(read(file), options()).report.functions}


def test_globals_parameters_and_local_paths_are_resolved(tmp_path: Path) -> None:
    (found,) = described(
        "  Fn: {Type: AWS::Serverless::Function, Properties: {CodeUri: !Ref Folder, "
        "Timeout: !Ref Seconds, Layers: [!Ref Shared, 'arn:aws:lambda:eu-west-1:1:layer:x:1']}}\n",
        tmp_path,
    ).values()
    assert found.live and found.reason == ""
    assert (found.runtime, found.handler, found.timeout) == ("python3.12", "app.handler", 12)
    assert (found.memory, found.architecture, found.package) == (128, "arm64", "Zip")
    assert found.code == str(tmp_path / "by-parameter")
    assert found.layers == (str(tmp_path / "layers/shared"), "arn:aws:lambda:eu-west-1:1:layer:x:1")
    assert found.line == 10 and found.file == ""


@pytest.mark.parametrize(
    ("properties", "code", "inline"),
    [
        pytest.param("{}", ".", None, id="absent: the template's folder, as SAM builds it"),
        pytest.param("{CodeUri: src}", "src", None, id="a folder"),
        pytest.param("{CodeUri: s3://b/k}", None, None, id="a bucket"),
        pytest.param("{CodeUri: {Bucket: b, Key: k}}", None, None, id="a bucket as a mapping"),
        pytest.param("{CodeUri: !ImportValue x}", None, None, id="unknown"),
        pytest.param("{InlineCode: 'x = 1'}", None, "x = 1", id="inline"),
    ],
)
def test_where_the_code_is(
    properties: str, code: str | None, inline: str | None, tmp_path: Path
) -> None:
    body = f"  Fn: {{Type: AWS::Serverless::Function, Properties: {properties}}}\n"
    (found,) = described(body, tmp_path).values()
    assert found.code == (None if code is None else str(tmp_path / code))
    assert found.inline == inline


def test_the_user_can_say_where_the_code_is(tmp_path: Path) -> None:
    body = (
        "  Fn: {Type: AWS::Serverless::Function, Metadata: {SamLive: {Code: elsewhere}}, "
        "Properties: {CodeUri: s3://b/k}}\n"
        "  Cdk: {Type: AWS::Serverless::Function, Metadata: {'aws:asset:path': asset.1}, "
        "Properties: {CodeUri: s3://b/k}}\n"
    )
    found = described(body, tmp_path)
    assert found["Fn"].code == str(tmp_path / "elsewhere")
    assert found["Cdk"].code == str(tmp_path / "asset.1")


def test_an_image_has_neither_runtime_nor_handler(tmp_path: Path) -> None:
    body = (
        "  Fn: {Type: AWS::Serverless::Function, Metadata: {DockerContext: image}, "
        "Properties: {PackageType: Image}}\n"
    )
    (found,) = described(body, tmp_path).values()
    assert (found.runtime, found.handler, found.package) == ("", "", "Image")
    assert found.code == str(tmp_path / "image")
    assert found.metadata == {"DockerContext": "image"}


def test_copies_of_a_loop_are_listed_one_by_one(tmp_path: Path) -> None:
    body = """
  Fn::ForEach::Handlers:
    - Name
    - [Create, Delete]
    - ${Name}Order:
        Type: AWS::Serverless::Function
        Properties: {CodeUri: 'src/${Name}', Handler: !Sub '${Name}.run'}
"""
    found = described(body, tmp_path)
    assert list(found) == ["CreateOrder", "DeleteOrder"]
    assert found["DeleteOrder"].code == str(tmp_path / "src/Delete")
    assert found["DeleteOrder"].handler == "Delete.run"


def test_a_loop_over_an_unknown_list_is_listed_once(tmp_path: Path) -> None:
    body = """
  Fn::ForEach::Handlers:
    - Name
    - !Split [",", !ImportValue names]
    - ${Name}Order: {Type: AWS::Serverless::Function, Properties: {CodeUri: src}}
"""
    assert list(described(body, tmp_path)) == ["${Name}Order"]


def test_text_without_a_file_keeps_paths_as_they_are() -> None:
    source = parse(HEAD + "  Fn: {Type: AWS::Serverless::Function, Properties: {CodeUri: src/}}\n")
    (found,) = transform(source, options()).report.functions
    assert found.code == "src"


def test_a_nested_function_carries_its_stack_and_file(tmp_path: Path) -> None:
    (tmp_path / "child").mkdir()
    child = tmp_path / "child" / "template.yaml"
    child.write_text(
        HEAD + "  Fn: {Type: AWS::Serverless::Function, Properties: {CodeUri: src}}\n",
        encoding="utf-8",
    )
    body = (
        "  Child: {Type: AWS::Serverless::Application, "
        "Properties: {Location: child/template.yaml, Parameters: {Seconds: 3}}}\n"
    )
    (found,) = described(body, tmp_path).values()
    assert found.logical_id == "Child/Fn"
    assert found.code == str(tmp_path / "child" / "src")
    assert (found.file, found.line) == (str(child), 10)
