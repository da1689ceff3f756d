"""The example projects are sound before samlive touches them."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/template.yaml"))
TRANSLATE = Path(__file__).with_name("translate.py")

each_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Run a command as a user without AWS settings would; return what it printed."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    environment |= {"AWS_DEFAULT_REGION": "eu-central-1", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def lint(template: Path) -> None:
    script = "import sys; from cfnlint.runner import main; sys.exit(main())"
    run(sys.executable, "-c", script, "--non-zero-exit-code", "error", template)


def files(example: Path) -> list[Path]:
    return [path for path in example.rglob("*") if path.is_file() and not made(path)]


def made(path: Path) -> bool:
    """Whether a run left the file there, not its author."""
    folders = path.relative_to(ROOT).parts[:-1]
    return any(name == "__pycache__" or name.startswith(".") for name in folders)


def loaded(example: Path) -> dict[str, Any]:
    class Loader(yaml.SafeLoader):
        """Reads the short forms of intrinsics as what they stand on."""

    def plain(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> object:
        if isinstance(node, yaml.MappingNode):
            return loader.construct_mapping(node)
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node)
        assert isinstance(node, yaml.ScalarNode)
        return loader.construct_scalar(node)

    Loader.add_multi_constructor("!", plain)
    text = (example / "template.yaml").read_text()
    template: dict[str, Any] = yaml.load(text, Loader)
    return template


@each_example
def test_knows_nothing_of_samlive(example: Path) -> None:
    found = files(example)
    assert example / "template.yaml" in found
    assert [path for path in found if b"samlive" in path.read_bytes().lower()] == []


@each_example
def test_code_is_clean(example: Path) -> None:
    """The project's own settings leave examples out: they have rules of their own."""
    strict = ("--isolated", "--no-cache", "--line-length", "100", "--target-version", "py311")
    run(
        sys.executable, "-m", "ruff", "check", *strict, "--select", "B,E,F,I,UP,W", ".", cwd=example
    )
    run(sys.executable, "-m", "ruff", "format", "--check", *strict, ".", cwd=example)


@each_example
def test_own_tests_pass(example: Path) -> None:
    run(sys.executable, "-m", "unittest", cwd=example)
    scripts = sorted((example / "tests").glob("*.test.mjs"))
    node = shutil.which("node")
    if scripts and node:
        run(node, "--test", *scripts, cwd=example)


@each_example
def test_template_passes_cfn_lint(example: Path) -> None:
    lint(example / "template.yaml")


@pytest.mark.parametrize(
    "example",
    [path for path in EXAMPLES if "AWS::Serverless" in (path / "template.yaml").read_text()],
    ids=lambda path: path.name,
)
def test_sam_translates_to_a_template_that_passes_cfn_lint(example: Path, tmp_path: Path) -> None:
    template = tmp_path / "translated.json"
    template.write_text(run(sys.executable, TRANSLATE, example / "template.yaml"))
    assert len(json.loads(template.read_text())["Resources"]) > 30
    lint(template)


def test_the_small_projects_for_each_runtime_are_sound() -> None:
    small = sorted((ROOT / "examples" / "runtimes").glob("*/template.yaml"))
    assert [path.parent.name for path in small] == [
        "dotnet",
        "go",
        "java",
        "ruby",
        "rust",
        "typescript",
    ]
    found = files(ROOT / "examples" / "runtimes")
    assert [path for path in found if b"samlive" in path.read_bytes().lower()] == []
    script = "import sys; from cfnlint.runner import main; sys.exit(main())"
    run(sys.executable, "-c", script, "--non-zero-exit-code", "error", *small)


def test_orders_holds_what_ordinary_sam_projects_hold() -> None:
    """A form that vanishes from the example would vanish from the end-to-end tests."""
    template = loaded(ROOT / "examples" / "orders")
    resources = template["Resources"].values()
    types = Counter(resource["Type"] for resource in resources)
    events = Counter(
        event["Type"]
        for resource in resources
        for event in resource["Properties"].get("Events", {}).values()
    )
    assert set(template["Globals"]["Function"]) >= {"Timeout", "MemorySize", "Environment", "Tags"}
    assert set(events) == {"Api", "DynamoDB", "HttpApi", "SQS", "Schedule"}
    assert types["AWS::Serverless::Function"] == 7
    assert types["AWS::IAM::Role"] == types["AWS::Serverless::LayerVersion"] == 1
    assert types["Custom::Catalogue"] == 1
    runtimes = {resource["Properties"].get("Runtime") for resource in resources}
    assert runtimes >= {"nodejs20.x", None}
