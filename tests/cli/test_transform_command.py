"""`samlive transform`: pure, without AWS, readable."""

import json
from pathlib import Path

import pytest

from samlive import cli
from samlive.state import Project

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
# Takes orders
Resources:
  Orders:
    Type: AWS::Serverless::Function
    Properties: {Runtime: python3.12, Handler: app.handler, CodeUri: src}
"""


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE)
    return path


def test_it_says_when_names_are_placeholders_and_asks_nobody(
    template: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("samlive.deploy.aws.Aws.__init__", None)
    assert cli.main(["transform", str(template), "--stage", "ana"]) == 0
    captured = capsys.readouterr()
    assert "# Takes orders" in captured.out
    assert "placeholders" in captured.err
    assert not (template.parent / ".samlive").exists()


def test_facts_of_the_last_session_are_used(
    template: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Project(template.parent).of("ana").write_record(
        {
            "layer_arn": "arn:aws:lambda:eu-central-1:123456789012:layer:samlive-stub:7",
            "layer_digest": "d" * 16,
            "endpoint": "real-ats.iot.eu-central-1.amazonaws.com",
            "region": "eu-central-1",
            "iot_region": "eu-central-1",
        }
    )
    assert cli.main(["transform", str(template), "--stage", "ana"]) == 0
    captured = capsys.readouterr()
    assert "layer:samlive-stub:7" in captured.out
    assert "real-ats.iot" in captured.out
    assert captured.err == ""


def test_twice_gives_the_same_bytes(template: Path) -> None:
    written = []
    for name in ("a.yaml", "b.yaml"):
        path = template.parent / name
        assert cli.main(["transform", str(template), "--stage", "ana", "-o", str(path)]) == 0
        written.append(path.read_bytes())
    assert written[0] == written[1] != TEMPLATE.encode()


def test_json_is_what_is_deployed(template: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["transform", str(template), "--stage", "ana", "--format", "json"]) == 0
    tree = json.loads(capsys.readouterr().out)
    assert "InlineCode" in tree["Resources"]["Orders"]["Properties"]


def test_diff_shows_what_changes_alone(template: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["transform", str(template), "--stage", "ana", "--diff"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"--- {template}"
    assert any(line.startswith("+") and "InlineCode" in line for line in lines)


def test_report_names_every_function_and_change_with_its_line(
    template: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["transform", str(template), "--stage", "ana", "--report"]) == 0
    said = capsys.readouterr().out
    assert f"{template}:4: Orders live" in said
    assert "Properties.Timeout [timeout]" in said


def test_report_as_data(template: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["transform", str(template), "--stage", "ana", "--report", "--output", "json"]
    assert cli.main(words) == 0
    report = json.loads(capsys.readouterr().out)
    assert [function["logical_id"] for function in report["functions"]] == ["Orders"]


def test_options_reach_the_rewrite(template: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["transform", str(template), "--stage", "ana", "--format", "json", "--keep-timeouts"]
    assert cli.main(words) == 0
    tree = json.loads(capsys.readouterr().out)
    assert "Timeout" not in tree["Resources"]["Orders"]["Properties"]


def test_refused_stage_is_told(template: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["transform", str(template), "--stage", "prod"]) == 2
    assert "refused" in capsys.readouterr().err
