"""What is said to be proven is what reading the whole text gives."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samlive_transform.edits import same
from samlive_transform.errors import TemplateError
from samlive_transform.proof import proven
from samlive_transform.source import load, parse

TEXT = """\
# A template
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Timeout: 3
Resources:
  # the first
  One:
    Type: AWS::Serverless::Function
    Properties:
      InlineCode: |
        def handler(event, context):
            return 1

      Handler: "index.handler"

  Two:
    Type: AWS::SQS::Queue
    Properties: {VisibilityTimeout: 30}
  Three:
    Type: AWS::SNS::Topic
Outputs:
  Url:
    Value: !Ref Two
"""
LINES = st.sampled_from(
    [
        "  Four:",
        "    Type: AWS::SNS::Topic",
        "  Two: {Type: A}",
        "Resources:",
        "    x: |",
        "      y",
        "# no",
        "",
        "   ",
        "  One: &a",
        "    b: *a",
        "  'Two':",
        "    - 1",
        "...",
        "---",
        "  ? Five",
        "    Type: 'it",
        "  <<: {Type: A}",
        "\tx: 1",
        "  Six: !Sub x",
        "    Type: >-",
    ]
)
CUTS = st.lists(st.tuples(st.integers(0, 22), st.integers(0, 3), st.lists(LINES, max_size=3)))


def read(text: str) -> Any:
    try:
        return load(text)[1].value
    except TemplateError:
        return None


@settings(max_examples=400, deadline=None)
@given(cuts=CUTS.filter(lambda cuts: 0 < len(cuts) < 4))
def test_nothing_is_proven_that_is_not_so(cuts: list[tuple[int, int, list[str]]]) -> None:
    source = parse(TEXT)
    lines = TEXT.splitlines()
    for at, removed, new in cuts:
        lines[at : at + removed] = new
    text = "\n".join([*lines, ""])
    tree = read(text)
    for wanted in (tree, source.tree):
        if isinstance(wanted, dict) and proven(source, text, wanted):
            assert tree is not None and same(tree, wanted)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("    Type: AWS::SNS::Topic\n", "    Type: AWS::SNS::Topic\n    DependsOn: One\n"),
        ("{VisibilityTimeout: 30}", "{VisibilityTimeout: 900}"),
        ("            return 1\n", "            return 2\n"),
        ("  Two:\n", "  Four:\n    Type: AWS::SNS::Topic\n  Two:\n"),
        ("  Three:\n    Type: AWS::SNS::Topic\n", ""),
        ("    Timeout: 3\n", "    Timeout: 900\n"),
        ("!Ref Two", "!Ref Three"),
    ],
)
def test_an_edit_within_blocks_is_proven(before: str, after: str) -> None:
    source = parse(TEXT)
    text = TEXT.replace(before, after)
    assert text != TEXT
    assert proven(source, text, read(text))
    assert not proven(source, text, source.tree)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(TEXT.replace("  One:", "  One: &one"), id="an anchor"),
        pytest.param("%YAML 1.1\n---\n" + TEXT, id="a directive"),
        pytest.param('{"Resources": {"A": {"Type": "B"}}}', id="JSON"),
    ],
)
def test_what_could_reach_across_blocks_is_left_to_reading_all(text: str) -> None:
    source = parse(text)
    assert not proven(source, text.replace("AWS::SNS::Topic", "B"), read(text))
