from typing import Any

import pytest

from samlive_transform.resolve import UNKNOWN, Resolver

TREE: dict[str, Any] = {
    "Parameters": {
        "Env": {"Type": "String", "Default": "dev"},
        "Count": {"Type": "Number", "Default": 5},
        "Names": {"Type": "CommaDelimitedList", "Default": "a, b"},
        "Open": {"Type": "String"},
        "Stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/path"},
    },
    "Mappings": {"By": {"dev": {"Timeout": 30}, "prod": {"Timeout": 60}}},
    "Conditions": {
        "IsDev": {"Fn::Equals": [{"Ref": "Env"}, "dev"]},
        "IsOpen": {"Fn::Equals": [{"Ref": "Open"}, "x"]},
        "Not": {"Fn::Not": [{"Condition": "IsDev"}]},
        "And": {"Fn::And": [{"Condition": "IsOpen"}, {"Condition": "Not"}]},
        "Or": {"Fn::Or": [{"Condition": "IsOpen"}, {"Condition": "IsDev"}]},
        "Loop": {"Condition": "Loop"},
    },
}


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"Ref": "Open"}, id="a parameter without a value"),
        pytest.param({"Ref": "Stored"}, id="a parameter that AWS looks up"),
        pytest.param({"Ref": "AWS::Region"}, id="the region"),
        pytest.param({"Fn::ImportValue": "x"}, id="another stack's export"),
        pytest.param({"Fn::If": ["IsOpen", 1, 2]}, id="an open condition"),
        pytest.param({"Fn::If": ["Loop", 1, 2]}, id="a condition that names itself"),
        pytest.param({"Fn::If": ["IsDev", {"Ref": "AWS::NoValue"}, 2]}, id="no value"),
        pytest.param({"Fn::FindInMap": ["By", {"Ref": "Open"}, "Timeout"]}, id="an open key"),
        pytest.param({"Fn::FindInMap": ["By", "test", "Timeout"]}, id="a missing key"),
        pytest.param({"Fn::Sub": "${Open}-x"}, id="an open text"),
        pytest.param({"Fn::Join": ["-", ["a", {"Ref": "Open"}]]}, id="an open part"),
        pytest.param({"Fn::GetAtt": ["A", "Arn"]}, id="an attribute"),
        pytest.param({"Fn::Sub": 3}, id="a malformed text"),
    ],
)
def test_what_nobody_can_know_stays_unknown(value: Any) -> None:
    assert Resolver(TREE, {}).value(value) is UNKNOWN


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Env"}, "dev"),
        ({"Ref": "Names"}, ["a", "b"]),
        ({"Fn::Select": [1, {"Ref": "Names"}]}, "b"),
        ({"Fn::Select": [0, {"Fn::Split": ["-", "x-y"]}]}, "x"),
        ({"Fn::FindInMap": ["By", {"Ref": "Env"}, "Timeout"]}, 30),
        ({"Fn::FindInMap": ["By", "test", "Timeout", {"DefaultValue": 9}]}, 9),
        ({"Fn::If": ["IsDev", "yes", "no"]}, "yes"),
        ({"Fn::If": ["Not", "yes", {"Fn::If": ["Or", 1, 2]}]}, 1),
        ({"Fn::If": ["And", 1, 2]}, 2),
        ({"Fn::Sub": "${Env}-${!Env}-${X}", "Fn": 1}, None),
        ({"Fn::Sub": ["${Env}-${X}", {"X": {"Ref": "Count"}}]}, "dev-5"),
        ({"Fn::Sub": "${!Literal}"}, "${Literal}"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Env"}]]}, "a-dev"),
        ([1, 2], [1, 2]),
    ],
)
def test_what_the_template_tells_is_known(value: Any, expected: Any) -> None:
    if expected is None:
        assert Resolver(TREE, {}).value(value) == value  # two keys are no intrinsic
    else:
        assert Resolver(TREE, {}).value(value) == expected


def test_given_values_win_over_defaults() -> None:
    resolver = Resolver(TREE, {"Env": "prod", "Open": "x"})
    assert resolver.integer({"Fn::FindInMap": ["By", {"Ref": "Env"}, "Timeout"]}) == 60
    assert resolver.condition("IsOpen") is True


def test_a_default_does_not_count_where_an_unknown_value_is_given() -> None:
    assert Resolver(TREE, {}, frozenset({"Env"})).value({"Ref": "Env"}) is UNKNOWN


@pytest.mark.parametrize(
    ("value", "expected"),
    [("30", 30), (30.0, 30), ("x", None), (True, None), (None, None), ({"Ref": "Count"}, 5)],
)
def test_whole_numbers(value: Any, expected: int | None) -> None:
    assert Resolver(TREE, {}).integer(value) == expected
