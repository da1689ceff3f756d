"""Which directories are watched, and what an event becomes."""

import asyncio
import importlib
import os
import shutil
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

import samlive_relay
from relay_session import Run
from samlive_relay.config import LocalFunction
from samlive_relay.watch import MOVE_SECONDS, Watcher, plan


def tree(root: Path, *files: str) -> None:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def planned(root: Path) -> dict[str, bool]:
    return {os.path.relpath(path, root): recursive for path, recursive in plan(str(root))}


@pytest.mark.parametrize("ignored", ["node_modules", ".venv", ".git", ".aws-sam", ".samlive"])
def test_what_is_ignored_is_never_watched(tmp_path: Path, ignored: str) -> None:
    tree(tmp_path, f"{ignored}/deep/er/file.py", "src/app.py", "src/lib/x.py")
    assert planned(tmp_path) == {".": False, "src": True}


def test_a_clean_tree_is_one_watch(tmp_path: Path) -> None:
    tree(tmp_path, "a/b/c.py", "d/e.py", "d/__pycache__/e.pyc")
    assert planned(tmp_path) == {".": True}


def test_an_ignored_directory_far_below_costs_one_watch_for_each_parent(tmp_path: Path) -> None:
    tree(tmp_path, "a/b/node_modules/x.js", "a/c/d.js", "e/f.js")
    assert planned(tmp_path) == {".": False, "a": False, "a/b": False, "a/c": True, "e": True}


class Watching:
    """A watcher on a folder and what it told."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.changes: list[tuple[set[str], set[str]]] = []
        self.told = asyncio.Event()
        self.watcher = Watcher(self._on_change)

    def _on_change(self, changed: set[str], created: set[str]) -> None:
        self.changes.append((changed, created))
        self.told.set()

    @property
    def changed(self) -> set[str]:
        return {os.path.relpath(path, self.root) for files, _ in self.changes for path in files}

    @property
    def created(self) -> set[str]:
        return {os.path.relpath(path, self.root) for _, files in self.changes for path in files}

    async def until(self, holds: Callable[["Watching"], bool]) -> None:
        async def wait() -> None:
            while not holds(self):
                self.told.clear()
                await self.told.wait()

        await asyncio.wait_for(wait(), 10)


Act = Callable[[Watching], Awaitable[None]]


def watching(root: Path, act: Act, *loaded: str) -> Awaitable[None]:
    """Watch a folder of which these files have been loaded, and act."""

    async def scenario() -> None:
        seen = Watching(root)
        seen.watcher.start([LocalFunction("F", "python3.11", "app.handler", root)])
        seen.watcher.loaded([str(root / name) for name in loaded])
        try:
            await act(seen)
        finally:
            seen.watcher.stop()

    return scenario()


def test_what_nobody_loaded_is_not_told(tmp_path: Path, run: Run) -> None:
    tree(tmp_path, "app.py", "notes.txt", "node_modules/lib.js")

    async def act(seen: Watching) -> None:
        for name in ("notes.txt", "node_modules/lib.js", "app.py.swp", ".app.py.tmp"):
            (tmp_path / name).write_text("new")
        (tmp_path / "app.py").write_text("new")
        await seen.until(lambda seen: bool(seen.changed))
        assert (seen.changed, seen.created) == ({"app.py"}, set())

    run(watching(tmp_path, act, "app.py"))


def test_new_sources_are_told_also_in_new_folders(tmp_path: Path, run: Run) -> None:
    tree(tmp_path, "app.py", "node_modules/lib.js")

    async def act(seen: Watching) -> None:
        tree(tmp_path, "a/b/first.py")
        await seen.until(lambda seen: "a/b/first.py" in seen.created)
        tree(tmp_path, "a/b/second.mjs")
        await seen.until(lambda seen: "a/b/second.mjs" in seen.created)

    run(watching(tmp_path, act, "app.py"))


def test_a_folder_that_is_moved_away_or_removed_changes_its_files(tmp_path: Path, run: Run) -> None:
    tree(tmp_path, "lib/one.py", "gone/two.py", "app.py")

    async def act(seen: Watching) -> None:
        (tmp_path / "lib").rename(tmp_path.parent / f"{tmp_path.name}-lib")
        shutil.rmtree(tmp_path / "gone")
        await seen.until(lambda seen: {"lib/one.py", "gone/two.py"} <= seen.changed)

    run(watching(tmp_path, act, "lib/one.py", "gone/two.py"))


def test_a_branch_switch_is_a_few_changes_not_thousands(tmp_path: Path, run: Run) -> None:
    names = [f"d{number % 20}/m{number}.py" for number in range(2000)]
    tree(tmp_path, *names)

    async def act(seen: Watching) -> None:
        await asyncio.to_thread(lambda: [(tmp_path / name).write_text("x") for name in names])
        await seen.until(lambda seen: len(seen.changed) == 2000)
        assert len(seen.changes) < 50

    run(watching(tmp_path, act, *names))


@pytest.mark.skipif(sys.platform != "linux", reason="only inotify pairs moves")
def test_a_file_moved_out_holds_nothing_back(tmp_path: Path, run: Run) -> None:
    from watchdog.observers.inotify import InotifyObserver

    root, outside = tmp_path / "src", tmp_path / "outside"
    tree(root, "app.py", "old.py")
    outside.mkdir()

    async def act(seen: Watching) -> None:
        assert isinstance(seen.watcher._observer, InotifyObserver)
        (root / "old.py").rename(outside / "old.py")
        (root / "app.py").write_text("new")
        await seen.until(lambda seen: "app.py" in seen.changed)
        # Half a second, as it comes, is what a developer would wait for.
        grouper = importlib.import_module("watchdog.observers.inotify_move_event_grouper")
        assert grouper.InotifyMoveEventGrouper.delay == MOVE_SECONDS

    run(watching(root, act, "app.py"))


def test_its_threads_are_gone_when_it_has_stopped(tmp_path: Path, run: Run) -> None:
    before = threading.active_count()

    async def act(seen: Watching) -> None:
        assert threading.active_count() > before

    run(watching(tmp_path, act))
    assert threading.active_count() == before


def test_only_the_watcher_imports_watchdog() -> None:
    package = Path(samlive_relay.__file__).parent
    importers = [
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if "from watchdog" in path.read_text() or "import watchdog" in path.read_text()
    ]
    assert importers == ["watch.py"]
