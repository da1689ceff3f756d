"""A live session to break: its calls, the cloud's faults, its processes."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from live_session import Ready, fetch

Answer = tuple[Any, str | None]
"""An answer and the function error, if it is one."""


@dataclass
class Bench:
    """One live session of the project "faulty" and what can be done to it."""

    session: Ready
    folder: Path
    _number: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def cloud(self) -> str:
        return self.session.aws["AWS_ENDPOINT_URL"]

    @property
    def names(self) -> str:
        """App and stage as client ids begin with them."""
        return f"samlive:{self.session.ready['app']}:{self.session.ready['stage']}"

    # --- calls ------------------------------------------------------------

    def journal(self) -> "Journal":
        with self._lock:
            self._number += 1
            return Journal(self.folder / f"journal-{self._number}")

    def call(self, value: object = None, function: str = "PythonRecorder", **event: Any) -> Answer:
        return self.session.invoke(function, {"value": value, **event})

    @contextmanager
    def pending(self, value: object, **event: Any) -> Iterator["Pending"]:
        """A call whose handler runs, and waits, until it is let go."""
        journal = self.journal()
        go = Path(f"{journal.path}.go")
        with ThreadPoolExecutor(1) as thread:
            answer = thread.submit(
                self.call, value, journal=str(journal.path), until=str(go), **event
            )
            pending = Pending(journal, go, answer)
            try:
                until(lambda: journal.runs() or answer.done())
                yield pending
            finally:
                go.touch()

    @contextmanager
    def begun(self, value: object, journal: "Journal") -> Iterator["Future[Answer]"]:
        """A call that is sent, and may have to wait before its handler runs."""
        with ThreadPoolExecutor(1) as thread:
            yield thread.submit(self.call, value, journal=str(journal.path))

    # --- the cloud --------------------------------------------------------

    @contextmanager
    def faults(self, **chances: object) -> Iterator[None]:
        self._post("faults", chances)
        try:
            yield
        finally:
            self._post("faults", {})

    def struck(self) -> dict[str, int]:
        """How often each fault has struck since they were set."""
        found: dict[str, int] = self._get("faults")["struck"]
        return found

    def broker(self, **wanted: object) -> int:
        """Break something of the broker; returns how many clients that concerned."""
        clients: int = self._post("broker", wanted)["clients"]
        return clients

    def environments(self, logical_id: str = "PythonRecorder") -> dict[int, str]:
        """Process groups of a function's execution environments, with their state."""
        name = self.session.physical(logical_id)
        found = self._get("environments")["environments"]
        return {entry["pid"]: entry["state"] for entry in found if entry["function"] == name}

    def the(self, state: str) -> int:
        """Wait until one execution environment of the recorder is in a state, and return it.

        One whose call was answered stays busy until it has asked for the next one.
        """
        until(lambda: list(self.environments().values()).count(state) == 1)
        return next(pid for pid, each in self.environments().items() if each == state)

    def over_quota(self) -> int:
        """How many packets the guard has discarded because too many came in a second."""
        return sum(each["count"] for each in self.session.violations() if each["rule"] == "rate")

    def _get(self, name: str) -> Any:
        return json.loads(fetch(f"{self.cloud}/_samlive/{name}")[1])

    def _post(self, name: str, wanted: object) -> Any:
        status, body = fetch(f"{self.cloud}/_samlive/{name}", json.dumps(wanted).encode())
        assert status == 200, body
        return json.loads(body)


@dataclass(frozen=True)
class Journal:
    """What the handler notes: one line for each of its runs."""

    path: Path

    def runs(self) -> list[str]:
        """Values of the events that were run, in order."""
        return [line.split()[0] for line in self._lines()]

    def pids(self) -> list[int]:
        """Processes that ran them."""
        return [int(line.split()[2]) for line in self._lines()]

    def digests(self) -> list[str]:
        """SHA-256 of the values that the handler was given."""
        return [line.split()[3] for line in self._lines()]

    def _lines(self) -> list[str]:
        return self.path.read_text().splitlines() if self.path.exists() else []


@dataclass(frozen=True)
class Pending:
    """A call that is under way."""

    journal: Journal
    go: Path
    answer: "Future[Answer]"

    def finish(self, seconds: float = 120) -> Answer:
        """Let the handler go and return the answer."""
        self.go.touch()
        return self.answer.result(seconds)


@contextmanager
def frozen(group: int) -> Iterator[None]:
    """Stop a process group, as a laptop's lid or Lambda's freezer does."""
    os.killpg(group, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(group, signal.SIGCONT)


def until(holds: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never held"
        time.sleep(0.01)
