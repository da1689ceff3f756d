"""Parameter overrides and tags, in every form that SAM takes."""

from typing import Any

import pytest

from samlive import pairs


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("Foo", id="no equals sign"),
        pytest.param("=bar", id="no key"),
        pytest.param(["Good=1", "bad"], id="one bad in a list"),
        pytest.param([1], id="a number"),
        pytest.param("a b=1", id="a blank in the key"),
    ],
)
def test_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="is not Key=Value"):
        pairs.parse(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("", {}, id="nothing"),
        pytest.param("A=1", {"A": "1"}, id="one"),
        pytest.param("A=1 B=2", {"A": "1", "B": "2"}, id="one text"),
        pytest.param('A="x y" B="z"', {"A": "x y", "B": "z"}, id="quoted values"),
        pytest.param('"A"="x"', {"A": "x"}, id="quoted key"),
        pytest.param('A=""', {"A": ""}, id="empty value"),
        pytest.param("A=b=c==", {"A": "b=c=="}, id="equals signs in the value"),
        pytest.param(["A=1", "B=2"], {"A": "1", "B": "2"}, id="list"),
        pytest.param(["A=1 B=2", "C=3"], {"A": "1", "B": "2", "C": "3"}, id="mixed list"),
        pytest.param(["A=GOV UK"], {"A": "GOV UK"}, id="blank that a shell left"),
        pytest.param("ParameterKey=A,ParameterValue=1", {"A": "1"}, id="the older form"),
        pytest.param("ParameterKey=A,ParameterValue=a,b", {"A": "a,b"}, id="comma in the value"),
        pytest.param(
            "ParameterKey=A,ParameterValue=1 ParameterKey=B,ParameterValue=2",
            {"A": "1", "B": "2"},
            id="the older form twice",
        ),
        pytest.param({"A": 1, "B": True, "C": ["x", "y"]}, {"A": "1", "B": "true", "C": "x,y"},
                     id="mapping"),
        pytest.param("cri:component=x", {"cri:component": "x"}, id="tag with a colon"),
    ],
)  # fmt: skip
def test_read(value: Any, expected: dict[str, str]) -> None:
    assert pairs.parse(value) == expected
