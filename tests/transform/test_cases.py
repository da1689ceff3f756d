"""The folder is the list of tests: `cases/<rule>/<case>/`.

A case holds `input.yaml` (or `input.json`), the options that differ from the
usual ones in `options.json`, and what must come out: `expected.yaml`, the text
for people, and `report.txt`, what the user is told; or `error.txt` for a
refusal. Files are compared byte by byte; `--accept` rewrites them. Cases whose
names start with `keeps_` or `refuses_` come first: they show what a rule must
not do.
"""

import json
from pathlib import Path

import pytest

from samlive_transform import Result, TransformError, read, transform
from samlive_transform.rules import RULES
from transform_stage import options

CASES = Path(__file__).parent / "cases"


def _order(case: Path) -> tuple[str, bool, str]:
    return case.parent.name, not case.name.startswith(("keeps_", "refuses_")), case.name


ALL = sorted((found.parent for found in CASES.glob("*/*/input.*")), key=_order)


def outcome(case: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return the files that a case must hold, by name."""
    monkeypatch.chdir(case)
    (given,) = case.glob("input.*")
    wishes = case / "options.json"
    chosen = options(**json.loads(wishes.read_text(encoding="utf-8")) if wishes.exists() else {})
    try:
        result = transform(read(Path(given.name)), chosen)
    except TransformError as error:
        return {"error.txt": f"{error}\n{error.hint}\n"}
    texts = {f"expected{given.suffix}": result.people(), "report.txt": report(result)}
    for nested in result.nested:
        texts[f"expected.{nested.logical_id}.yaml"] = nested.result.people()
    return texts


def report(result: Result) -> str:
    """Return what the user is told, one line each."""
    found = result.report
    lines = []
    for each in found.functions:
        state = "live" if each.live else f"kept: {each.reason}"
        lines.append(f"{each.file}:{each.line}: {each.logical_id}: {state}")
    for change in found.changes:
        lines.append(
            f"{change.file}:{change.line}: {change.logical_id} {change.path}: "
            f"[{change.rule}] {change.reason}"
        )
    for notice in found.notices:
        lines.append(
            f"{notice.file}:{notice.line}: {notice.logical_id}: [{notice.rule}] {notice.text}"
        )
    for artifact in found.artifacts:
        place = Path(artifact.local)
        shown = f"<samlive>/{place.name}" if place.is_absolute() else str(place)
        zipped = ", zipped" if artifact.zipped else ""
        lines.append(
            f"package {shown} for {artifact.logical_id} {artifact.path} "
            f"({artifact.kind} as {artifact.form}{zipped})"
        )
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize("case", [pytest.param(c, id=f"{c.parent.name}/{c.name}") for c in ALL])
def test_case(case: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    made = outcome(case, monkeypatch)
    if request.config.getoption("--accept", default=False):
        for old in (*case.glob("expected*"), *case.glob("report.txt"), *case.glob("error.txt")):
            old.unlink()
        for name, text in made.items():
            (case / name).write_bytes(text.encode())
    wanted = {
        found.name: found.read_bytes().decode()
        for found in (*case.glob("expected*"), *case.glob("report.txt"), *case.glob("error.txt"))
    }
    assert made == wanted


def test_every_rule_has_cases_and_every_case_a_rule() -> None:
    folders = {case.parent.name for case in ALL}
    assert {name for name, _ in RULES} <= folders
    assert folders <= {name for name, _ in RULES} | {"kept", "source", "artifacts", "globals"}


def test_every_module_of_rules_is_listed_once() -> None:
    import samlive_transform.rules

    folder = Path(samlive_transform.rules.__file__).parent
    modules = sorted(found.stem for found in folder.glob("*.py") if found.stem != "__init__")
    assert sorted(name for name, _ in RULES) == modules


def test_every_rule_shows_first_what_it_leaves_alone() -> None:
    refusing = {c.parent.name for c in ALL if c.name.startswith(("keeps_", "refuses_"))}
    assert {name for name, _ in RULES} <= refusing
