"""Every runtime's example goes live: built, called, edited, broken and mended."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from live_session import EXAMPLES, Ready, Way, clean_environment, edit, running

pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Example:
    """One example and what its toolchain is.

    Args:
        name: Its folder; the path of its API.
        said: The name in its greeting.
        programs: What has to be installed.
        source: The file that greets.
        broken: A text in it, and what breaks the file in its place.
        place: What an answer of the broken file names.
    """

    name: str
    said: str
    programs: tuple[str, ...]
    source: str
    broken: tuple[str, str]
    place: str

    @property
    def missing(self) -> str:
        return next((each for each in self.programs if shutil.which(each) is None), "")


EXAMPLE = {
    each.name: each
    for each in (
        Example(
            "java",
            "Java",
            ("java", "javac", "make"),
            "src/main/java/shop/Greeting.java",
            ('"Hello";', '"Hello"'),
            "main/java/shop/Greeting.java:7: error: ';' expected",
        ),
        Example("ruby", "Ruby", ("ruby",), "src/greeting.rb", ("= 'Hello'", "= ("), "greeting.rb:"),
        Example("go", "Go", ("go",), "src/main.go", ('word = "', "word = "), "main.go:"),
        Example(
            "rust",
            "Rust",
            ("cargo",),
            "src/src/greeting.rs",
            ("Ok(format", "Ok(formal"),
            "src/greeting.rs:",
        ),
        Example(
            "dotnet",
            "DotNet",
            ("dotnet",),
            "src/Greeting.cs",
            ('= "Hello";', '= "Hello"'),
            "Greeting.cs:",
        ),
        Example(
            "typescript",
            "TypeScript",
            ("node", "npm"),
            "src/greeting.ts",
            ('= "Hello"', "= ("),
            "greeting.ts:",
        ),
    )
}


IMAGE = """\
Boxed:
  Type: AWS::Serverless::Function
  Metadata: {DockerContext: boxed, Dockerfile: Dockerfile, DockerTag: v1}
  Properties: {PackageType: Image, ImageConfig: {Command: [app.handler]}}
Sealed:
  Type: AWS::Serverless::Function
  Metadata: {DockerContext: boxed, Dockerfile: Sealed, SamLive: {Code: go/src, Run: "go run ."}}
  Properties: {PackageType: Image}
Closed:
  Type: AWS::Serverless::Function
  Properties: {PackageType: Image, ImageUri: "123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1"}
"""
"""Images: one that runs from source, one by the user's command, one that stays an image."""


def write_images(folder: Path) -> dict[str, Any]:
    (folder / "boxed" / "src").mkdir(parents=True)
    (folder / "boxed" / "src" / "app.py").write_text(
        "import os\ndef handler(event, context):\n    return ['one', os.environ['IS_LOCAL']]\n"
    )
    base = "FROM public.ecr.aws/lambda/python:3.12\nCOPY src/ ${LAMBDA_TASK_ROOT}/\n"
    (folder / "boxed" / "Dockerfile").write_text(base)
    (folder / "boxed" / "Sealed").write_text("FROM scratch\n")
    images: dict[str, Any] = yaml.safe_load(IMAGE)
    return images


@pytest.fixture(scope="module")
def runtimes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ready]:
    """All examples in one session, as one template; those whose toolchain is missing too."""
    folder = tmp_path_factory.mktemp("runtimes")
    whole: dict[str, Any] = {"Transform": "AWS::Serverless-2016-10-31", "Resources": {}}
    for name, example in EXAMPLE.items():
        shutil.copytree(EXAMPLES / "runtimes" / name, folder / name)
        text = (folder / name / "template.yaml").read_text().partition("\nOutputs:")[0]
        for id, resource in yaml.safe_load(text)["Resources"].items():
            resource["Properties"]["CodeUri"] = f"{name}/{resource['Properties']['CodeUri']}"
            whole["Resources"][id] = resource
        if name == "typescript" and not example.missing:
            order = ["npm", "install", "--no-audit", "--no-fund", "--fetch-retries", "5"]
            subprocess.run(order, cwd=folder / name / "src", check=True, capture_output=True)
    whole["Resources"] |= write_images(folder)
    (folder / "template.yaml").write_text(yaml.safe_dump(whole, sort_keys=False))
    way = Way("offline", ("--offline", "--stage", "e2e"), clean_environment())
    with running(way, folder / "template.yaml") as session:
        yield session


@pytest.fixture(params=EXAMPLE)
def example(request: pytest.FixtureRequest) -> Example:
    found = EXAMPLE[request.param]
    if found.missing:
        pytest.skip(f"{found.missing} is not installed")
    return found


def test_a_missing_toolchain_keeps_the_function_and_breaks_nothing(runtimes: Ready) -> None:
    for each in EXAMPLE.values():
        state = runtimes.ready["functions"][f"{each.said}Function"]
        assert ("live" in state) == (not each.missing)
        assert state == "live" or "is not installed on this machine" in state


class TestEachRuntime:
    def test_it_answers_fails_and_shows_an_edit(self, runtimes: Ready, example: Example) -> None:
        path = runtimes.live.project / example.name / example.source
        get = f"/{example.name}/Ada"
        status, body = runtimes.fetch("ServerlessHttpApi", get)
        assert (status, body.decode()) == (200, f"Hello, Ada, from {example.said}")
        nobody = {"pathParameters": {"name": "nobody"}}
        error, kind = runtimes.invoke(f"{example.said}Function", nobody)
        assert (kind, error["errorMessage"]) == ("Unhandled", "nobody is here")
        edit(path, "Hello", "Good day")
        status, body = runtimes.fetch("ServerlessHttpApi", get)
        assert (status, body.decode()) == (200, f"Good day, Ada, from {example.said}")
        edit(path, "Good day", "Hello")

    def test_broken_code_answers_with_its_place_and_recovers(
        self, runtimes: Ready, example: Example
    ) -> None:
        path = runtimes.live.project / example.name / example.source
        event = {"pathParameters": {"name": "Ada"}}
        edit(path, *example.broken)
        error, kind = runtimes.invoke(f"{example.said}Function", event)
        assert kind == "Unhandled"
        assert example.place in error["errorMessage"] + "".join(error.get("trace", ()))
        edit(path, *reversed(example.broken))
        answer, kind = runtimes.invoke(f"{example.said}Function", event)
        assert (kind, answer["statusCode"]) == (None, 200)


def test_an_image_runs_from_its_source_or_by_the_users_command(runtimes: Ready) -> None:
    states = runtimes.ready["functions"]
    assert states["Closed"].startswith("kept: it is a container image")
    assert (states["Boxed"], states["Sealed"]) == ("live", "live")
    assert runtimes.invoke("Boxed", {}) == (["one", "true"], None)
    edit(runtimes.live.project / "boxed" / "src" / "app.py", "one", "two")
    assert runtimes.invoke("Boxed", {}) == (["two", "true"], None)
    if EXAMPLE["go"].missing:
        return
    answer, kind = runtimes.invoke("Sealed", {"pathParameters": {"name": "Ada"}})
    assert (kind, answer["body"]) == (None, "Hello, Ada, from Go")


def test_builds_are_told_and_lie_below_the_projects_state(runtimes: Ready) -> None:
    if EXAMPLE["java"].missing:
        pytest.skip("javac is not installed")
    runtimes.live.seen_or_expect(
        "build", lambda e: (e["function"], e["status"]) == ("JavaFunction", "built")
    )
    found = list((runtimes.live.project / ".samlive").rglob("build/JavaFunction/*/shop"))
    assert found and all(os.access(path, os.R_OK) for path in found)


def test_the_tests_know_every_example() -> None:
    folders = {path.parent.name for path in Path(EXAMPLES, "runtimes").glob("*/template.yaml")}
    assert folders == set(EXAMPLE)
