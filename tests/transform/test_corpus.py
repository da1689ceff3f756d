"""Every check over real templates, where they lie beside the checkout."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from transform_stage import CORPUS, corpus_files

SCRIPT = Path(__file__).parents[1] / "support" / "transform_corpus.py"
PARTS = 4
"""The core templates are checked in so many runs, which test workers share among them."""

pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason=f"the corpus of real templates is not at {CORPUS}"
)

Row = dict[str, object]


def rows(*arguments: str) -> list[Row]:
    run = subprocess.run(
        [sys.executable, str(SCRIPT), "--json", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout, run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]


def complaints(found: list[Row]) -> dict[object, object]:
    return {row["file"]: row["complaints"] for row in found if row["complaints"]}


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("part", range(PARTS))
def test_the_core_templates_hold_and_get_no_new_lint_error(part: int) -> None:
    files = list(corpus_files("shared_core.txt"))[part::PARTS]
    found = rows("--lint", "--jobs", "1", *map(str, files))
    assert [row["file"] for row in found] == list(map(str, files))
    assert complaints(found) == {}
    assert {row["outcome"] for row in found} <= {"transformed", "refused", "unreadable"}


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_all_templates_hold() -> None:
    found = rows()
    assert len(found) == len(list(corpus_files()))
    assert complaints(found) == {}


@pytest.mark.slow
@pytest.mark.timeout(4 * 3600)
def test_no_template_gets_a_new_lint_error() -> None:
    assert complaints(rows("--lint")) == {}
