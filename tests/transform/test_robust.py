"""Whatever stands where in a template: a rewrite, or a reasoned refusal."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from samlive_transform import TransformError, transform
from samlive_transform.intrinsics import walk
from samlive_transform.steps import Step, apply
from transform_stage import Fragment, options
from transform_templates import templates

ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        "text",
        1,
        True,
        [],
        {},
        [1, None],
        {"a": {"b": [{"c": 1}]}},
        {"Ref": 1},
        {"Ref": ["a"]},
        {"Fn::If": ["Yes"]},
        {"Fn::If": [["Yes"], 1, {"Ref": "AWS::NoValue"}]},
        {"Fn::Sub": []},
        {"Fn::Sub": {"a": 1}},
        {"Fn::GetAtt": "x"},
        {"Fn::GetAtt": [1, 2]},
        {"Fn::Join": ["", {"Ref": "x"}]},
        {"Fn::Join": {"Ref": "x"}},
        {"Fn::Select": [{"a": 1}, 2]},
        {"Fn::FindInMap": [["x"], {}, 1]},
        {"Fn::ForEach::A": ["x", ["y"], {"z${x}": 1}]},
        {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "nofile"}}},
    ]
)


@settings(max_examples=400, deadline=None)
@given(tree=templates(), odd=st.lists(ODD, min_size=1, max_size=3), data=st.data())
def test_odd_values_never_end_in_a_traceback(
    tree: dict[str, Any], odd: list[Any], data: st.DataObject
) -> None:
    for value in odd:
        # What source.py guarantees stays: sections, logical ids and types.
        places = [path for path, _ in walk(tree) if len(path) >= 3 and path[-1] != "Type"]
        tree = apply(tree, [Step(data.draw(st.sampled_from(places)), value, "")])
    try:
        once = transform(Fragment(tree), options())
    except TransformError as error:
        assert error.message and error.hint
        return
    assert transform(Fragment(once.template), options()).template == once.template
