"""Which stage: given, remembered, asked for, never guessed in a script."""

from pathlib import Path

import pytest

from samlive import names, settings, stage
from samlive.errors import SamliveError
from samlive.state import Project


def load(folder: Path, **given: str) -> settings.Settings:
    return settings.load("dev", folder / "template.yaml", given, {})


def test_script_without_a_stage_is_refused_with_the_option(tmp_path: Path) -> None:
    with pytest.raises(SamliveError, match="no terminal") as refused:
        stage.required(load(tmp_path), Project(tmp_path))
    assert "--stage" in refused.value.hint


def test_given_stage_is_checked(tmp_path: Path) -> None:
    with pytest.raises(SamliveError, match="refused"):
        stage.known(load(tmp_path, stage="prod"), Project(tmp_path))


def test_remembered_stage_is_checked_as_well(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.remember_stage("prod")
    with pytest.raises(SamliveError, match="refused"):
        stage.known(load(tmp_path), project)


def test_answer_that_is_refused_is_not_remembered(tmp_path: Path) -> None:
    project = Project(tmp_path)
    with pytest.raises(SamliveError, match="refused"):
        stage.ask(project, "ana", lambda _: "main")
    assert project.stage() is None


def test_given_stage_goes_before_the_remembered_one(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.remember_stage("ana")
    assert stage.known(load(tmp_path), project) == "ana"
    assert stage.known(load(tmp_path, stage="ben"), project) == "ben"
    assert project.stage() == "ana"


def test_first_answer_is_remembered_and_an_empty_one_takes_the_suggestion(tmp_path: Path) -> None:
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return ""

    project = Project(tmp_path)
    assert stage.ask(project, "Ana.Lopez", answer) == "ana-lopez"
    assert "[ana-lopez]" in asked[0]
    assert project.stage() == "ana-lopez"


def test_offline_takes_the_user_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "os_user", lambda: "Ana")
    assert stage.known(load(tmp_path), Project(tmp_path, offline=True)) == "ana"
    monkeypatch.setattr(names, "os_user", lambda: "root")
    assert stage.known(load(tmp_path), Project(tmp_path, offline=True)) == "dev"
