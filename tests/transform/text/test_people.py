"""Writing for people: what must stay, then what edits look like in each layout."""

from typing import Any

import pytest

from samlive_transform.edits import DELETE, Edit, Insert, apply, same
from samlive_transform.people import diff_text, render_people
from samlive_transform.plan import promote
from samlive_transform.source import parse

HEAD = "Resources: {}\n"


def rendered(text: str, *edits: Edit) -> str:
    """Return a text with edits made; the section Resources is added and taken off again."""
    source = parse(text + HEAD)
    result = render_people(source, edits)
    assert same(parse(result).tree, apply(source.tree, edits))
    assert result.endswith(HEAD)
    return result.removesuffix(HEAD)


def test_without_edits_nothing_changes() -> None:
    text = "\ufeff# c\r\nResources:   {  }   # x\r\nA:  'b'\r\n\r\n"
    assert render_people(parse(text), []) == text


def test_an_edit_to_the_same_value_changes_nothing() -> None:
    text = "Resources: {}\nA:   'b' # c\n"
    assert render_people(parse(text), [Edit(("A",), "b")]) == text


UNTOUCHED = """\
# licence
A:
    "Quoted" :   yes   # odd blanks
    Folded: >-
        several
        lines
    Flow: {  a: 1 ,b: [x,  y ] }
    List:
    - !Sub  "${x}"
    -   { k: v }


    Long: a text that goes on
      in the next line
Last: 1
"""


def test_all_else_stays_byte_for_byte() -> None:
    assert rendered(UNTOUCHED, Edit(("Last",), 2)) == UNTOUCHED.replace("Last: 1", "Last: 2")


REPLACE = (
    pytest.param("A: 1  # why\n", 2, "A: 2  # why\n", id="comment-behind-stays"),
    pytest.param("A:   1\n", 2, "A:   2\n", id="alignment-stays"),
    pytest.param("A:\n", 2, "A: 2\n", id="empty"),
    pytest.param("A: # why\n", 2, "A: 2 # why\n", id="empty-with-comment"),
    pytest.param("A: ''\n", "b", "A: b\n", id="quotes-go"),
    pytest.param("A: |\n  x\n  y\n\n", "b", "A: b\n\n", id="literal"),
    pytest.param("A: >-\n  x\n  y\n", "b", "A: b\n", id="folded"),
    pytest.param("A: x\n  y\n", "b", "A: b\n", id="plain-of-two-lines"),
    pytest.param("A:\n  x\n", "b", "A: b\n", id="value-on-the-next-line"),
    pytest.param("A:\n  B: 1\n  C: 2\n", "b", "A: b\n", id="mapping-by-text"),
    pytest.param("A: # why\n  B: 1\n", "b", "A: b # why\n", id="comment-behind-the-key-stays"),
    pytest.param("A:\n- 1\n- 2\n", "b", "A: b\n", id="list-by-text"),
    pytest.param("A: {B: 1}  # why\n", "b", "A: b  # why\n", id="braces"),
    pytest.param("A: !If\n  - x\n  - y # no\n", "b", "A: b\n", id="tagged-list"),
    pytest.param("A: !Sub |\n  x\n  y\n", "b", "A: b\n", id="tagged-literal"),
    pytest.param("A: 1 # why\n", {"B": 2}, "A: # why\n  B: 2\n", id="text-by-mapping"),
    pytest.param("A: 1 # why\n", [2], "A: # why\n  - 2\n", id="text-by-list"),
    pytest.param("A: 1 # why\n", "x\ny\n", "A: | # why\n  x\n  y\n", id="text-by-literal"),
    pytest.param("A: {}\n", {"B": 2}, "A:\n  B: 2\n", id="empty-braces"),
    pytest.param("A:\n    B: 1\nC: x\n", {"B": {"D": 2}}, "A:\n    B:\n        D: 2\nC: x\n",
                 id="deep-indentation"),
    pytest.param('"A": 1\n', 2, '"A": 2\n', id="quoted-key"),
    pytest.param("A : 1\n", 2, "A : 2\n", id="blank-before-colon"),
    pytest.param("? A\n: 1\n", 2, "A: 2\n", id="explicit-key"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "value", "expected"), REPLACE)
def test_replace(text: str, value: Any, expected: str) -> None:
    assert rendered(text, Edit(("A",), value)) == expected


DELETIONS = (
    pytest.param("A: 1\nB: 2\n", ("A",), "B: 2\n", id="one-line"),
    pytest.param("# a\nA: 1 # x\n# b\nB: 2\n", ("A",), "# a\n# b\nB: 2\n", id="comments-around"),
    pytest.param("A:\n  # inside\n  X: 1\n\nB: 2\n", ("A",), "\nB: 2\n", id="comments-inside-go"),
    pytest.param("A:\n  X: 1\n  W: 2\n", ("A", "W"), "A:\n  X: 1\n", id="last-key"),
    pytest.param("A:\n  X: 1\n", ("A", "X"), "A: {}\n", id="only-key"),
    pytest.param("A: # a\n  # x\n  X: 1\n", ("A", "X"), "A: {} # a\n  # x\n", id="comments-of-it"),
    pytest.param("A:\n  - X: 1\n    W: 2\n", ("A", 0, "X"), "A:\n  - W: 2\n", id="behind-a-dash"),
    pytest.param("A:\n  - X: 1\n    # y\n    W: 2\n", ("A", 0, "X"), "A:\n  -\n    # y\n    W: 2\n",
                 id="behind-a-dash-with-comment"),
    pytest.param("A:\n  - X: 1\n", ("A", 0, "X"), "A:\n  - {}\n", id="only-key-behind-a-dash"),
    pytest.param("A:\n  - 1\n  - 2 # x\n", ("A", 1), "A:\n  - 1\n", id="last-item"),
    pytest.param("A:\n- 1\n# two\n- 2\n", ("A", 0), "A:\n# two\n- 2\n", id="first-item"),
    pytest.param("A:\n  - 1\n", ("A", 0), "A: []\n", id="only-item"),
    pytest.param("A:\n  - - 1\n    - 2\n", ("A", 0, 0), "A:\n  - - 2\n", id="list-behind-a-dash"),
    pytest.param("A: {X: 1, W: 2}\n", ("A", "X"), "A: {W: 2}\n", id="flow-first"),
    pytest.param("A: {X: 1, W: 2}\n", ("A", "W"), "A: {X: 1}\n", id="flow-last"),
    pytest.param("A: { X: 1 }\n", ("A", "X"), "A: {}\n", id="flow-only"),
    pytest.param("A: [\n  1,\n  2,\n]\n", ("A", 1), "A: [\n  1,\n]\n", id="flow-trailing-comma"),
    pytest.param("A:\n  X: |\n    a\n\n  W: 2\n", ("A", "X"), "A:\n\n  W: 2\n", id="literal"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "path", "expected"), DELETIONS)
def test_delete(text: str, path: tuple[str | int, ...], expected: str) -> None:
    assert rendered(text, Edit(path, DELETE)) == expected


ADDITIONS = (
    pytest.param("A:\n  X: 1\n", ("A", "W"), 2, "A:\n  X: 1\n  W: 2\n", id="behind-the-last"),
    pytest.param("A:\n  X: 1 # x\n  # also x\n\nB: 1\n", ("A", "W"), 2,
                 "A:\n  X: 1 # x\n  # also x\n  W: 2\n\nB: 1\n", id="below-comments"),
    pytest.param("A:\n  X:\n    Z: 1\n    # Q: 2\nB: 1\n", ("A", "W"), 2,
                 "A:\n  X:\n    Z: 1\n    # Q: 2\n  W: 2\nB: 1\n", id="below-deeper-comments"),
    pytest.param("A:\n  X: |+\n    a\n\nB: 1\n", ("A", "W"), 2,
                 "A:\n  X: |+\n    a\n\n  W: 2\nB: 1\n", id="behind-kept-blank-lines"),
    pytest.param("A:\n  X: |\n    a  \nB: 1\n", ("A", "W"), 2,
                 "A:\n  X: |\n    a  \n  W: 2\nB: 1\n", id="behind-blanks-at-the-end"),
    pytest.param("A:\n  X: 1\n\n  W: 2\n", ("A", "Z"), 3, "A:\n  X: 1\n\n  W: 2\n\n  Z: 3\n",
                 id="apart-like-the-others"),
    pytest.param("A:\n  X: 1\n\n  Z: |+\n    a\n\nB: 1\n", ("A", "W"), 2,
                 "A:\n  X: 1\n\n  Z: |+\n    a\n\n  W: 2\nB: 1\n", id="kept-blank-lines-suffice"),
    pytest.param("A:\n-   x\n-   y\n", ("A", 0), {"X": 1, "W": 2},
                 "A:\n- X: 1\n  W: 2\n-   y\n", id="behind-a-wide-dash"),
    pytest.param("A: {X: 1}\n", ("A", "W"), "b", "A: {X: 1, W: b}\n", id="flow"),
    pytest.param("A: {\n  X: 1 # x\n}\n", ("A", "W"), 2, "A: {\n  X: 1,\n  W: 2 # x\n}\n",
                 id="flow-lines"),
    pytest.param("A:\n  - X: 1\n", ("A", 0, "W"), 2, "A:\n  - X: 1\n    W: 2\n", id="in-an-item"),
    pytest.param("A:\n  - 1\n", ("A", 1), Insert(2), "A:\n  - 1\n  - 2\n", id="append"),
    pytest.param("A:\n# one\n- 1\n", ("A", 0), Insert(0), "A:\n# one\n- 0\n- 1\n", id="prepend"),
    pytest.param("A: !If  # a-b\n  # - c\n  - # d -\n    X: 1\n", ("A", "Fn::If", 1), Insert(3),
                 "A: !If  # a-b\n  # - c\n  - # d -\n    X: 1\n  - 3\n", id="dashes-in-comments"),
    pytest.param("A:\n  - 1\n  - # e - f\n    X: 1\n", ("A", 1), DELETE, "A:\n  - 1\n",
                 id="a-dash-in-a-comment-behind-it"),
    pytest.param("A: [1]\n", ("A", 1), Insert("a, b"), "A: [1, 'a, b']\n", id="flow-append"),
    pytest.param("A: [1]\n", ("A", 0), Insert(0), "A: [0, 1]\n", id="flow-prepend"),
    pytest.param("A: []\n", ("A", 0), Insert(1), "A:\n  - 1\n", id="first-item"),
    pytest.param("A:\n- 1\n", ("A", 1), Insert({"X": {"W": 1}, "Z": [2]}),
                 "A:\n- 1\n- X:\n    W: 1\n  Z:\n  - 2\n", id="flush-lists"),
    pytest.param("A: !If\n  - C\n  - a\n", ("A", "Fn::If", 2), Insert({"Ref": "B"}),
                 "A: !If\n  - C\n  - a\n  - !Ref B\n", id="in-a-tagged-list"),
    pytest.param("A: !If [C, a]\n", ("A", "Fn::If", 2), Insert({"Ref": "B"}),
                 "A: !If [C, a, !Ref B]\n", id="in-tagged-brackets"),
    pytest.param("A: null\n", ("A", "B"), 1, "A:\n  B: 1\n", id="in-null"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "path", "value", "expected"), ADDITIONS)
def test_add(text: str, path: tuple[str | int, ...], value: Any, expected: str) -> None:
    assert rendered(text, Edit(path, value)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A:\n  - 1\n  - 4\n", "A:\n  - 1\n  - 2\n  - 3\n  - 4\n"),
        ("A: [1, 4]\n", "A: [1, 2, 3, 4]\n"),
    ],
)
def test_several_new_items_keep_their_order(text: str, expected: str) -> None:
    assert rendered(text, Edit(("A",), [1, 2, 3, 4])) == expected


def test_a_place_written_anew_is_the_one_before_others_moved_it() -> None:
    tree = {"L": [{"a": 1}, {"b": 2}]}
    edits = [Edit(("L", 0), Insert(0)), Edit(("L", 2, "b"), 3)]
    moved = (Edit(("L", 1, "b"), 3), Edit(("L", 0), Insert(0)))
    assert apply(tree, promote(tree, moved, ("L", 1))) == apply(tree, edits)
    assert apply(tree, promote(tree, moved, ("L",))) == apply(tree, edits)


WRITTEN: tuple[tuple[Any, str], ...] = (
    ("2012-10-17", "'2012-10-17'"), ("012345678912", "'012345678912'"), ("yes", "'yes'"),
    ("off", "'off'"), ("y", "'y'"), ("1", "'1'"), ("1.10", "'1.10'"), ("1e3", "'1e3'"), ("", "''"),
    ("~", "'~'"), ("null", "'null'"), ("a: b", "'a: b'"), ("a #b", "'a #b'"), ("- a", "'- a'"),
    ("*a", "'*a'"), ("it's", "it's"), ("'it", '"\'it"'), ("a\tb", '"a\\tb"'), ("é", "é"),
    ("arn:aws:iam::aws:policy/X", "arn:aws:iam::aws:policy/X"), ("python3.13", "python3.13"),
    ({"Ref": "AWS::Region"}, "!Ref AWS::Region"), ({"Fn::Sub": "${A}-b"}, "!Sub ${A}-b"),
    ({"Fn::GetAtt": ["A", "B.C"]}, "!GetAtt A.B.C"), ({"Fn::GetAtt": "A.B"}, "\n  Fn::GetAtt: A.B"),
    ({"Fn::Base64": {"Ref": "B"}}, "\n  Fn::Base64: !Ref B"),
    ({"Fn::If": ["C", 900, {"Ref": "AWS::NoValue"}]}, "!If [C, 900, !Ref AWS::NoValue]"),
    ({"Fn::If": ["C", {"A": 1}, [2]]}, "!If\n  - C\n  - A: 1\n  - - 2"),
    ({"Fn::Sub": "a\n${b}\n"}, "!Sub |\n  a\n  ${b}"), ("a\nb", "|-\n  a\n  b"),
    ("a\n\n", '"a\\n\\n"'), (" a\nb", '" a\\nb"'), (True, "true"), (None, "null"), (1.5, "1.5"),
    ([], "[]"), ({}, "{}"), ([{"a": 1, "b": 2}], "\n  - a: 1\n    b: 2"),
    ({"yes": 1, "a:b": 2, "k: v": 3}, "\n  'yes': 1\n  a:b: 2\n  'k: v': 3"),
)  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), WRITTEN)
def test_how_values_are_written(value: Any, expected: str) -> None:
    gap = "" if expected.startswith("\n") else " "
    assert rendered("A: x\n", Edit(("A",), value)) == f"A:{gap}{expected}\n"


def test_long_intrinsics_stay_long_where_the_file_has_no_short_ones() -> None:
    text = "B:\n  Fn::Sub: x\nA: 1\n"
    assert rendered(text, Edit(("A",), {"Ref": "C"})) == "B:\n  Fn::Sub: x\nA:\n  Ref: C\n"


def test_the_preferred_quotation_mark_is_used() -> None:
    assert rendered('B: "b"\nA: 1\n', Edit(("A",), "yes")) == 'B: "b"\nA: "yes"\n'


def test_sections_go_above_resources_and_their_comments() -> None:
    text = "A: 1\n\n# all\nResources:\n  F: {Type: x}\n"
    edits = [Edit(("Parameters",), {"P": {"Type": "String"}}), Edit(("Outputs",), {"O": 1})]
    assert render_people(parse(text), edits) == (
        "A: 1\n\nParameters:\n  P:\n    Type: String\n\n# all\nResources:\n  F: {Type: x}\n"
        "\nOutputs:\n  O: 1\n"
    )


def test_windows_line_ends_are_kept() -> None:
    text = "Resources:\r\n  F:\r\n    Type: x # t\r\n    Code: |\r\n      a\r\n"
    edits = [
        Edit(("Resources", "F", "Type"), "z"),
        Edit(("Resources", "F", "Code"), "b\nc\n"),
        Edit(("Resources", "F", "L"), [1]),
    ]
    assert render_people(parse(text), edits) == (
        "Resources:\r\n  F:\r\n    Type: z # t\r\n    Code: |\r\n      b\r\n      c\r\n"
        "    L:\r\n      - 1\r\n"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Resources: {}\nA: 1", "Resources: {}\nA: 1\nB: 2\n"),
        ("Resources: {}\nA: |\n  a", "Resources: {}\nA: |-\n  a\nB: 2\n"),
        ("Resources: {}\nA: |+\n  a", "Resources: {}\nA: |-\n  a\nB: 2\n"),
        ("Resources: {}\nA: |-\n  a", "Resources: {}\nA: |-\n  a\nB: 2\n"),
        ("Resources: {}\nA: 1\n...\n", "Resources: {}\nA: 1\nB: 2\n...\n"),
        ("---\nResources: {}\nA: 1", "---\nResources: {}\nA: 1\nB: 2\n"),
    ],
)
def test_the_end_of_a_file(text: str, expected: str) -> None:
    assert render_people(parse(text), [Edit(("B",), 2)]) == expected


def test_a_file_without_a_line_end_keeps_it_so() -> None:
    assert render_people(parse("A: 1\nResources: {}"), [Edit(("A",), 2)]) == "A: 2\nResources: {}"


ANCHORS = (
    pytest.param("A: &a {X: 1}\nB: *a\nC: 1\n", Edit(("C",), 2), "A: &a {X: 1}\nB: *a\nC: 2\n",
                 id="elsewhere"),
    pytest.param("A: &a {X: 1}\nB: *a\n", Edit(("A", "X"), 2), "A: &a {X: 2}\nB:\n  X: 1\n",
                 id="the-anchored-part"),
    pytest.param("A: &a {X: 1}\nB: *a\n", Edit(("A",), DELETE), "B:\n  X: 1\n", id="deleted"),
    pytest.param("A: &a\n  X: 1\nB: *a # b\nC: *a\n", Edit(("B", "X"), 2),
                 "A: &a\n  X: 1\nB: # b\n  X: 2\nC: *a\n", id="one-alias"),
    pytest.param("A: &a {X: 1}\nB:\n  <<: *a\n  W: 2\n", Edit(("B", "X"), 3),
                 "A: &a {X: 1}\nB:\n  <<: *a\n  W: 2\n  X: 3\n", id="over-a-merged-key"),
    pytest.param("A: &a {X: 1}\nB:\n  <<: *a\n  W: 2\n", Edit(("B", "X"), DELETE),
                 "A: &a {X: 1}\nB:\n  W: 2\n", id="a-merged-key-goes"),
    pytest.param("A: &a {X: 1}\nB:\n  <<: *a\n  W: 2\n", Edit(("A", "X"), 3),
                 "A: &a {X: 3}\nB:\n  X: 1\n  W: 2\n", id="under-a-merge"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "edit", "expected"), ANCHORS)
def test_anchors(text: str, edit: Edit, expected: str) -> None:
    assert rendered(text, edit) == expected


UNCUT = (
    pytest.param("A:\n  ? X\n  : 1\n  W: 2 # w\nB: 1\n", Edit(("A", "X"), 3),
                 "A:\n  X: 3\n  W: 2 # w\nB: 1\n", id="explicit-key"),
    pytest.param("A:\n  ? X\n  : 1\n  # v\n  V: 1 # v\n  # w\n  W: 2\n", Edit(("A", "X"), DELETE),
                 "A:\n  V: 1 # v\n  # w\n  W: 2\n", id="explicit-key-goes"),
    pytest.param("A:\n  # u\n  U: 0\n  # v\n  ? V\n  : 1 # v\n  # w\n  W: 2\n",
                 Edit(("A", "V"), DELETE), "A:\n  # u\n  U: 0\n  # v\n  # w\n  W: 2\n",
                 id="comments-around-it-stay"),
    pytest.param("A:\n  - - 1 # a\n    - 2 # b\n  # c\n  - 3\n", Edit(("A", 0, 0), DELETE),
                 "A:\n  -   - 2 # b\n  # c\n  - 3\n", id="item-behind-two-dashes"),
    pytest.param("A: &a {X: {Z: 1}}\nB:\n  <<: *a\n  V: 2\n", Edit(("B", "X", "Z"), 2),
                 "A: &a {X: {Z: 1}}\nB:\n  X:\n    Z: 2\n  V: 2\n",
                 id="inside-a-merged-key"),
    pytest.param("K: &k X\nA:\n  *k : 1\n", Edit(("A", "X"), 2), "K: &k X\nA:\n  X: 2\n",
                 id="alias-as-key"),
    pytest.param("A: [X: 1, W: 2]\n", Edit(("A", 0, "X"), 3), "A: [{X: 3}, W: 2]\n",
                 id="pair-without-braces"),
    pytest.param("A:\n  ? X\n  : 1\n", Edit(("A", "Z"), 3),
                 "A:\n  ? X\n  : 1\n  Z: 3\n", id="behind-an-explicit-key"),
    pytest.param("A:\n  - - 1 # a\n    - 2\n", Edit(("A", 0, 0), Insert(0)),
                 "A:\n  -   - 0\n      - 1 # a\n      - 2\n", id="in-front-behind-two-dashes"),
    pytest.param("A: &a {X: 1}\nB:\n  # b\n  <<: *a\n  V: 2\n", Edit(("B", "X"), DELETE),
                 "A: &a {X: 1}\nB:\n  V: 2\n", id="comments-lost-with-a-merge-key"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "edit", "expected"), UNCUT)
def test_what_cannot_be_cut_is_written_anew_and_nothing_else(
    text: str, edit: Edit, expected: str
) -> None:
    assert rendered(text, edit) == expected


def test_a_deep_comment_below_does_not_become_code() -> None:
    text = "A: 1\n            # deep\nB: 2\n"
    expected = 'A: "x\\ny\\n"\n            # deep\nB: 2\n'
    assert rendered(text, Edit(("A",), "x\ny\n")) == expected


def test_everything_can_go() -> None:
    source = parse("# top\nResources:\n  A: {Type: x}\n")
    assert render_people(source, [Edit(("Resources",), DELETE)]) == "# top\n{}\n"
    assert render_people(source, [Edit((), {"B": [1]})]) == "# top\nB:\n  - 1\n"
    assert render_people(parse('{"Resources": {}}\n'), [Edit((), {"B": 1})]) == '{"B":1}\n'


JSON = """\
{
  "Resources": {
    "F": {
      "A": "x",
      "Type": "t",
      "L": ["a"]
    }
  }
}
"""
F = ("Resources", "F")
IN_JSON = (
    pytest.param(Edit((*F, "A"), "y"), '"x"', '"y"', id="replace"),
    pytest.param(Edit((*F, "L"), DELETE), ',\n      "L": ["a"]', "", id="delete-last"),
    pytest.param(Edit((*F, "A"), DELETE), '"A": "x",\n      ', "", id="delete-first"),
    pytest.param(Edit((*F, "L", 1), Insert({"Ref": "B"})), '["a"]',
                 '["a", {\n        "Ref": "B"\n      }]', id="append"),
    pytest.param(Edit((*F, "N"), {"A": [1]}), '["a"]',
                 '["a"],\n      "N": {\n        "A": [\n          1\n        ]\n      }', id="add"),
    pytest.param(Edit((*F, "T"), "2012-10-17\n"), '["a"]', '["a"],\n      "T": "2012-10-17\\n"',
                 id="text"),
    pytest.param(Edit((*F, "é"), "é"), '["a"]', '["a"],\n      "\\u00e9": "\\u00e9"', id="ascii"),
)  # fmt: skip


@pytest.mark.parametrize(("edit", "old", "new"), IN_JSON)
def test_json(edit: Edit, old: str, new: str) -> None:
    source = parse(JSON)
    text = render_people(source, [edit])
    assert text == JSON.replace(old, new)
    assert parse(text).kind == "json"


def test_json_has_no_comments_to_lose() -> None:
    text = '{"Resources": {}, "A": {"X": "#", "L": [1,2]}}'
    expected = '{"Resources": {}, "A": {"L": [1,2]}}'
    assert render_people(parse(text), [Edit(("A", "X"), DELETE)]) == expected


def test_json_on_one_line_and_with_tabs() -> None:
    edit = Edit(("A",), {"B": [1]})
    assert render_people(parse('{"Resources":{}}'), [edit]) == '{"Resources":{},"A":{"B":[1]}}'
    assert render_people(parse('{\n\t"Resources": {}\n}'), [edit]) == (
        '{\n\t"Resources": {},\n\t"A": {\n\t\t"B": [\n\t\t\t1\n\t\t]\n\t}\n}'
    )


def test_a_diff_of_two_texts() -> None:
    assert diff_text("a\nb\n", "a\nc", "t.yaml") == (
        "--- t.yaml\n+++ t.yaml (dev stage)\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"
        "\\ No newline at end of file\n"
    )
    assert diff_text("a\n", "a\n", "t.yaml") == ""
