"""What an edit changes, in a few lines."""

from pathlib import Path
from typing import Any

from samlive.edit_page import lines
from samlive_transform import parse, read, transform
from transform_stage import options

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Runtime: python3.12, Handler: app.handler, MemorySize: 1024}}
Resources:
  F: {Type: AWS::Serverless::Function, Properties: {CodeUri: src/}}
  G: {Type: AWS::Serverless::Function, Properties: {CodeUri: src/}}
  Q: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: 1, Tags: [{Key: a, Value: b}]}}
"""


def rewritten(text: str) -> Any:
    return transform(parse(text), options())


def difference(after: str, before: str = TEMPLATE) -> list[str]:
    return lines(rewritten(before), rewritten(after))


def test_what_makes_no_difference_to_the_stage_shows_none() -> None:
    assert (
        difference(TEMPLATE.replace("src/", "other/").replace("Resources:", "Resources: # all"))
        == []
    )


def test_what_comes_goes_and_changes() -> None:
    after = TEMPLATE.replace("DelaySeconds: 1", "DelaySeconds: 2").replace("  G:", "  H:")
    assert difference(after + "Outputs: {Url: {Value: x}}\n") == [
        "+ H (AWS::Serverless::Function)",
        "~ Q.DelaySeconds: 1 -> 2",
        "- G (AWS::Serverless::Function)",
        "+ Url",
    ]


def test_an_edit_of_globals_shows_whom_it_reaches() -> None:
    assert difference(TEMPLATE.replace("1024", "2048")) == []  # Globals are not a resource
    further = TEMPLATE.replace("CodeUri: src/", "CodeUri: src/, MemorySize: 3008", 1)
    assert difference(further) == ["~ F.MemorySize: (absent) -> 3008"]


def test_long_values_and_long_lists_are_cut() -> None:
    queues = "".join(f"  Q{n}: {{Type: AWS::SQS::Queue}}\n" for n in range(20))
    found = difference(TEMPLATE + queues)
    assert (len(found), found[-1]) == (9, "and 12 more")
    (line,) = difference(TEMPLATE.replace("Value: b", f"Value: {'x' * 200}"))
    assert line.startswith("~ Q.Tags: ")
    assert len(line) < 120


def test_nested_templates_are_compared_too(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(
        TEMPLATE + "  Child: {Type: AWS::Serverless::Application, Properties: {Location: c.yaml}}\n"
    )

    def child(text: str) -> Any:
        (tmp_path / "c.yaml").write_text(f"Resources:\n  A: {{Type: AWS::SQS::Queue}}\n{text}")
        return transform(read(tmp_path / "template.yaml"), options())

    before = child("")
    assert lines(before, child("  B: {Type: AWS::SQS::Queue}\n")) == ["+ Child/B (AWS::SQS::Queue)"]
