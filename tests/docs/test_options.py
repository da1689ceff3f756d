"""The command line and the pages about it say the same."""

import argparse
import dataclasses
import re
from collections.abc import Iterator

import pytest

from doc_pages import ROOT, blocks, documentation, pages, prose
from samlive import arguments
from samlive.arguments import parser
from samlive.options import BY_NAME, OPTIONS
from samlive.output import EVENTS
from samlive_transform import Options

REFERENCE = ROOT / "docs" / "cli.md"
OUTPUT = ROOT / "docs" / "output.md"


def commands() -> dict[str, argparse.ArgumentParser]:
    (chosen,) = [
        action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)
    ]
    return dict(chosen.choices)


def flags(command: argparse.ArgumentParser) -> set[str]:
    return {flag for action in command._actions for flag in action.option_strings}


def quoted_commands() -> Iterator[tuple[str, list[str]]]:
    """Yield every `samlive ...` that a page quotes: the command and its words."""
    for page in pages():
        text = page.read_text(encoding="utf-8")
        lines = "\n".join([*blocks(text), *re.findall(r"`([^`\n]+)`", prose(text))]).splitlines()
        for line in lines:
            if match := re.match(r"\$? ?samlive ([a-z]+)\b([^#|]*)", line):
                yield match.group(1), match.group(2).split()


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_and_option_is_in_the_reference(name: str) -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    assert f"samlive {name}" in text
    missing = {flag for flag in flags(commands()[name]) if not re.search(rf"{flag}(?![\w-])", text)}
    assert missing - {"-h", "--help"} == set()


def test_variables_are_named_as_the_reference_says() -> None:
    """`SAMLIVE_<NAME>`, after an option's long spelling, so that no list of them is needed."""
    assert "`SAMLIVE_<NAME>`" in REFERENCE.read_text(encoding="utf-8")
    of_settings = {option.flag: option.variable for option in OPTIONS}
    of_runs = {
        action.option_strings[-1]: arguments.variable(action)
        for command in commands().values()
        for action in command._actions
        if action.dest not in {*BY_NAME, "help"} and action.option_strings
    }
    of_runs["--template"] = of_runs.pop("--template-file")  # the second of three spellings
    for flag, variable in {**of_settings, **of_runs}.items():
        assert variable == "SAMLIVE_" + flag.removeprefix("--").replace("-", "_").upper()


def test_quoted_commands_are_understood() -> None:
    known = commands()
    for name, words in quoted_commands():
        assert name in known, f"samlive {name}"
        used = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        assert used - flags(known[name]) == set(), f"samlive {name} {' '.join(words)}"


def test_every_option_named_in_a_page_exists() -> None:
    """An option in backticks that no command of ours has is a slip or another tool's."""
    others = {"--reloadHandler"}
    ahead = {f"--{field.name.replace('_', '-')}" for field in dataclasses.fields(Options)}
    known = set().union(*(flags(command) for command in commands().values())) | others | ahead
    named = set(re.findall(r"`(--[a-z][\w-]*)`", documentation()))
    assert named - known == set()


def test_every_event_of_the_machine_output_is_described() -> None:
    text = OUTPUT.read_text(encoding="utf-8")
    assert [event for event in EVENTS if f"`{event}`" not in text] == []
