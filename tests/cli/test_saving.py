"""The command line's options, written into the settings file."""

from pathlib import Path
from typing import Any

import pytest

from samlive import samconfig, saving, settings
from samlive.errors import SamliveError

CORPUS = Path(__file__).parents[3] / "shared/corpus/_about/samconfig"
REAL = sorted(path for path in CORPUS.rglob("samconfig*") if path.is_file())
TEMPLATE = """\
Parameters:
  Colour: {Type: String}
  Password: {Type: String, NoEcho: true}
Resources:
  F: {Type: AWS::Lambda::Function}
"""
FILE = """\
version = 0.1
# the team's deploy
[default.deploy.parameters]
region = "eu-west-1"  # near
capabilities = "CAPABILITY_IAM"
"""


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE)
    return path


def save(template: Path, environment: str | None = None, **given: Any) -> tuple[str, ...]:
    return saving.save(settings.load("dev", template, given, {}), given, environment)


def test_nothing_given_writes_nothing(template: Path) -> None:
    assert save(template, keep_timeouts=None) == ()
    assert not (template.parent / "samconfig.toml").exists()


def test_file_that_cannot_be_written_is_told(template: Path) -> None:
    (template.parent / "samconfig.toml").mkdir()
    with pytest.raises(SamliveError, match="cannot be written"):
        save(template, keep_timeouts=True)


def test_secrets_and_what_is_meant_for_one_run_are_left_out(template: Path) -> None:
    given: dict[str, Any] = {"parameter_overrides": ["Colour=red", "Password=hunter2"]}
    once: dict[str, Any] = {"stage": "ana", "adopt": True, "takeover": True, "offline": True}
    notes = save(template, **given, **once)
    text = (template.parent / "samconfig.toml").read_text()
    assert "hunter2" not in text
    assert notes == (
        f"Saved in {template.parent / 'samconfig.toml'}: parameter_overrides.",
        "Not saved, as NoEcho says that they are secret: Password.",
    )
    own = samconfig.load(template.parent).own
    assert own == {"parameter_overrides": ["Colour=red"]}
    assert (template.parent / ".samlive/offline/stage").read_text() == "ana\n"


def test_secret_alone_leaves_the_file_alone(template: Path) -> None:
    assert save(template, parameter_overrides=["Password=hunter2"]) == (
        "Not saved, as NoEcho says that they are secret: Password.",
    )
    assert not (template.parent / "samconfig.toml").exists()


def test_comments_and_all_other_text_stay(template: Path) -> None:
    path = template.parent / "samconfig.toml"
    path.write_text(FILE)
    save(template, keep_timeouts=True, tags=["a=1", "b=x y"], drain_seconds="3")
    assert path.read_text() == FILE + (
        '\n[default.dev.parameters]\ntags = ["a=1", "b=x y"]\nkeep_timeouts = true\n'
        "drain_seconds = 3.0\n"
    )


def test_what_was_saved_is_read_again(template: Path) -> None:
    given: dict[str, Any] = {
        "keep_timeouts": True,
        "only": ["F", "G"],
        "parameter_overrides": ["Colour=light red"],
    }
    save(template, **given)
    again = settings.load("dev", template, {}, {})
    assert again.flag("keep_timeouts")
    assert again.items("only") == ("F", "G")
    assert again.pairs("parameter_overrides") == {"Colour": "light red"}


def test_other_environment_gets_a_section_of_its_own(template: Path) -> None:
    (template.parent / "samconfig.toml").write_text(FILE)
    save(template, environment="team", keep_vpc=True)
    assert samconfig.load(template.parent, environment="team").own == {"keep_vpc": True}
    assert samconfig.load(template.parent).own == {}


@pytest.mark.skipif(not REAL, reason="no corpus of settings files here")
@pytest.mark.parametrize("path", REAL, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_real_files_keep_every_line(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / path.name
    text = path.read_text(encoding="utf-8-sig")
    copy.write_text(text)
    before = samconfig.load(tmp_path, str(copy))
    values = {"keep_timeouts": True, "parameter_overrides": ["A=1", "B=x y"]}
    saving._write(copy, ("default", "dev", "parameters"), values)
    after = samconfig.load(tmp_path, str(copy))
    assert after.shared == before.shared
    assert after.own == {**before.own, **values}
    lines = copy.read_text().splitlines()
    assert [line for line in text.splitlines() if line not in lines] == []
