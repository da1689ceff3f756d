"""What a page claims to be proved is proved by a test that exists."""

import re

import pytest

from doc_pages import ROOT

NAMED = re.compile(r"`(tests/[\w/.-]+)(?:::(\w+))?`")
PAGES = sorted((ROOT / "docs").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_named_tests_exist(page: object) -> None:
    for path, name in NAMED.findall((ROOT / "docs" / str(page)).read_text(encoding="utf-8")):
        target = ROOT / path
        assert target.exists(), f"there is no {path}"
        if name:
            assert re.search(rf"def {name}\(", target.read_text(encoding="utf-8")), name


def test_what_is_called_here_or_equal_names_its_proof() -> None:
    promises = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
    rows = [line for line in promises.splitlines() if "| here" in line]
    assert rows and all(NAMED.search(row) for row in rows)
    fidelity = (ROOT / "docs" / "fidelity.md").read_text(encoding="utf-8")
    proved = fidelity.partition("## Different")[0]
    rows = [r for r in proved.splitlines() if r.startswith("| ") and not r.startswith("| what")]
    assert rows and all(NAMED.search(row) for row in rows)
