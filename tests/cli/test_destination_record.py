"""Records of events that could not run, from whoever may write to the queue."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samlive.deploy.destination_record import Record, function_of, name_of, read

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:told"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def record(arn: object, payload: str = "1") -> str:
    return (
        f'{{"requestContext": {{"functionArn": {json.dumps(arn)}}}, "requestPayload": {payload}}}'
    )


@pytest.mark.parametrize(
    "arn",
    [
        None,
        ["arn"],
        "",
        "told",
        ARN.replace("lambda", "sqs"),
        f"{ARN}:live:more",
        f"{ARN}:",
        f"{ARN}:../x",
        f"{ARN}\n",
        ARN.replace("told", "töld"),
        ARN.replace("told", ""),
        ARN.replace("123456789012", ""),
    ],
)
def test_what_is_no_arn_of_a_function_is_refused(arn: object) -> None:
    with pytest.raises(ValueError, match="names no function"):
        read(record(arn))
    assert function_of(record(arn)) == "?"


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"a": 1} x', '{"a": }', "[" * 100_000])
def test_what_is_no_record_is_refused(body: str) -> None:
    with pytest.raises(ValueError):
        read(body)


def test_only_name_and_alias_of_the_arn_are_used() -> None:
    elsewhere = ARN.replace("123456789012", "999999999999").replace("eu-west-1", "us-east-1")
    assert read(record(f"{elsewhere}:live")).target == "told:live"
    assert read(record(ARN)).target == "told"
    assert read(record(f"{ARN}:$LATEST")).target == "told:$LATEST"
    assert name_of(f"{ARN}:live") == "told"


@given(payload=VALUES, further=VALUES, indent=st.sampled_from([None, 0, 2]), ascii=st.booleans())
def test_the_event_is_cut_out_as_it_is_written(
    payload: object, further: object, indent: int | None, ascii: bool
) -> None:
    told = {"x": further, "requestContext": {"functionArn": ARN}, "requestPayload": payload}
    found = read(f" {json.dumps(told, indent=indent, ensure_ascii=ascii)}\n")
    assert isinstance(found, Record) and found.name == "told"
    assert json.loads(found.payload) == payload
    assert found.payload.decode() in json.dumps(told, indent=indent, ensure_ascii=ascii)


@given(st.text())
def test_garbage_is_refused_and_nothing_else_happens(body: str) -> None:
    with pytest.raises(ValueError):
        read(body)
