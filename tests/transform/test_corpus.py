"""Every check over real templates, where they lie beside the checkout."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from transform_stage import CORPUS, corpus_files

SCRIPT = Path(__file__).parents[1] / "support" / "transform_corpus.py"

pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason=f"the corpus of real templates is not at {CORPUS}"
)


def rows(*arguments: str) -> list[dict[str, object]]:
    run = subprocess.run(
        [sys.executable, str(SCRIPT), "--json", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout, run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]


@pytest.mark.timeout(600)
def test_the_core_templates_hold() -> None:
    found = rows("--core")
    assert len(found) == len(list(corpus_files("shared_core.txt")))
    assert {row["file"]: row["complaints"] for row in found if row["complaints"]} == {}
    assert {row["outcome"] for row in found} == {"transformed", "refused", "unreadable"}


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_all_templates_hold() -> None:
    found = rows()
    assert len(found) == len(list(corpus_files()))
    assert {row["file"]: row["complaints"] for row in found if row["complaints"]} == {}


@pytest.mark.timeout(1200)
def test_no_core_template_gets_a_new_lint_error() -> None:
    found = rows("--core", "--lint")
    assert {row["file"]: row["complaints"] for row in found if row["complaints"]} == {}


@pytest.mark.slow
@pytest.mark.timeout(4 * 3600)
def test_no_template_gets_a_new_lint_error() -> None:
    found = rows("--lint")
    assert {row["file"]: row["complaints"] for row in found if row["complaints"]} == {}
