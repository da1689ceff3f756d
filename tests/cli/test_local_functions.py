"""Live functions as they stand on this machine."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from function_reports import REPORT
from samlive.local_functions import from_report, layer_arns
from samlive_relay.config import LocalFunction


@pytest.fixture(autouse=True)
def beside_the_template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report's paths hold from the process's folder, which may be another one."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def warnings() -> list[tuple[str, str]]:
    return []


def local(folder: Path, warnings: list[tuple[str, str]], **fields: Any) -> LocalFunction:
    found = from_report(
        (replace(REPORT, **fields),), folder, folder / "inline", lambda *w: warnings.append(w)
    )
    return found[fields.get("logical_id", "Orders")]


def test_a_jar_that_its_project_will_build_need_not_be_there(
    tmp_path: Path, warnings: list[tuple[str, str]]
) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "pom.xml").touch()
    found = local(tmp_path, warnings, runtime="java21", code="shop/target/shop-1.0.jar")
    assert found.code == tmp_path / "shop"
    assert found.build is not None and found.build.manager == "maven"
    assert warnings == []


def test_builds_and_commands_of_the_template_reach_the_relay(
    tmp_path: Path, warnings: list[tuple[str, str]]
) -> None:
    (tmp_path / "src").mkdir()
    metadata = {"SamLive": {"Build": "make dev", "Run": "./serve"}}
    found = local(tmp_path, warnings, metadata=metadata)
    assert found.build is not None and found.build.command == "make dev"
    assert found.run == "./serve"


def test_an_image_comes_as_the_function_that_its_dockerfile_makes(
    tmp_path: Path, warnings: list[tuple[str, str]]
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").touch()
    (tmp_path / "src" / "Dockerfile").write_text("FROM public.ecr.aws/lambda/python:3.13\n")
    fields = {"package": "Image", "runtime": "", "handler": "", "command": ("app.go",)}
    found = local(tmp_path, warnings, metadata={"DockerContext": "src"}, **fields)
    assert (found.runtime, found.handler, found.code) == (
        "python3.13",
        "app.go",
        tmp_path / "src",
    )


def test_kept_function_is_left_out(tmp_path: Path) -> None:
    kept = replace(REPORT, live=False)
    assert from_report((kept,), tmp_path, tmp_path, lambda *_: None) == {}


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        pytest.param({"code": None}, "not on this machine", id="code in a bucket"),
        pytest.param({"code": "nope"}, "does not exist", id="no such folder"),
        pytest.param({"code": "app.sh"}, "is no folder", id="a file"),
        pytest.param({"layers": ("nope",)}, "its layer", id="no such layer"),
    ],
)
def test_what_cannot_run_here_is_told(
    tmp_path: Path, warnings: list[tuple[str, str]], fields: dict[str, Any], text: str
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "app.sh").write_bytes(b"")
    local(tmp_path, warnings, **fields)
    assert len(warnings) == 1
    assert warnings[0][0] == "Orders"
    assert text in warnings[0][1]


def test_declared_values_reach_the_relay(tmp_path: Path, warnings: list[tuple[str, str]]) -> None:
    for name in ("src", "layer"):
        (tmp_path / name).mkdir()
    found = local(tmp_path, warnings, layers=("layer",))
    assert warnings == []
    assert found == LocalFunction(
        logical_id="Orders",
        runtime="python3.12",
        handler="app.handler",
        code=tmp_path / "src",
        timeout=10,
        memory=256,
        layers=(tmp_path / "layer",),
        architecture="arm64",
    )


@pytest.mark.parametrize(
    ("runtime", "name"), [("python3.12", "index.py"), ("nodejs20.x", "index.js")]
)
def test_inline_code_becomes_a_private_file_and_is_written_once(
    tmp_path: Path, warnings: list[tuple[str, str]], runtime: str, name: str
) -> None:
    fields = {"inline": "code", "code": None, "runtime": runtime, "logical_id": "Child/Orders"}
    path = local(tmp_path, warnings, **fields).code / name
    assert path.read_text() == "code"
    assert path.stat().st_mode & 0o077 == 0
    before = path.stat().st_ino
    local(tmp_path, warnings, **fields)
    assert path.stat().st_ino == before
    local(tmp_path, warnings, **{**fields, "inline": "other"})
    assert path.read_text() == "other"


def test_template_named_from_another_folder(
    tmp_path: Path, warnings: list[tuple[str, str]]
) -> None:
    """As in `samlive dev examples/orders/template.yaml`: the report says so in its paths."""
    folder = tmp_path / "examples" / "orders"
    (folder / "src").mkdir(parents=True)
    (folder / "layer").mkdir()
    found = local(folder, warnings, code="examples/orders/src", layers=("examples/orders/layer",))
    assert (found.code, found.layers) == (folder / "src", (folder / "layer",))
    assert warnings == []


def test_layers_given_by_arn_are_used_where_they_were_unpacked(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    arns = ("arn:aws:lambda:r:1:layer:x:1", "arn:aws:lambda:r:1:layer:gone:1")
    wanted = replace(REPORT, layers=arns)
    kept = replace(wanted, logical_id="Kept", live=False)
    assert layer_arns((wanted, kept)) == {arn: ["Orders"] for arn in arns}
    told: list[tuple[str, str]] = []
    fetched = {arns[0]: tmp_path}
    found = from_report((wanted,), tmp_path, tmp_path, lambda *w: told.append(w), fetched)
    assert (found["Orders"].layers, told) == ((tmp_path,), [])
