"""What the terminal shows of a function's log lines."""

import json

import pytest

from samlive.log_lines import read

ID = "8c6f0f2a-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    "line",
    [
        "plain",
        "",
        '{"order": 7}',
        '{"timestamp": "now"}',
        '{"timestamp": "now", "level": ',
        '{"timestamp": "now", "level": 3}',
        "[INFO] mine",
        f"2026-11-25 {ID} INFO x",
    ],
)
def test_what_no_runtime_has_written_stays_as_it_is(line: str) -> None:
    assert read(line) == ("", [line])


@pytest.mark.parametrize(
    ("line", "level"),
    [
        (f"[WARNING]\t2026-11-25T10:00:00.123Z\t{ID}\tlow stock", "WARNING"),
        (f"2026-11-25T10:00:00.123Z\t{ID}\tWARN\tlow stock", "WARN"),
    ],
)
def test_of_a_line_level_and_text_are_shown(line: str, level: str) -> None:
    assert read(line) == (level, ["low stock"])


def record(**fields: object) -> str:
    return json.dumps({"timestamp": "2026-11-25T10:00:00Z", "level": "INFO", **fields})


RECORDS = {
    "text": (record(message="packed", logger="root", requestId=ID), ["packed"]),
    "extra": (record(message="packed", order=7, to={"a": 1}), ['packed order=7 to={"a": 1}']),
    "object": (record(message={"order": 7}), ['{"order": 7}']),
    "no message": (record(order=7), ["order=7"]),
    "nothing": (record(), [""]),
    "python error": (
        record(
            errorMessage="no stock",
            errorType="ValueError",
            stackTrace=['  File "app.py", line 2, in handler\n    raise x\n'],
        ),
        ["ValueError: no stock", '  File "app.py", line 2, in handler', "    raise x"],
    ),
    "node error": (
        record(
            message={
                "errorType": "TypeError",
                "errorMessage": "no stock",
                "stackTrace": ["TypeError: no stock", "    at handler (app.mjs:2:9)"],
            }
        ),
        ["TypeError: no stock", "    at handler (app.mjs:2:9)"],
    ),
    "exception with text": (
        record(message="while packing", errorType="KeyError", errorMessage="'a'", stackTrace=["x"]),
        ["while packing", "KeyError: 'a'", "x"],
    ),
}


@pytest.mark.parametrize("case", RECORDS)
def test_of_a_record_level_message_and_the_rest_are_shown(case: str) -> None:
    line, lines = RECORDS[case]
    assert read(line) == ("INFO", lines)
