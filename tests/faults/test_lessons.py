"""Every failure that others have met names a test, and the test exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = Path(__file__).with_name("README.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/.-]+)((?:::\w+)*)`")
ROWS = [
    line
    for line in TEXT.partition("## Failures that others have met")[2].splitlines()
    if line.startswith("| ") and not line.startswith("| failure elsewhere")
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:40])
def test_each_failure_names_a_test_that_exists(row: str) -> None:
    named = NAMED.findall(row.split("|")[2])
    assert named, "no test is named"
    for path, names in named:
        target = ROOT / path
        assert target.exists(), path
        text = target.read_text(encoding="utf-8") if names else ""
        for name in names.split("::")[1:]:
            assert re.search(rf"^\s*(def|class) {name}\b", text, re.MULTILINE), name


def test_every_file_of_the_suite_is_listed() -> None:
    files = {path.name for path in Path(__file__).parent.glob("test_*.py")} - {Path(__file__).name}
    assert files == set(re.findall(r"^\| `(test_\w+\.py)` ", TEXT, re.MULTILINE))
