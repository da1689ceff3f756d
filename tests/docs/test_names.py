"""Every name that a user can meet is explained, and every explained name exists."""

import re

from doc_pages import ROOT, documentation, options_of, package_folder, sources
from samlive import arguments
from samlive.options import OPTIONS
from samlive_stub.contract import ASIDE_PREFIX

VARIABLE = re.compile(r"\bSAMLIVE(?:_[A-Z0-9_]*[A-Z0-9])?\b")
ERROR_TYPE = re.compile(r"\bSamLive\.[A-Z][A-Za-z]+\b")


def named(pattern: re.Pattern[str]) -> dict[str, str]:
    """Return each name in the code with a file that names it."""
    return {name: path.name for path, text in sources() for name in pattern.findall(text)}


def test_every_environment_variable_is_explained() -> None:
    text = documentation()
    assert {n: f for n, f in named(VARIABLE).items() if f"`{n}" not in text} == {}


def test_every_error_type_is_explained() -> None:
    """Troubleshooting says what to do about each; elsewhere a mention is enough."""
    text = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    assert {n: f for n, f in named(ERROR_TYPE).items() if f"`{n}`" not in text} == {}


def test_no_variable_is_explained_that_does_not_exist() -> None:
    commands = (arguments.parser(name) for name in arguments.COMMANDS)
    special = {arguments.variable(action) for each in commands for action in options_of(each)}
    known = set(named(VARIABLE)) | {option.variable for option in OPTIONS} | special
    explained = {n for n in VARIABLE.findall(documentation()) if not n.startswith(ASIDE_PREFIX)}
    assert explained - known == set()


def test_no_error_type_is_explained_that_does_not_exist() -> None:
    assert set(ERROR_TYPE.findall(documentation())) - set(named(ERROR_TYPE)) == set()


def test_every_rule_has_its_part() -> None:
    rules = package_folder("samlive_transform") / "rules"
    modules = {path.stem for path in rules.glob("[a-z]*.py")}
    page = (ROOT / "docs" / "transform-rules.md").read_text(encoding="utf-8")
    parts = set(re.findall(r"^### (\w+)$", page, re.MULTILINE))
    assert modules - parts == set(), "a rule without a part"
    assert parts - modules == set(), "a part without a rule"
