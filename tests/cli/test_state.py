"""What is kept on this machine: private, ignored by git, offline apart."""

import errno
import os
import stat
from pathlib import Path

import pytest

from samlive.state import Project, write_private, write_shared


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_nothing_is_made_by_looking(tmp_path: Path) -> None:
    project = Project(tmp_path)
    assert (project.stage(), project.stages(), project.of("ana").key) == (None, (), None)
    assert project.of("ana").record == {}
    assert list(tmp_path.iterdir()) == []


def test_folder_ignores_itself_in_git_and_is_private(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.remember_stage("ana")
    assert (tmp_path / ".samlive/.gitignore").read_text() == "*\n"
    assert mode(tmp_path / ".samlive") == 0o700
    assert mode(tmp_path / ".samlive/stage") == 0o600
    assert project.stage() == "ana"


def test_key_and_record_are_private_and_come_back(tmp_path: Path) -> None:
    stage = Project(tmp_path).of("ana")
    stage.keep_key("secret")
    stage.write_record({"region": "eu-central-1"})
    assert mode(stage.folder / "key") == 0o600
    assert (stage.key, stage.record) == ("secret", {"region": "eu-central-1"})
    stage.forget()
    assert (stage.key, stage.record) == (None, {})


def test_broken_record_counts_as_none(tmp_path: Path) -> None:
    stage = Project(tmp_path).of("ana")
    stage.write_record({})
    (stage.folder / "stage.json").write_text("[1")
    assert stage.record == {}


def test_offline_stages_are_others(tmp_path: Path) -> None:
    Project(tmp_path, offline=True).of("dev").keep_key("toy")
    Project(tmp_path).remember_stage("ana")
    assert Project(tmp_path, offline=True).stage() is None
    assert Project(tmp_path, offline=True).stages() == ("dev",)
    assert Project(tmp_path).of("dev").key is None


def test_file_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "x"
    write_private(path, b"one")
    write_private(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_of_the_users_keeps_its_mode_and_its_link(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere.toml"
    target.write_text("before")
    target.chmod(0o640)
    link = tmp_path / "samconfig.toml"
    link.symlink_to(target)
    write_shared(link, "after\r\n")
    assert link.is_symlink() and target.read_bytes() == b"after\r\n"
    assert target.stat().st_mode & 0o777 == 0o640
    write_shared(tmp_path / "new", "x")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o644


def test_a_file_that_cannot_be_written_stays_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "samconfig.toml"
    path.write_text("before")

    def full(descriptor: int, mode: str) -> object:
        os.close(descriptor)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fdopen", full)
    with pytest.raises(OSError) as refused:
        write_shared(path, "after")
    assert refused.value.filename == str(path)
    assert [each.name for each in tmp_path.iterdir()] == ["samconfig.toml"]
    assert path.read_text() == "before"
