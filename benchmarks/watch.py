"""How soon a save is noticed, by the way in which an editor saves.

    python benchmarks/watch.py [--runs 3] [--saves 5] [--files 5000]

The clock starts at the end of the save and stops when the relay's watcher
tells which files changed. The floor, in turns with it: a bare inotify watch on
the same directory becomes readable. Noticing is a head start only; that no
answer is stale is the work of the check before each call (see `loop.py`).

The tree has as many files again in `node_modules`, which must not be watched.
"""

import asyncio
import ctypes
import os
import struct
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from support.processes import Bench, refuse_leftovers, step
from support.result import Result, arguments, shown
from support.stats import Collector

from samlive_relay.config import LocalFunction
from samlive_relay.watch import Watcher

SETTLE_SECONDS = 0.6
GIVE_UP_SECONDS = 2.0
GOAL_MS = 5.0
IN_ALL = 0x00000FFF


class Tree:
    """A project with files in folders, a module that is saved, and a place beside it.

    Args:
        folder: Where to make it.
        files: Files of the project; `node_modules` gets as many.
    """

    def __init__(self, folder: Path, files: int) -> None:
        self.code = folder / "src"
        self.outside = folder / "outside"
        self.outside.mkdir(parents=True)
        for root in (self.code, self.code / "node_modules"):
            for number in range(files):
                package = root / f"package{number // 50}"
                if number % 50 == 0:
                    package.mkdir(parents=True)
                (package / f"module{number}.py").write_text("VALUE = 1\n")
        self.module = self.code / "package0" / "module0.py"
        self._number = 0

    def text(self) -> str:
        """Return a new text of the same size."""
        self._number += 1
        return f"VALUE = {self._number:06d}\n"

    def in_place(self) -> None:
        """Truncate and write."""
        self.module.write_text(self.text())

    def atomic(self) -> None:
        """Write beside it and rename."""
        beside = self.module.with_suffix(".tmp")
        beside.write_text(self.text())
        beside.replace(self.module)

    def from_outside(self) -> None:
        """Write outside the tree and rename."""
        away = self.outside / "module.tmp"
        away.write_text(self.text())
        away.replace(self.module)

    def with_backup(self) -> None:
        """Rename the old one to a backup, write a new one, remove the backup (vim)."""
        backup = self.module.with_name(self.module.name + "~")
        self.module.rename(backup)
        self.module.write_text(self.text())
        backup.unlink()

    def after_move_out(self) -> None:
        """Write after another file was moved out of the tree."""
        other = self.code / "package0" / "module1.py"
        other.rename(self.outside / "module1.py")
        self.module.write_text(self.text())
        (self.outside / "module1.py").write_text("VALUE = 1\n")
        (self.outside / "module1.py").replace(other)


STYLES: dict[str, Callable[[Tree], None]] = {
    "in place": Tree.in_place,
    "atomic rename": Tree.atomic,
    "rename from outside": Tree.from_outside,
    "backup, as vim": Tree.with_backup,
    "in place, another file moved out": Tree.after_move_out,
}


class Inotify:
    """The floor: one bare watch on a directory, read by a thread of its own."""

    def __init__(self, folder: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = libc.inotify_init1(os.O_CLOEXEC)
        if libc.inotify_add_watch(self._descriptor, os.fsencode(folder), IN_ALL) < 0:
            raise SystemExit("inotify is not available")
        self._seen: list[tuple[float, str]] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while data := os.read(self._descriptor, 65536):
            now, at = time.perf_counter(), 0
            while at < len(data):
                _, _, _, size = struct.unpack_from("iIII", data, at)
                name = data[at + 16 : at + 16 + size].rstrip(b"\0").decode()
                self._seen.append((now, name))
                at += 16 + size

    def first(self, name: str, since: float) -> float:
        """Return when the last event about a file came, as seen from the end of its save."""
        times = [at for at, seen in self._seen if seen == name]
        self._seen.clear()
        return max(0.0, times[-1] - since) if times else 0.0


def main() -> None:
    """Measure every style and hold the slowest against the goal."""
    options = arguments(__doc__, saves=5, files=2500)
    refuse_leftovers()
    result = Result("watch", shown(options))
    if sys.platform != "linux":
        result.skip("saves noticed", "the floor is Linux's inotify")
        result.finish(options.results)
        return
    found, missed, watched = Collector(), dict[str, int](), 0
    for number in range(options.runs):
        with step(f"saves noticed, run {number + 1}"), Bench() as bench:
            found.begin()
            tree = Tree(bench.folder, options.files)
            watched = asyncio.run(_one_run(tree, found, missed, options.saves))
    _report(result, found, missed, watched, options.files)
    result.finish(options.results)


async def _one_run(tree: Tree, found: Collector, missed: dict[str, int], saves: int) -> int:
    noticed = asyncio.Event()

    def on_change(changed: set[str], created: set[str]) -> None:
        if str(tree.module) in changed | created:
            noticed.set()

    floor = Inotify(tree.module.parent)
    watcher = Watcher(on_change)
    threads = threading.active_count()
    started = time.perf_counter()
    watcher.start([LocalFunction("Code", "python3.11", "package0.module0.handler", tree.code)])
    found.add("ready", (time.perf_counter() - started) * 1000)
    watcher.loaded([str(tree.module)])
    found.add("threads", threading.active_count() - threads)
    try:
        for _ in range(saves):
            for name, save in STYLES.items():
                await asyncio.sleep(SETTLE_SECONDS)
                noticed.clear()
                save(tree)
                saved = time.perf_counter()
                try:
                    await asyncio.wait_for(noticed.wait(), GIVE_UP_SECONDS)
                except TimeoutError:
                    missed[name] = missed.get(name, 0) + 1
                    continue
                found.add(name, (time.perf_counter() - saved) * 1000)
                found.add(f"floor {name}", floor.first(tree.module.name, saved) * 1000)
    finally:
        watcher.stop()
    return len(watcher.watched)


def _report(
    result: Result, found: Collector, missed: dict[str, int], watched: int, files: int
) -> None:
    table = result.table(
        "Save → noticed by the watcher", "save", "ms", "bare inotify, ms", "not noticed"
    )
    slowest = 0.0
    for name in STYLES:
        series = found.series(name)
        slowest = max(slowest, series.middle)
        floor = found.series(f"floor {name}")
        table.add(name, series.text(1), floor.text(2), str(missed.get(name, 0)))
    ready = found.series("ready").text(1, " ms")
    table.notes.append(
        f"{files:,} files watched and {files:,} in node_modules ignored: ready after {ready}, "
        f"{watched} watched folders, {found.series('threads').middle:.0f} threads"
    )
    table.notes.append(f"after {SETTLE_SECONDS} s of quiet; a burst of saves is collected longer")
    result.goal("save noticed, slowest style", GOAL_MS, slowest, " ms")


if __name__ == "__main__":
    main()
