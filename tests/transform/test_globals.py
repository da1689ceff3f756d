"""Our merge of globals against SAM's own."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samtranslator.plugins.globals.globals import Globals

from samlive_transform import sam_globals

SCALARS = st.one_of(st.integers(0, 3), st.sampled_from(["a", "b"]), st.booleans())
KEYS = st.sampled_from(["A", "B", "C"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(SCALARS, st.sampled_from([{"Ref": "X"}, {"Fn::If": ["C", 1, 2]}])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)
NAMES = ["Layers", "Environment", "Tags", "Timeout", "Architectures", "VpcConfig"]
PROPERTIES = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4)


@given(shared=PROPERTIES, own=PROPERTIES)
def test_the_merge_is_sams(shared: dict[str, Any], own: dict[str, Any]) -> None:
    theirs = Globals({"Globals": {"Function": shared}}).merge("AWS::Serverless::Function", own)
    assert sam_globals.merge_function(shared, own) == theirs


@pytest.mark.parametrize("ignore", [None, "*", ["Timeout"], []])
def test_ignored_globals_are_sams(ignore: Any) -> None:
    shared = {"Timeout": 3, "Runtime": "python3.12"}
    sam = Globals({"Globals": {"Function": shared}})
    theirs = sam.merge("AWS::Serverless::Function", {}, "Fn", ignore)
    assert sam_globals.applying(shared, ignore) == theirs


def test_the_keys_are_those_sam_knows() -> None:
    known = Globals.supported_properties["AWS::Serverless::Function"]
    assert sam_globals.FUNCTION_KEYS >= set(known)
    sections = {kind.removeprefix("AWS::Serverless::") for kind in Globals.supported_properties}
    assert sam_globals.SECTIONS >= sections
