"""Processes of a benchmark: started with a mark, counted, ended, and never left behind.

A worker or watcher that survives a run reacts to the next run's saves too: one
series once read 33-94 ms instead of 8-42. So every process carries a mark in
its environment and every folder in its name, `refuse_leftovers` looks for both
before anything is measured, and `Bench` looks again at the end.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import process_tree

MARK = "SAMLIVE_BENCHMARK"
PREFIX = "samlive-bench-"
FOLDER = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Spent:
    """What a process cost.

    Args:
        wall: Milliseconds from its start to its end.
        cpu: Milliseconds of processor time, user and system.
    """

    wall: float
    cpu: float


def leftovers() -> list[str]:
    """Return the marked processes and namespaces that exist beside this one."""
    own = _ancestors()
    found = []
    for pid in sorted(set(process_tree.pids() if process_tree.AVAILABLE else ()) - own):
        marked = f"{MARK}=".encode() in process_tree.environment(pid)
        marked = marked or PREFIX in process_tree.folder(pid)
        if marked and (command := " ".join(process_tree.command(pid))):
            found.append(f"process {pid}: {command[:100]}")
    spaces = Path("/run/netns")
    if spaces.is_dir():
        found += [f"network namespace {e.name}" for e in spaces.iterdir() if PREFIX in e.name]
    return found


def refuse_leftovers() -> None:
    """End this benchmark when an earlier one has left something running."""
    if found := leftovers():
        listing = "\n  ".join(found)
        raise SystemExit(
            f"An earlier run has left something behind, or runs still; it would be measured "
            f"too. End it first:\n  {listing}"
        )


class Bench(ExitStack):
    """One run: a folder of its own, its processes, and the end of both."""

    def __enter__(self) -> "Bench":
        """Make the folder."""
        refuse_leftovers()
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        self.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.callback(_expect_nothing_left)
        return self

    def start(
        self,
        *command: str,
        environment: Mapping[str, str] | None = None,
        namespace: str | None = None,
        cwd: Path | None = None,
    ) -> "Child":
        """Start a process that ends with the run.

        Args:
            command: Program and arguments.
            environment: Its environment; this process's own when None.
            namespace: Network namespace to run in.
            cwd: Its folder; the benchmarks' when None.
        """
        words = [*(("ip", "netns", "exec", namespace) if namespace else ()), *command]
        child = Child(words, dict(os.environ if environment is None else environment), cwd)
        self.callback(child.stop)
        return child

    def python(self, module: str, *arguments: str, **named: Any) -> "Child":
        """Start a module of the benchmarks."""
        return self.start(sys.executable, "-m", module, *arguments, **named)


class Child:
    """A process that talks JSON lines over its standard input and output."""

    def __init__(
        self, command: Sequence[str], environment: dict[str, str], cwd: Path | None
    ) -> None:
        # Bytecode is written, as on a user's machine: it is what can go stale.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        self.process = subprocess.Popen(
            list(command),
            cwd=cwd or FOLDER,
            env={**environment, MARK: "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def tell(self, value: object) -> None:
        """Send a line."""
        stream = self.process.stdin
        assert stream is not None
        stream.write(json.dumps(value) + "\n")
        stream.flush()

    def hear(self) -> Any:
        """Wait for a line."""
        stream: IO[str] | None = self.process.stdout
        assert stream is not None
        line = stream.readline()
        if not line:
            raise SystemExit(f"{' '.join(map(str, self.process.args))[:200]} ended early")  # type: ignore[arg-type]
        return json.loads(line)

    def ask(self, value: object) -> Any:
        """Send a line and wait for the answer."""
        self.tell(value)
        return self.hear()

    def stop(self) -> None:
        """End it: by the end of its input, then by force."""
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self.process.wait(8)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process.stdout.close()


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Spent:
    """Run a program to its end, output thrown away, and return what it cost."""
    with open(os.devnull, "r+b") as null:
        number = null.fileno()
        actions = [(os.POSIX_SPAWN_DUP2, number, stream) for stream in (0, 1, 2)]
        variables = {**(os.environ if environment is None else environment), MARK: "1"}
        started = time.perf_counter()
        pid = os.posix_spawn(command[0], list(command), variables, file_actions=actions)
        return ended(pid, started)


def ended(pid: int, started: float) -> Spent:
    """Wait for a process and return what it cost since `started` (perf_counter)."""
    _, status, usage = os.wait4(pid, 0)
    wall = (time.perf_counter() - started) * 1000
    if status and os.waitstatus_to_exitcode(status) > 0:
        raise SystemExit(f"a measured process failed with status {status >> 8}")
    return Spent(wall, (usage.ru_utime + usage.ru_stime) * 1000)


def busy_seconds(pid: int) -> float:
    """Return the processor time of a running process's threads; 0 when it has ended."""
    spent = 0
    for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            spent += int(task.read_text().split()[0])
        except OSError:
            continue
    return spent / 1e9


@contextmanager
def step(text: str) -> Iterator[None]:
    """Say what is done and how long it took."""
    started = time.perf_counter()
    print(f"{text} … ", end="", file=sys.stderr, flush=True)
    yield
    print(f"{time.perf_counter() - started:.1f} s", file=sys.stderr, flush=True)


def _expect_nothing_left() -> None:
    end = time.monotonic() + 5
    while (found := leftovers()) and time.monotonic() < end:
        time.sleep(0.05)
    if found:
        raise SystemExit("This run has left something behind:\n  " + "\n  ".join(found))


def _ancestors() -> set[int]:
    above = process_tree.parents() if process_tree.AVAILABLE else {}
    found, pid = set(), os.getpid()
    while pid:
        found.add(pid)
        pid = above.get(pid, 0)
    return found
