"""Every name that a user can meet is explained, and every explained name exists."""

import re

import pytest

from doc_pages import ROOT, documentation, package_folder, sources

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


@pytest.mark.parametrize("pattern", [VARIABLE, ERROR_TYPE], ids=["variables", "error types"])
def test_nothing_is_explained_that_does_not_exist(pattern: re.Pattern[str]) -> None:
    assert set(pattern.findall(documentation())) - set(named(pattern)) == set()


def test_every_rule_has_its_part() -> None:
    rules = package_folder("samlive_transform") / "rules"
    modules = {path.stem for path in rules.glob("[a-z]*.py")}
    page = (ROOT / "docs" / "transform-rules.md").read_text(encoding="utf-8")
    parts = set(re.findall(r"^### (\w+)$", page, re.MULTILINE))
    assert modules - parts == set(), "a rule without a part"
    assert parts - modules == set(), "a part without a rule"
