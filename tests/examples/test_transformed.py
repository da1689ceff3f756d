"""The example projects are as sound after the rewrite as before."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/template.yaml"))
TRANSLATE = Path(__file__).with_name("translate.py")
LINT = "import sys; from cfnlint.runner import main; sys.exit(main())"

each_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)


def run(*command: str | Path, seed: str = "0") -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SAMLIVE"))}
    environment |= {"AWS_DEFAULT_REGION": "eu-central-1", "PYTHONHASHSEED": seed}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280)


def transformed(example: Path, *options: str, seed: str = "0") -> str:
    """Return what `samlive transform` prints, as a user would run it."""
    command = (sys.executable, "-m", "samlive", "transform", "--stage", "ana", *options)
    done = run(*command, example / "template.yaml", seed=seed)
    assert done.returncode == 0, done.stderr
    return done.stdout


def errors(template: Path) -> set[tuple[str, str]]:
    """Return rule and place of every error that cfn-lint finds."""
    done = run(sys.executable, "-c", LINT, "--format", "json", template)
    found = [match for match in json.loads(done.stdout or "[]") if match["Level"] == "Error"]
    return {(match["Rule"]["Id"], str(match["Location"]["Path"])) for match in found}


def translated(template: Path) -> Path:
    """Return a template as SAM translates it; a plain one as it is."""
    if "AWS::Serverless" not in template.read_text():
        return template
    done = run(sys.executable, TRANSLATE, template)
    assert done.returncode == 0, done.stderr
    file = template.with_suffix(".translated.json")
    file.write_text(done.stdout)
    return file


@each_example
def test_same_bytes_every_time(example: Path) -> None:
    for form in ("json", "yaml"):
        assert transformed(example, "--format", form, seed="1") == transformed(
            example, "--format", form, seed="2"
        )


@each_example
def test_no_new_error_in_what_sam_makes_of_it(example: Path, tmp_path: Path) -> None:
    before, after = tmp_path / "before.yaml", tmp_path / "after.json"
    before.write_text((example / "template.yaml").read_text())
    after.write_text(transformed(example, "--format", "json"))
    assert errors(translated(after)) - errors(translated(before)) == set()


def test_the_worker_goes_live_and_the_custom_resource_is_kept() -> None:
    report = transformed(ROOT / "examples" / "orders", "--report")
    assert re.search(r"WorkerFunction\s+python3\.11\s+live", report)
    assert re.search(r"SeedFunction\s+python3\.11\s+kept", report)


def test_what_others_see_of_the_project_stays() -> None:
    """No resource comes or goes, and functions keep their events, tags and logical ids."""
    example = ROOT / "examples" / "orders"
    before = re.findall(r"^  (\w+):\n    Type: ", (example / "template.yaml").read_text(), re.M)
    after = json.loads(transformed(example, "--format", "json"))
    assert set(after["Resources"]) == set(before) - {"LogLevel", "Currency"}
    live = after["Resources"]["OrdersFunction"]["Properties"]
    assert set(live["Events"]) == {"Health", "Create", "Read"}
    assert after["Globals"]["Function"]["Tags"] == {"team": "orders", "cost-center": "0042"}
