"""What no rule may ever touch, in any case of any rule."""

import json
import re
from pathlib import Path

import pytest

from samlive_transform import read, transform
from transform_stage import options

CASES = Path(__file__).parent / "cases"
GOOD = sorted(found.parent for found in CASES.glob("*/*/report.txt"))

FORBIDDEN = {
    "AssumeRolePolicyDocument": "whoever may assume a role is the user's to say",
    "Architectures": "the stub runs on both, and layers of the user's are gone",
    "AutoPublishAlias": "callers name the alias",
    "FunctionUrlConfig": "callers know the URL",
}


@pytest.mark.parametrize("case", GOOD, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_no_rule_touches_what_others_rely_on(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(case)
    (given,) = case.glob("input.*")
    wishes = case / "options.json"
    chosen = options(**json.loads(wishes.read_text(encoding="utf-8")) if wishes.exists() else {})
    changes = transform(read(Path(given.name)), chosen).report.changes
    assert changes
    touched = {
        (change.logical_id, change.path)
        for change in changes
        if set(change.path.split(".")) & FORBIDDEN.keys()
    }
    assert touched == set()
    gone = {c.path for c in changes if re.fullmatch(r"Properties\.Events(\.\w+)?", c.path)}
    assert gone == set(), "URLs and the resources behind them are named after events"
