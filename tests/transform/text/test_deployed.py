"""The text that CloudFormation gets."""

import json

import pytest

from samlive_transform.deployed import render_deployed
from samlive_transform.source import parse


def test_it_is_compact_json_in_the_order_of_the_template() -> None:
    tree = parse("Resources: {}\nB: !Sub é\nA: [1, yes, 1.5, ~]\n").tree
    assert render_deployed(tree) == ('{"Resources":{},"B":{"Fn::Sub":"é"},"A":[1,true,1.5,null]}')


@pytest.mark.parametrize("text", ["2012-10-17", "012345678912", "1.10", "12:30:45"])
def test_text_stays_text(text: str) -> None:
    tree = parse(f"Resources: {{}}\nA: {text}\n").tree
    assert json.loads(render_deployed(tree))["A"] == text


def test_half_a_surrogate_pair_is_escaped() -> None:
    tree = parse('{"Resources": {}, "A": "\\ud83d"}').tree
    assert render_deployed(tree).encode().endswith(b'"A":"\\ud83d"}')


def test_a_number_that_json_has_no_form_for_is_an_error() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        render_deployed({"a": float("inf")})
