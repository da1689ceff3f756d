"""Edits of the files that make the infrastructure."""

import asyncio
import os
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

import pytest

from samlive import template_watch
from samlive.template_watch import changed, marks

T = TypeVar("T")


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(template_watch, "INTERVAL_SECONDS", 0.001)


def run(work: Awaitable[T]) -> T:
    async def main() -> T:
        return await asyncio.wait_for(work, 60)

    return asyncio.run(main())


def test_untouched_files_are_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text("a")
    paths = frozenset((path, tmp_path / "none.yaml"))

    async def wait() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(changed(paths, marks(paths)), 0.05)

    run(wait())


def test_edit_replacement_creation_and_removal_are_noticed(tmp_path: Path) -> None:
    names = ["edited", "replaced", "removed", "made", "same"]
    paths = {name: tmp_path / name for name in names}
    for name in ("edited", "replaced", "removed", "same"):
        paths[name].write_text("x")
    before = marks(paths.values())
    paths["edited"].write_text("longer")
    (tmp_path / "new").write_text("y")
    os.replace(tmp_path / "new", paths["replaced"])
    paths["removed"].unlink()
    paths["made"].write_text("z")
    files, now = run(changed(frozenset(paths.values()), before))
    assert files == {paths[name] for name in ("edited", "replaced", "removed", "made")}
    assert now == marks(paths.values())


def test_file_that_is_watched_anew_counts_from_its_first_sight(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("x")
    new.write_text("x")
    files, _ = run(changed(frozenset((old, new)), marks([old])))
    assert files == {new}
