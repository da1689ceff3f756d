"""What editors write is added to, and stays what it was everywhere else."""

import pytest

from samlive import jsonc

VSCODE = """\
{
    // Use IntelliSense to learn about possible attributes.
    // For more information, visit: https://go.microsoft.com/fwlink/?linkid=830387
    "version": "0.2.0",
    "configurations": [
        {
            "name": "Mine", // "configurations": [
            "url": "http://localhost:8080/*not a comment*/", /* nor this: ] */
            "args": ["a", "b"],
        }, // the last one
        // more to come
    ],
    "compounds": []
}
"""
NEW = {"name": "samlive: Fn", "connect": {"port": 21100}}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{broken",
        "[]",
        '{"configurations": 3}',
        '{"other": {"configurations": []}}',
        '{"a": "configurations", "b": []}',
        '{"configurations": [} // ]',
        '{"configurations": ["ends',
    ],
)
def test_what_has_no_such_list_is_refused(text: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        jsonc.append(text, "configurations", [NEW])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(VSCODE, id="VS Code's own, with comments and trailing commas"),
        pytest.param(VSCODE.replace("    ", "\t"), id="tabs"),
        pytest.param(VSCODE.replace("\n", "\r\n"), id="line ends of Windows"),
        pytest.param("\ufeff" + VSCODE, id="byte order mark"),
        pytest.param(VSCODE.replace("        // more to come\n", ""), id="comment at the end"),
        pytest.param('{"configurations": []}', id="empty, in one line"),
        pytest.param('{"configurations": [ /* none */ ]}', id="a comment alone"),
        pytest.param('{"configurations": [{"name": "Mine"}]}', id="one line"),
        pytest.param('{"configurations": [{"name": "Mine"},]}', id="one line, trailing comma"),
        pytest.param('{"configurations": [1], "x": ["configurations"]}', id="the word elsewhere"),
        pytest.param('{"x": {"configurations": [1]}, "configurations": [2]}', id="deeper too"),
        pytest.param('{"a": "\\\\", "b": "\\"", "configurations": [ ]}', id="escapes"),
    ],
)
def test_items_are_added_and_nothing_else_changes(text: str) -> None:
    before = jsonc.parse(text)
    made = jsonc.append(text, "configurations", [NEW, NEW])
    assert jsonc.parse(made) == {**before, "configurations": [*before["configurations"], NEW, NEW]}
    rest = iter(made)
    assert all(letter in rest for letter in "".join(text.split())), "in order, none is lost"
    again = jsonc.append(made, "configurations", [NEW])
    assert len(jsonc.parse(again)["configurations"]) == len(before["configurations"]) + 3


def test_it_looks_as_its_owner_writes() -> None:
    made = jsonc.append(VSCODE, "configurations", [NEW])
    assert made == VSCODE.replace(
        "        // more to come\n",
        "        // more to come\n"
        '        {\n            "name": "samlive: Fn",\n            "connect": {\n'
        '                "port": 21100\n            }\n        }\n',
    )
