"""The command line: instant, helpful, and honest about how it ended."""

import argparse
import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from samlive import arguments, cli, failures
from samlive.errors import SamliveError, reason
from samlive.options import BY_NAME, OPTIONS

SUBJECTS = {"invoke": ["Fn"], "init": ["vscode"], "macro": ["status"]}

HEAVY = (
    "asyncio",
    "awscrt",
    "boto3",
    "botocore",
    "cfnlint",
    "dataclasses",
    "inspect",
    "jinja2",
    "pathlib",
    "rich",
    "ruamel",
    "shutil",
    "typing",
    "watchdog",
    "yaml",
)


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A template with one function."""
    path = tmp_path / "template.yaml"
    path.write_text(
        "Resources:\n  Fn:\n    Type: AWS::Serverless::Function\n    Properties:\n"
        "      Runtime: python3.13\n      Handler: app.handler\n      InlineCode: pass\n"
        "Transform: AWS::Serverless-2016-10-31\n"
    )
    return path


def _fails(error: Exception) -> object:
    def fail(*_: object, **__: object) -> NoReturn:
        raise error

    return fail


@pytest.mark.parametrize("words", [["--help"], ["dev", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    program = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "from samlive.cli import main\n"
        "try:\n"
        f"    main({words!r})\n"
        "except SystemExit:\n"
        "    pass\n"
        "new = set(sys.modules) - before\n"
        f"print([name for name in {HEAVY!r} if name in new], file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr.strip() == "[]"
    assert done.stdout


def test_every_option_has_its_own_spelling() -> None:
    flags = [option.flag for option in OPTIONS]
    assert len(flags) == len(set(flags))


def test_unknown_option_is_refused_with_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["dev", "--nonsense"])
    assert ended.value.code == 2
    assert "--nonsense" in capsys.readouterr().err


def test_missing_template_is_told_with_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = cli.main(["dev", str(tmp_path / "nope.yaml"), "--offline"])
    assert status == 2
    said = capsys.readouterr().err
    assert "nope.yaml" in said
    assert "Traceback" not in said
    assert not (tmp_path / ".samlive").exists()


def test_json_output_has_the_failure_as_an_event(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = cli.main(["dev", str(tmp_path / "nope.yaml"), "--offline", "--output", "json"])
    captured = capsys.readouterr()
    assert status == 2
    told = json.loads(captured.out)
    assert told["event"] == "error"
    assert "nope.yaml" in told["message"]


@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "latin-1"},
        {"PYTHONIOENCODING": "ascii:strict"},
    ],
    ids=lambda locale: str(*list(locale.values())[:1]),
)
def test_every_script_passes_whatever_the_locale(template: Path, locale: dict[str, str]) -> None:
    template.write_text(f"# héé 日本\n{template.read_text()}", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "samlive", "transform", str(template), "--stage", "ann"],
        env={**os.environ, **locale},
        capture_output=True,
        check=True,
    )
    assert "\n# héé 日本\n" in done.stdout.decode()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param("a: [", "no valid YAML", id="broken YAML"),
        pytest.param("Resources:\n  Q: {Type: AWS::SQS::Queue}\n", "no Lambda", id="no functions"),
        pytest.param("just: text\n", "Resources", id="no template"),
    ],
)
def test_bad_template_is_told_before_anything_is_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, text: str
) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(content)
    assert cli.main(["dev", str(template), "--offline"]) == 2
    said = capsys.readouterr().err
    assert text in said
    assert "template.yaml" in said
    assert not (tmp_path / ".samlive").exists()


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    with pytest.raises(SamliveError):
        cli.main(["dev", str(tmp_path / "nope.yaml"), "--offline", "--debug"])


def test_bug_is_not_dressed_up_as_the_users_mistake(
    template: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("samlive.commands.transform.run", _fails(ValueError("never foreseen")))
    assert cli.main(["transform", str(template)]) == 1
    said = capsys.readouterr().err
    assert "ValueError: never foreseen" in said
    assert "bug in samlive" in said and "--debug" in said
    assert "Traceback" not in said


def test_traceback_of_a_bug_is_kept_where_the_project_keeps_its_state(
    template: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("samlive.commands.transform.run", _fails(ValueError("never foreseen")))
    state = template.parent / ".samlive"
    state.mkdir()
    assert cli.main(["transform", str(template)]) == 1
    kept = state / "crash.log"
    assert str(kept) in capsys.readouterr().err
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.read_text().startswith("Traceback")


@pytest.mark.parametrize(
    ("number", "status", "text"),
    [
        pytest.param(errno.ENOSPC, 2, "the disk is full", id="full"),
        pytest.param(errno.EDQUOT, 2, "the disk is full", id="quota"),
        pytest.param(errno.EROFS, 2, "read-only", id="read-only"),
        pytest.param(errno.EACCES, 2, "permission denied", id="not allowed"),
        pytest.param(errno.ENOENT, 2, "no such file", id="gone"),
    ],
)
def test_refusal_of_the_system_names_the_file(
    template: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: int,
    status: int,
    text: str,
) -> None:
    failure = OSError(number, os.strerror(number), "/somewhere/state")
    monkeypatch.setattr("samlive.commands.transform.run", _fails(failure))
    assert cli.main(["transform", str(template)]) == status
    said = capsys.readouterr().err
    assert said.startswith("samlive: /somewhere/state: ")
    assert text in said and "Traceback" not in said


def test_reason_of_a_file_is_told_in_words() -> None:
    assert reason(FileNotFoundError(errno.ENOENT, "No such file or directory", "x")) == (
        "no such file or directory"
    )
    with pytest.raises(UnicodeDecodeError) as broken:
        b"ok \xff".decode()
    assert reason(broken.value) == "it is not UTF-8 (byte 4)"


def test_lost_connection_is_no_file_that_the_user_can_mend() -> None:
    assert failures.told(ConnectionResetError(errno.ECONNRESET, "reset")) is None


@pytest.mark.parametrize("target", ["nowhere/t.yaml", ".", "/dev/full"])
def test_output_that_cannot_be_written_is_told(
    template: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    target: str,
) -> None:
    monkeypatch.chdir(template.parent)
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    assert cli.main(["transform", str(template), "--stage", "ann", "-o", target]) == 2
    said = capsys.readouterr().err
    assert target in said and "Traceback" not in said


def test_error_of_a_part_is_told_with_its_place() -> None:
    from samlive_transform import TransformError

    told = failures.told(TransformError("no good", "mend it", "template.yaml", 7))
    assert told is not None
    assert (told.message, told.hint) == ("template.yaml:7: no good", "mend it")


def test_a_slip_in_an_option_names_the_one_that_was_meant(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["dev", "--keep-timeout-s"])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "samlive dev: there is no option --keep-timeout-s" in said
    assert "did you mean --keep-timeouts?" in said and "samlive dev --help" in said


def test_a_second_template_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["transform", "a.yaml", "b.yaml"])
    assert ended.value.code == 2
    assert "'b.yaml'" in capsys.readouterr().err


def test_nothing_shows_the_help_with_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([])
    assert ended.value.code == 2
    assert "go live" in capsys.readouterr().err


def _specials() -> list[tuple[str, argparse.Action]]:
    """Return every option that is no setting, with its command."""
    return [
        (name, action)
        for name in arguments.COMMANDS
        for action in arguments.parse([name, *SUBJECTS.get(name, ())]).parser._actions
        if action.option_strings and action.dest not in {*BY_NAME, "help"}
    ]


@pytest.mark.parametrize(
    ("command", "action"), _specials(), ids=lambda each: getattr(each, "dest", each)
)
def test_every_option_that_is_no_setting_has_a_variable_too(
    command: str, action: argparse.Action
) -> None:
    said = {0: "yes"}.get(action.nargs if isinstance(action.nargs, int) else -1, "7")
    said = list(action.choices)[-1] if action.choices else said
    expected = {"yes": True}.get(said, action.type(said) if callable(action.type) else said)
    given = arguments.parse([command, *SUBJECTS.get(command, ())])
    arguments.take_variables(given, {arguments.variable(action): said})
    assert getattr(given, action.dest) == expected


def test_command_line_goes_before_the_variable_of_what_is_no_setting() -> None:
    given = arguments.parse(["transform", "--format", "json", "-t", "a.yaml"])
    arguments.take_variables(given, {"SAMLIVE_TEMPLATE": "b.yaml", "SAMLIVE_DIFF": "yes"})
    assert (given.template_option, given.format, given.diff) == ("a.yaml", "json", True)


@pytest.mark.parametrize(
    ("name", "value"),
    [("SAMLIVE_REPORT", "perhaps"), ("SAMLIVE_FORMAT", "toml")],
)
def test_variable_that_says_nothing_is_refused(
    template: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str,
) -> None:
    monkeypatch.setenv(name, value)
    assert cli.main(["transform", str(template)]) == 2
    said = capsys.readouterr().err
    assert name in said and value in said


def test_template_is_found_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "template.yml").write_text("Resources: {}\n")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["transform"]) == 2
    assert "template.yml" in capsys.readouterr().err
