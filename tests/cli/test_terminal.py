"""What a person at a terminal is asked, and what Ctrl-C does to a question."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from process_tree import state, switches

from .test_session import TEMPLATE

pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")
pytestmark = pytest.mark.e2e

QUESTION = "Name of your stage [developer]: "
READY = "Ctrl-C ends the session"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / f"t{abs(hash(tmp_path)) % 10**8}"
    (folder / "src").mkdir(parents=True)
    (folder / "src/app.py").write_text("def handler(event, context):\n    return 1\n")
    (folder / "template.yaml").write_text(TEMPLATE)
    return folder


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, project: Path, environment: dict[str, str], *words: str) -> None:
        self.said = ""
        self._end, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "samlive", "dev", *words],
            cwd=project,
            env=environment | {"TERM": "xterm"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def read(self, text: str, seconds: float = 60) -> None:
        """Read until a text has been said."""
        end = time.monotonic() + seconds
        while text not in self.said:
            assert time.monotonic() < end, self.said
            if select.select([self._end], [], [], 0.2)[0]:
                self._take()

    def _take(self) -> bool:
        with contextlib.suppress(OSError):  # the other side has closed
            found = os.read(self._end, 65536)
            self.said += found.decode(errors="replace")
            return bool(found)
        return False

    def type(self, text: str) -> None:
        os.write(self._end, text.encode())

    def interrupt(self) -> None:
        """Press Ctrl-C, once the command waits: a signal between prompt and read is for later."""
        before = ""
        while (now := self._at()) != before:
            before = now
            time.sleep(0.05)
        self.process.send_signal(signal.SIGINT)

    def _at(self) -> str:
        """Where the command is: the same again while it waits."""
        pid = self.process.pid
        # Who has a processor, or wants one, is switched away from only now and then.
        running = str(time.monotonic()) if state(pid) == "R" else ""
        return f"{state(pid)} {switches(pid)} {running}"

    def ended(self) -> int:
        """Read the rest; return the exit status."""
        status = self.process.wait(60)
        while select.select([self._end], [], [], 0)[0] and self._take():
            pass
        return status

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._end)


@pytest.fixture
def open_terminal(project: Path, cloud: dict[str, str]) -> Iterator[Callable[..., Terminal]]:
    """Return a function that starts samlive in a terminal, with these arguments."""
    with contextlib.ExitStack() as stack:

        def opened(*arguments: str) -> Terminal:
            terminal = Terminal(project, cloud, *arguments)
            stack.callback(terminal.close)
            return terminal

        yield opened


def test_ctrl_c_ends_the_question_and_nothing_is_remembered(
    project: Path, open_terminal: Callable[..., Terminal]
) -> None:
    terminal = open_terminal()
    terminal.read(QUESTION)
    terminal.interrupt()
    assert terminal.ended() == 130
    assert "Traceback" not in terminal.said
    assert not (project / ".samlive").exists()


def test_refused_answer_is_told(project: Path, open_terminal: Callable[..., Terminal]) -> None:
    terminal = open_terminal()
    terminal.read(QUESTION)
    terminal.type("prod\n")
    assert terminal.ended() == 2
    assert "refused" in terminal.said


def test_first_run_asks_and_the_second_knows(
    project: Path, open_terminal: Callable[..., Terminal]
) -> None:
    first = open_terminal()
    first.read(QUESTION)
    first.type("\n")
    first.read(READY)
    first.interrupt()
    assert first.ended() == 0
    second = open_terminal()
    second.read(READY)
    assert QUESTION not in second.said
    assert "developer" in second.said
    second.interrupt()
    assert second.ended() == 0


def test_change_set_is_shown_and_may_be_declined(
    project: Path, open_terminal: Callable[..., Terminal]
) -> None:
    terminal = open_terminal("--stage", "ana", "--confirm-changeset")
    terminal.read("Deploy this? [y/N] ")
    assert "live  Paint" in terminal.said
    terminal.type("n\n")
    assert terminal.ended() == 2
    assert "Nothing was deployed" in terminal.said


def test_parameters_without_a_value_are_asked_for_and_remembered_by_the_stack(
    project: Path, open_terminal: Callable[..., Terminal]
) -> None:
    secret = "  Password: {Type: String, NoEcho: true}\n"
    text = TEMPLATE.replace("    Default: green\n", secret)
    (project / "template.yaml").write_text(text)
    first = open_terminal("--stage", "ana")
    first.read("Colour: ")
    first.type("blue\n")
    first.read("Password: ")
    first.type("hunter2\n")
    first.read(READY)
    assert "hunter2" not in first.said
    first.interrupt()
    assert first.ended() == 0
    second = open_terminal("--stage", "ana")
    second.read(READY)
    assert "Password: " not in second.said
    second.interrupt()
    assert second.ended() == 0
