"""The command line: instant, helpful, and honest about how it ended."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from samlive import cli
from samlive.errors import SamliveError
from samlive.options import OPTIONS

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


def test_bug_is_not_dressed_up_as_the_users_mistake() -> None:
    assert cli.told(ValueError("bug")) is None


def test_error_of_a_part_is_told_with_its_place() -> None:
    from samlive_transform import TransformError

    told = cli.told(TransformError("no good", "mend it", "template.yaml", 7))
    assert told is not None
    assert (told.message, told.hint) == ("template.yaml:7: no good", "mend it")


def test_template_is_found_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "template.yml").write_text("Resources: {}\n")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["transform"]) == 2
    assert "template.yml" in capsys.readouterr().err
