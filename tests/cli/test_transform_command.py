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
    orders = next(line for line in said.splitlines() if line.startswith("Orders"))
    assert orders.split()[:3] == ["Orders", "python3.12", "live"]
    assert (
        f"{template}:4: Orders.Properties.Timeout [timeout]" in said
        or "Orders.Properties.Timeout [timeout]" in said
    )


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


def test_lint_has_nothing_to_say_of_a_good_rewrite_and_remembers_it(
    template: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["transform", str(template), "--stage", "ana", "--lint"]
    assert cli.main(words) == 0
    assert capsys.readouterr().out == f"{template}: no new errors\n"
    monkeypatch.setattr("samlive_transform.lint._run", lambda text: pytest.fail("ran again"))
    assert cli.main(words) == 0
    assert (template.parent / ".samlive" / ".gitignore").exists()


def test_lint_tells_new_errors_alone_with_line_and_status_1(
    template: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from samlive_transform.lint import Finding

    old = Finding("E1", "Resources.Orders.Properties", "was there")
    new = Finding("E2", "Resources.Orders.Properties.Layers.0", "is new")
    strange = Finding("E3", "Resources.Nobody", "has no line")
    answers = iter([(old, new, strange), (old,)])  # before is only asked when it matters
    monkeypatch.setattr("samlive_transform.lint.findings", lambda tree, cache: next(answers))
    assert cli.main(["transform", str(template), "--stage", "ana", "--lint"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{template}:4: E2 Resources.Orders.Properties.Layers.0: is new",
        f"{template}:1: E3 Resources.Nobody: has no line",
    ]


def test_lint_as_data(template: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["transform", str(template), "--stage", "ana", "--lint", "--output", "json"]
    assert cli.main(words) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_lint_of_nested_templates_names_their_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from samlive_transform.lint import Finding

    (tmp_path / "child.yaml").write_text(TEMPLATE)
    parent = tmp_path / "parent.yaml"
    parent.write_text(
        "Transform: AWS::Serverless-2016-10-31\nResources:\n  Child:\n"
        "    Type: AWS::Serverless::Application\n    Properties: {Location: child.yaml}\n"
    )
    found = Finding("E2", "Resources.Orders", "is new")
    answers = iter([(), (found,)])
    monkeypatch.setattr("samlive_transform.lint.new_errors", lambda *given: next(answers))
    assert cli.main(["transform", str(parent), "--stage", "ana", "--lint"]) == 1
    assert "child.yaml:4: E2" in capsys.readouterr().out
