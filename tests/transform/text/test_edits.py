"""Edits: what diff finds, and that applying it gives the other tree."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samlive_transform.edits import DELETE, Edit, Insert, apply, diff, same

SCALARS = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, 1.0, "", "a", "1"])
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from("abcd"), inner),
    max_leaves=15,
)


def test_equal_trees_have_no_edits() -> None:
    tree = {"a": [1, {"b": None}]}
    assert diff(tree, copy.deepcopy(tree)) == ()


@pytest.mark.parametrize("other", [True, 1.0, "1"])
def test_values_that_python_calls_equal_are_told_apart(other: Any) -> None:
    assert diff({"a": 1}, {"a": other}) == (Edit(("a",), other),)
    assert same({"a": [1]}, {"a": [1]})
    assert not same({"a": [1]}, {"a": [other]})


@pytest.mark.parametrize(
    "edit",
    [
        Edit(("x", "y"), DELETE),
        Edit(("a", "b", "c"), 1),
        Edit(("l", 5), 1),
        Edit(("l", 5), DELETE),
    ],
)
def test_a_path_that_leads_nowhere_is_an_error(edit: Edit) -> None:
    with pytest.raises(LookupError):
        apply({"a": {"b": 1}, "l": []}, [edit])


CASES = (
    pytest.param({"a": 1}, {"a": 2}, [Edit(("a",), 2)], id="replace"),
    pytest.param({"a": 1}, {}, [Edit(("a",), DELETE)], id="delete"),
    pytest.param({}, {"a": {}}, [Edit(("a",), {})], id="add"),
    pytest.param({"a": {"b": 1}}, {"a": {"b": 2}}, [Edit(("a", "b"), 2)], id="inside"),
    pytest.param({"a": {"b": 1}}, {"a": [1]}, [Edit(("a",), [1])], id="other-kind"),
    pytest.param([1], [1, 2, 3], [Edit((1,), Insert(3)), Edit((1,), Insert(2))], id="append"),
    pytest.param([2], [1, 2], [Edit((0,), Insert(1))], id="prepend"),
    pytest.param([1, 3], [1, 2, 3], [Edit((1,), Insert(2))], id="insert"),
    pytest.param([1, 2, 3], [1, 3], [Edit((1,), DELETE)], id="drop"),
    pytest.param([{"a": 1}], [{"a": 2}], [Edit((0, "a"), 2)], id="inside-item"),
    pytest.param(
        [1, 2, 3, 4], [9, 2, 4, 5],
        [Edit((3,), 5), Edit((2,), 4), Edit((0,), 9)],
        id="same-length-pairs-up",
    ),
    pytest.param(
        [{"a": 1}, 2, 3], [2, 3, 4, {"a": 1}],
        [Edit((3,), Insert({"a": 1})), Edit((3,), Insert(4)), Edit((0,), DELETE)],
        id="moved",
    ),
    pytest.param({"a": None}, {"a": {"b": 1}}, [Edit(("a",), {"b": 1})], id="none-to-mapping"),
)  # fmt: skip


@pytest.mark.parametrize(("before", "after", "edits"), CASES)
def test_diff(before: Any, after: Any, edits: list[Edit]) -> None:
    assert list(diff(before, after)) == edits
    assert same(apply(before, edits), after)


def test_mappings_on_the_way_are_made() -> None:
    assert apply({"a": None}, [Edit(("a", "b", "c"), 1)]) == {"a": {"b": {"c": 1}}}


def test_the_root_can_be_replaced() -> None:
    assert apply({"a": 1}, [Edit((), {"b": 2}), Edit(("c",), 3)]) == {"b": 2, "c": 3}


def test_applying_shares_what_it_does_not_touch() -> None:
    tree = {"a": {"x": 1}, "b": {"y": 2}}
    value: dict[str, Any] = {"new": []}
    edited = apply(tree, [Edit(("a", "x"), value), Edit(("a", "x", "new"), [1])])
    assert edited["b"] is tree["b"]
    assert (tree, value) == ({"a": {"x": 1}, "b": {"y": 2}}, {"new": []})


@given(TREES, TREES)
@settings(max_examples=400)
def test_applying_a_diff_gives_the_other_tree(before: Any, after: Any) -> None:
    kept = json.dumps(before)
    edits = diff(before, after)
    assert same(apply(before, edits), after)
    assert json.dumps(before) == kept
    assert diff(before, after) == edits


@given(st.lists(SCALARS, max_size=6), st.lists(SCALARS, max_size=6), st.lists(SCALARS, max_size=3))
def test_paths_name_places_before_any_edit(head: Any, tail: Any, new: Any) -> None:
    before = {"l": [*head, *tail]}
    for edit in diff(before, {"l": [*head, *new, *tail]}):
        index = edit.path[1]
        assert isinstance(index, int)
        assert index <= len(before["l"]) - (0 if isinstance(edit.value, Insert) else 1)
