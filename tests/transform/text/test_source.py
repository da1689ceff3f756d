"""Reading: what scalars and tags mean, and where things stand."""

from pathlib import Path
from typing import Any

import pytest

from samlive_transform.source import parse, read

RESOURCES = "\nResources: {}\n"


def value(text: str) -> Any:
    return parse(f"X: {text}{RESOURCES}").tree["X"]


TEXTS = (
    "2012-10-17", "2010-09-09", "2012-10-17T00:00:00Z", "012345678912", "0777", "007", "08",
    "12:30:45", "190:20", "1.10", "3.100", "1.2.3", "1e3", ".", "+", "y", "n", "None", "yEs",
    "0o17", "10:00", ".inf", ".nan", "=", "0x", "arn:aws:iam::012345678912:role/x", "é", "-a",
)  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_what_readers_disagree_on_stays_text(text: str) -> None:
    assert value(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0), ("-7", -7), ("+7", 7), ("123456789012", 123456789012), ("1_000", 1000),
        ("0x1F", 31), ("0b11", 3), ("1.5", 1.5), ("1.0", 1.0), ("-.5", -0.5), ("1.5e+3", 1500.0),
        ("true", True), ("Yes", True), ("off", False), ("NO", False), ("~", None), ("", None),
        ("null", None), ("'1'", "1"), ('"true"', "true"), ("!!str 1", "1"), ("!!int '1'", 1),
        ("! 1", "1"), ("!!binary aGk=", "aGk="), ("|\n  1\n", "1\n"),
    ],
)  # fmt: skip
def test_scalars(text: str, expected: Any) -> None:
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("!Ref A", {"Ref": "A"}),
        ("!Condition A", {"Condition": "A"}),
        ("!Sub '${A}'", {"Fn::Sub": "${A}"}),
        ("!Sub [a, {b: !Ref c}]", {"Fn::Sub": ["a", {"b": {"Ref": "c"}}]}),
        ("!GetAtt A.B", {"Fn::GetAtt": ["A", "B"]}),
        ("!GetAtt A.B.C", {"Fn::GetAtt": ["A", "B.C"]}),
        ("!GetAtt [A, B]", {"Fn::GetAtt": ["A", "B"]}),
        ("{'Fn::GetAtt': A.B}", {"Fn::GetAtt": "A.B"}),
        ("!ImportValue 012", {"Fn::ImportValue": "012"}),
        ("!If [A, 1, !Ref B]", {"Fn::If": ["A", 1, {"Ref": "B"}]}),
        ("!Transform {Name: x}", {"Fn::Transform": {"Name": "x"}}),
        ("!Sub |\n  a\n  b\n", {"Fn::Sub": "a\nb\n"}),
        ("!Not\n - !Equals [a, yes]", {"Fn::Not": [{"Fn::Equals": ["a", True]}]}),
    ],
)
def test_short_tags_become_long(text: str, expected: Any) -> None:
    assert value(text) == expected


def test_keys_are_text() -> None:
    tree = parse("200: a\non: b\n2012-10-17: c\n'1.0': d\n~: e" + RESOURCES).tree
    assert list(tree) == ["200", "on", "2012-10-17", "1.0", "~", "Resources"]


def test_aliases_and_merge_keys_are_resolved() -> None:
    tree = parse(
        "A: &a {x: 1, y: 2}\nB: *a\nC: {<<: *a, x: 3}\nD: {<<: [{x: 0}, *a], z: 4}" + RESOURCES
    ).tree
    assert tree["B"] == {"x": 1, "y": 2}
    assert tree["C"] == {"x": 3, "y": 2}
    assert tree["D"] == {"x": 0, "y": 2, "z": 4}
    tree["A"]["x"] = 9
    assert tree["B"]["x"] == 1


def test_an_alias_of_a_text_can_be_a_key() -> None:
    source = parse("A: &a x\nB:\n  c: 1\n  *a : 2" + RESOURCES)
    assert source.tree["B"] == {"c": 1, "x": 2}
    assert source.line(("B", "x")) == 4


def test_a_merged_list_of_aliases_has_lines() -> None:
    source = parse("A: &a {x: 1}\nB: &b {y: 1}\nC: {<<: [*a, *b]}" + RESOURCES)
    assert (source.line(("C", "x")), source.line(("C", "y"))) == (1, 2)


def test_an_anchor_can_be_given_anew() -> None:
    tree = parse("A: &a 1\nB: *a\nC: &a 2\nD: *a" + RESOURCES).tree
    assert (tree["B"], tree["D"]) == (1, 2)


def test_json_is_recognised_by_content(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(
        '{"Resources": {}, "A": "\\ud83d\\ude00", "V": 1.10, "W": 1.5, "N": -3, "E": 1e3}'
    )
    source = read(path)
    assert source.kind == "json"
    assert source.tree == {"Resources": {}, "A": "😀", "V": "1.10", "W": 1.5, "N": -3, "E": 1e3}


def test_braces_with_short_tags_are_yaml() -> None:
    source = parse("{Resources: {}, A: !Ref B} # ok")
    assert (source.kind, source.tree["A"]) == ("yaml", {"Ref": "B"})


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_marks_and_line_ends(tmp_path: Path, newline: str, mark: str) -> None:
    path = tmp_path / "template.yaml"
    text = newline.join(["Resources:", "  A:", "    Type: é", "    B: |", "      x", "      y", ""])
    path.write_bytes((mark + text).encode())
    source = read(path)
    assert source.tree == {"Resources": {"A": {"Type": "é", "B": "x\ny\n"}}}
    assert source.text == text
    assert source.line(("Resources", "A", "Type")) == 3
    assert (source.marked, source.name, source.path) == (bool(mark), str(path), path)


def test_a_document_between_markers() -> None:
    assert parse("%YAML 1.1\n---\nResources: {}\n...\n").tree == {"Resources": {}}


def test_loops_and_includes_stand_among_resources() -> None:
    text = (
        "Resources:\n  Fn::ForEach::L: [x, [a], {F: {}}]\n  Fn::Transform: {Name: AWS::Include}\n"
    )
    assert len(parse(text).tree["Resources"]) == 2


PLACES = """\
# a comment
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties: &p
      Layers:
        - a
        - !Ref B
      Env: !If
        - C
        - {x: 1,
           y: 2}
      Arn: !GetAtt A.B
  Other:
    <<: {Type: x,
         Extra: y}
    Properties: *p
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 2),
        (("Resources",), 2),
        (("Resources", "Fn"), 3),
        (("Resources", "Fn", "Properties", "Layers"), 6),
        (("Resources", "Fn", "Properties", "Layers", 1), 8),
        (("Resources", "Fn", "Properties", "Layers", 1, "Ref"), 8),
        (("Resources", "Fn", "Properties", "Env", "Fn::If", 1, "y"), 12),
        (("Resources", "Fn", "Properties", "Arn", "Fn::GetAtt", 0), 13),
        (("Resources", "Other", "Properties", "Layers", 0), 7),
        (("Resources", "Other", "Extra"), 16),
        (("Resources", "Fn", "Absent", "Deeper"), 3),
        (("Resources", "Fn", "Properties", "Layers", 9), 6),
        (("Resources", "Fn", "Type", "Deeper"), 4),
        (("Resources", "Fn", "Type", 0), 4),
        (("Absent",), 2),
    ],
)
def test_lines(path: tuple[str | int, ...], line: int) -> None:
    assert parse(PLACES).line(path) == line


def test_lines_of_json() -> None:
    source = parse('{\n "Resources": {\n  "A": {"Type": "x",\n  "L": [\n  1,\n  2]}}}')
    assert source.line(("Resources", "A")) == 3
    assert source.line(("Resources", "A", "L", 1)) == 6
