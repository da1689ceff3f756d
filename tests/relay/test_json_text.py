"""The runner reads JSON as Python's own module does, in fewer steps."""

import json
from types import ModuleType

import pytest

import runner_modules


@pytest.fixture(scope="module")
def jsontext() -> ModuleType:
    return runner_modules.load("jsontext")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[1,]",
        b"1 2",
        b'{"a": 1}}',
        b'  {"a": ',
        b"\xff{}",
        b'{"a": "\xe4"}',
        b"\0\0",
        b"nul",
        "\ufeff{}".encode()[1:],
    ],
)
def test_what_is_no_json_is_refused_in_the_same_words(jsontext: ModuleType, text: bytes) -> None:
    with pytest.raises(ValueError) as theirs:
        json.loads(text)
    with pytest.raises(type(theirs.value)) as ours:
        jsontext.from_text(text)
    assert str(ours.value) == str(theirs.value)


@pytest.mark.parametrize(
    "text",
    [
        b"1",
        b"{}",
        b'  {"a": [1, 2.5, null]}\r\n',
        '{"ä": "\U0001f600"}'.encode(),
        b'{"half": "\xed\xa0\x80"}',
        b'{"a": NaN, "a": 2}',
        '{"a": 1}'.encode("utf-8-sig"),
        '{"a": 1}'.encode("utf-16"),
        '{"a": 1}'.encode("utf-16-le"),
        '{"a": 1}'.encode("utf-16-be"),
        '{"a": 1}'.encode("utf-32-le"),
        '{"a": 1}'.encode("utf-32-be"),
    ],
)
def test_everything_else_is_read_as_json_loads_does(jsontext: ModuleType, text: bytes) -> None:
    assert repr(jsontext.from_text(text)) == repr(json.loads(text))
