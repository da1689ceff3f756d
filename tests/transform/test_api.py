"""The package's public face."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import samlive_transform
from samlive_transform import TransformError, parse, transform
from transform_stage import options

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: src/, Handler: app.handler, Runtime: python3.12}
"""


def test_every_exported_name_is_there() -> None:
    for name in samlive_transform.__all__:
        assert getattr(samlive_transform, name) is not None


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        samlive_transform.nothing  # noqa: B018


def test_the_import_costs_nothing() -> None:
    script = (
        "import sys, samlive_transform\n"
        "heavy = {'yaml', 'ruamel', 'jinja2', 'cfnlint', 'samtranslator', 'asyncio'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert run.stdout.strip() == "[]"


def test_the_source_is_not_touched() -> None:
    source = parse(TEMPLATE)
    before = json.dumps(source.tree)
    transform(source, options())
    assert json.dumps(source.tree) == before


def test_the_same_input_gives_the_same_bytes() -> None:
    first = transform(parse(TEMPLATE), options())
    second = transform(parse(TEMPLATE), options())
    assert first.deployed() == second.deployed()
    assert first.people() == second.people()
    assert first.report == second.report


def test_the_deployed_text_is_the_template() -> None:
    result = transform(parse(TEMPLATE), options())
    assert json.loads(result.deployed()) == result.template


def test_the_report_is_json() -> None:
    result = transform(parse(TEMPLATE), options())
    told = json.loads(json.dumps(result.report.as_json()))
    assert [each["logical_id"] for each in told["functions"]] == ["Fn"]
    assert {each["rule"] for each in told["changes"]} == {
        "environment", "permissions", "stub", "timeout",
    }  # fmt: skip


@pytest.mark.parametrize(
    "names", [{"stage": "a:b"}, {"stage": ""}, {"stage": "*"}, {"app": "x" * 41}, {"app": "a/b"}]
)
def test_a_name_that_could_reach_another_stage_is_refused(names: dict[str, str]) -> None:
    with pytest.raises(TransformError, match="cannot be the name of the"):
        transform(parse(TEMPLATE), options(**names))


def test_an_error_carries_its_place() -> None:
    with pytest.raises(TransformError) as caught:
        transform(parse("Resources:\n  T: {Type: AWS::SNS::Topic}\n", "t.yaml"), options())
    error = caught.value
    assert (error.file, str(error)) == ("t.yaml", f"t.yaml: {error.message}")
    assert error.hint


def test_an_error_without_a_file_is_its_message() -> None:
    assert str(TransformError("broken", line=3)) == "broken"
    assert str(TransformError("broken", file=Path("t.yaml"), line=3)) == "t.yaml:3: broken"
