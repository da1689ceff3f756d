"""Templates that a command makes: its failures first."""

import concurrent.futures
import json
import os
import sys
import threading
from pathlib import Path

import pytest

from live_session import Live, clean_environment
from offline_cloud import until
from samlive import cli
from samlive.build_command import render, sources
from samlive.deploy.pace import Interrupted
from samlive.errors import SamliveError

JINJA = """\
Transform: AWS::Serverless-2016-10-31
Resources:
{% for name in ["Orders"] %}
  {{ name }}:
    Type: AWS::Serverless::Function
    Properties: {Runtime: python3.12, Handler: app.handler, CodeUri: src}
{% endfor %}
"""
RENDERER = """\
import sys, jinja2
print(jinja2.Template(open(sys.argv[1]).read(), trim_blocks=True).render())
"""
COMMAND = f"{sys.executable} render.py template.yaml.j2"


@pytest.fixture
def template(tmp_path: Path) -> Path:
    (tmp_path / "render.py").write_text(RENDERER)
    path = tmp_path / "template.yaml.j2"
    path.write_text(JINJA)
    return path


@pytest.mark.parametrize(
    ("command", "message", "hint"),
    [
        ("echo broken >&2; echo part; exit 3", "ended with exit status 3", "broken"),
        ("exit 1", "ended with exit status 1", "It wrote nothing to standard error."),
        ("kill -9 $$", "was ended by signal 9", "It wrote nothing"),
        ("echo why >&2", "wrote no template", "why"),
        ("printf '\\377'", "does not write UTF-8", ""),
        ("no-such-program-here", "ended with exit status 127", "no-such-program-here"),
    ],
)
def test_a_command_that_fails_is_told_with_what_it_said(
    template: Path, command: str, message: str, hint: str
) -> None:
    with pytest.raises(SamliveError) as failed:
        render(template, command)
    assert message in failed.value.message and command in failed.value.message
    assert hint in failed.value.hint


def test_only_the_end_of_a_long_complaint_is_told(template: Path) -> None:
    with pytest.raises(SamliveError) as failed:
        render(template, "seq 1000 >&2; exit 1")
    assert failed.value.hint.splitlines() == [str(number) for number in range(981, 1001)]


def test_a_folder_that_does_not_exist_is_told(tmp_path: Path) -> None:
    with pytest.raises(SamliveError, match="There is no folder"):
        render(tmp_path / "none" / "template.yaml", "echo {}")


def test_without_the_option_no_command_runs_and_it_is_named(
    template: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["transform", str(template), "--stage", "ana"]) == 2
    assert "--build-template-command" in capsys.readouterr().err


def test_a_command_in_the_teams_section_does_not_run(template: Path) -> None:
    (template.parent / "samconfig.toml").write_text(
        "version = 0.1\n[default.deploy.parameters]\nbuild_template_command = 'touch ran; exit 1'\n"
    )
    assert cli.main(["transform", str(template), "--stage", "ana"]) == 2
    assert not (template.parent / "ran").exists()


def test_its_output_is_the_template_and_paths_hold_from_its_folder(
    template: Path,
    capsys: pytest.CaptureFixture[str],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    words = ["transform", str(template), "--stage", "ana", "--build-template-command", COMMAND]
    assert cli.main([*words, "--report", "--output", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    (function,) = report["functions"]
    assert function["logical_id"] == "Orders" and function["live"]
    assert Path(function["code"]) == template.parent / "src"


def test_settings_file_and_variable_name_it_too(
    template: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = template.parent / "samconfig.toml"
    settings.write_text(
        f"version = 0.1\n[default.dev.parameters]\nbuild_template_command = '{COMMAND}'\n"
    )
    assert cli.main(["transform", str(template), "--stage", "ana", "--diff"]) == 0
    assert capsys.readouterr().out.startswith(f"--- {template} (built)\n")
    settings.unlink()
    monkeypatch.setenv("SAMLIVE_BUILD_TEMPLATE_COMMAND", COMMAND)
    assert cli.main(["transform", str(template), "--stage", "ana"]) == 0


def test_lines_are_those_of_the_output(template: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["transform", str(template), "--stage", "ana", "--build-template-command"]
    assert cli.main([*words, "printf 'Resources:\\n  A: [\\n'"]) == 2
    assert f"{template} (built):3: " in capsys.readouterr().err


def test_what_the_command_may_read_is_watched(template: Path) -> None:
    folder = template.parent
    for name in ("part.yaml", "notes.txt", "shared/part.jinja", "shared/app.py", "src/app.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("")
    found = {os.path.relpath(path, folder) for path in sources(template, "./render.py shared")}
    assert found == {"template.yaml.j2", "render.py", "part.yaml", "shared/part.jinja"}


@pytest.mark.parametrize("command", ["echo 'a", "", None, "x" * 5000])
def test_odd_commands_can_be_watched(template: Path, command: str | None) -> None:
    assert sources(template, command) in (frozenset(), frozenset([template]))


@pytest.mark.e2e
def test_a_session_builds_again_after_edits_and_not_by_itself(template: Path) -> None:
    (template.parent / "src").mkdir()
    (template.parent / "src" / "app.py").write_text("def handler(event, context): return 1\n")
    (template.parent / "part.yaml").write_text("")
    noisy = f"echo run >> runs.txt; {COMMAND} | tee made.yaml"
    words = ("--offline", "--stage", "ana", "--build-template-command", noisy)
    live = Live(template, *words, environment=clean_environment())
    try:
        assert set(live.expect("ready")["functions"]) == {"Orders"}
        template.write_text(JINJA.replace('["Orders"]', '["Orders", "Bills"]'))
        assert set(live.expect("ready")["functions"]) == {"Bills", "Orders"}
        template.write_text(JINJA.replace('["Orders"]', '["Orders", {{'))
        assert "TemplateSyntaxError" in live.expect("error")["hint"]
        (template.parent / "part.yaml").write_text("edited")
        assert "TemplateSyntaxError" in live.expect("error")["hint"]
    finally:
        live.stop()
    runs = (template.parent / "runs.txt").read_text().splitlines()
    assert len(runs) == 4, "once at the start, once for each edit"


def leave_pid(command: str) -> str:
    return f"echo $$ > pid; {command}"


def noted(folder: Path) -> bool:
    path = folder / "pid"
    return path.exists() and path.read_text().endswith("\n")


def ended(folder: Path) -> bool:
    try:
        os.killpg(int((folder / "pid").read_text()), 0)
    except ProcessLookupError:
        return True
    return False


def test_a_command_ends_when_the_user_wants_to_stop(template: Path) -> None:
    stop = threading.Event()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        running = pool.submit(render, template, leave_pid("sleep 1000 & sleep 1000"), stop)
        until(lambda: noted(template.parent))
        stop.set()
        with pytest.raises(Interrupted):
            running.result(60)
    until(lambda: ended(template.parent))


def test_ctrl_c_at_the_start_ends_the_command_too(template: Path) -> None:
    words = ("--offline", "--stage", "ana", "--build-template-command", leave_pid("sleep 1000"))
    live = Live(template, *words, environment=clean_environment())
    until(lambda: noted(template.parent))
    assert live.stop() == 130
    until(lambda: ended(template.parent))
