"""Which directories are watched, and what an event becomes."""

import asyncio
import os
import shutil
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

import samlive_relay
from relay_session import Run
from samlive_relay import inotify
from samlive_relay.config import LocalFunction
from samlive_relay.watch import LONGEST_SECONDS, Watcher, directories


def tree(root: Path, *files: str) -> None:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def found(root: Path) -> set[str]:
    return {os.path.relpath(path, root) for path in directories(str(root))}


@pytest.mark.parametrize("ignored", ["node_modules", ".venv", ".git", ".aws-sam", ".samlive"])
def test_what_is_ignored_is_never_watched(tmp_path: Path, ignored: str) -> None:
    tree(tmp_path, f"{ignored}/deep/er/file.py", f"src/{ignored}/x.py", "src/lib/x.py")
    (tmp_path / "link").symlink_to(tmp_path / ignored)
    assert found(tmp_path) == {".", "src", "src/lib"}


@pytest.fixture(params=["inotify", "watchdog"])
def eyes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The same tests over what sees file events on Linux, and elsewhere."""
    if request.param == "watchdog":
        monkeypatch.setattr(inotify, "AVAILABLE", False)
    elif not inotify.AVAILABLE:
        pytest.skip("not Linux")
    return str(request.param)


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

        await asyncio.wait_for(wait(), 60)


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


@pytest.mark.usefixtures("eyes")
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


@pytest.mark.usefixtures("eyes")
def test_a_folder_that_is_moved_away_or_removed_changes_its_files(tmp_path: Path, run: Run) -> None:
    tree(tmp_path, "lib/one.py", "gone/two.py", "app.py")

    async def act(seen: Watching) -> None:
        (tmp_path / "lib").rename(tmp_path.parent / f"{tmp_path.name}-lib")
        shutil.rmtree(tmp_path / "gone")
        await seen.until(lambda seen: {"lib/one.py", "gone/two.py"} <= seen.changed)

    run(watching(tmp_path, act, "lib/one.py", "gone/two.py"))


@pytest.mark.usefixtures("eyes")
def test_a_branch_switch_is_a_few_changes_not_thousands(tmp_path: Path, run: Run) -> None:
    names = [f"d{number % 20}/m{number}.py" for number in range(2000)]
    tree(tmp_path, *names)

    async def act(seen: Watching) -> None:
        begun = time.monotonic()
        await asyncio.to_thread(lambda: [(tmp_path / name).write_text("x") for name in names])
        await seen.until(lambda seen: len(seen.changed) == 2000)
        assert len(seen.changes) < 20 + (time.monotonic() - begun) / LONGEST_SECONDS

    run(watching(tmp_path, act, *names))


linux_only = pytest.mark.skipif(not inotify.AVAILABLE, reason="inotify is Linux's")


@linux_only
def test_a_file_moved_out_holds_nothing_back(tmp_path: Path, run: Run) -> None:
    root, outside = tmp_path / "src", tmp_path / "outside"
    tree(root, "app.py", "old.py")
    outside.mkdir()

    async def act(seen: Watching) -> None:
        (root / "old.py").rename(outside / "old.py")
        (root / "app.py").write_text("new")
        await seen.until(lambda seen: {"app.py", "old.py"} <= seen.changed)

    run(watching(root, act, "app.py", "old.py"))


@linux_only
def test_a_folder_that_moves_is_watched_where_it_is(tmp_path: Path, run: Run) -> None:
    tree(tmp_path, "old/deep/one.py")

    async def act(seen: Watching) -> None:
        (tmp_path / "old").rename(tmp_path / "new")
        await seen.until(lambda seen: "new/deep/one.py" in seen.created)
        assert {os.path.relpath(path, tmp_path) for path in seen.watcher.watched} == {
            ".",
            "new",
            "new/deep",
        }
        seen.watcher.loaded([str(tmp_path / "new/deep/one.py")])
        (tmp_path / "new/deep/one.py").write_text("x = 1")
        await seen.until(lambda seen: "new/deep/one.py" in seen.changed)

    run(watching(tmp_path, act, "old/deep/one.py"))


@linux_only
def test_a_folder_that_comes_and_goes_and_comes_is_watched(tmp_path: Path, run: Run) -> None:
    tree(tmp_path, "app.py")

    async def act(seen: Watching) -> None:
        for number in range(3):
            tree(tmp_path, f"lib/m{number}.py")
            await seen.until(lambda seen: f"lib/m{number}.py" in seen.created)  # noqa: B023
            shutil.rmtree(tmp_path / "lib")
            while str(tmp_path / "lib") in seen.watcher.watched:
                await asyncio.sleep(0.001)

    run(watching(tmp_path, act, "app.py"))


@linux_only
def test_many_folders_beside_node_modules_cost_one_descriptor_and_no_thread(
    tmp_path: Path, run: Run
) -> None:
    tree(tmp_path, "node_modules/a/b/c.js", *(f"d{number}/app.py" for number in range(200)))
    threads = set(threading.enumerate())

    async def act(seen: Watching) -> None:
        assert set(threading.enumerate()) <= threads
        assert len(seen.watcher.watched) == 201
        targets = [os.readlink(f"/proc/self/fd/{name}") for name in _descriptors()]
        assert len([target for target in targets if "inotify" in target]) == 1
        (tmp_path / "d150/app.py").write_text("x = 1")
        await seen.until(lambda seen: "d150/app.py" in seen.changed)

    run(watching(tmp_path, act, "d150/app.py"))
    assert not [name for name in _descriptors() if "inotify" in _target(name)]


def _descriptors() -> list[str]:
    return [name for name in os.listdir("/proc/self/fd") if _target(name)]


def _target(name: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{name}")
    except OSError:
        return ""


@linux_only
def test_no_more_directories_are_watched_than_is_fair(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inotify, "MAX_WATCHES", 3)
    tree(tmp_path, *(f"d{number}/app.py" for number in range(9)))

    async def act(seen: Watching) -> None:
        assert len(seen.watcher.watched) == 3

    run(watching(tmp_path, act))


@linux_only
def test_events_that_the_kernel_dropped_are_made_up_for(tmp_path: Path, run: Run) -> None:
    tree(tmp_path, "app.py", "lib.py")

    async def act(seen: Watching) -> None:
        assert isinstance(seen.watcher._eyes, inotify.Inotify)
        (tmp_path / "app.py").write_text("x = 1")
        (tmp_path / "lib.py").write_text("x = 1")
        seen.watcher._eyes._take(-1, inotify.IN_Q_OVERFLOW, "")
        await seen.until(lambda seen: seen.changed == {"app.py", "lib.py"})

    run(watching(tmp_path, act, "app.py", "lib.py"))


def test_without_file_events_the_session_goes_on(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Watcher) -> None:
        raise OSError(24, "no instance left")

    monkeypatch.setattr(Watcher, "_open", refuse)

    async def act(seen: Watching) -> None:
        assert list(seen.watcher.watched) == []

    run(watching(tmp_path, act, "app.py"))


def test_watchdogs_threads_are_gone_when_it_has_stopped(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inotify, "AVAILABLE", False)
    before = set(threading.enumerate())

    async def act(seen: Watching) -> None:
        assert set(threading.enumerate()) - before

    run(watching(tmp_path, act))
    assert set(threading.enumerate()) <= before


def test_only_the_watcher_imports_watchdog() -> None:
    package = Path(samlive_relay.__file__).parent
    importers = [
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if "from watchdog" in path.read_text() or "import watchdog" in path.read_text()
    ]
    assert importers == ["watch.py"]
