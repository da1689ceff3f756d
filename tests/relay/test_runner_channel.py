"""The runner's end of its channel: messages in pieces, and how often it is woken."""

import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import process_tree
import samlive_relay

RUNNER = Path(samlive_relay.__file__).parent / "runners" / "python"
ECHO = """
import resource, socket, sys
sys.path.insert(0, sys.argv[2])
from samlive_runner.channel import Channel
channel = Channel(socket.socket(fileno=int(sys.argv[1])))
while (message := channel.receive()) is not None:
    kind, body = message
    if kind == b"N":
        body = str(resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw).encode()
    channel.send(kind, body)
print("the end")
"""


class Echo:
    """A process that sends every message back."""

    def __init__(self) -> None:
        self.ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-c", ECHO, str(theirs.fileno()), str(RUNNER)],
                pass_fds=[theirs.fileno()],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        self.answers = self.ours.makefile("rb")

    def hear(self) -> tuple[bytes, bytes]:
        head = self.answers.read(5)
        return head[4:], self.answers.read(int.from_bytes(head[:4], "big"))

    def end(self) -> str:
        self.ours.shutdown(socket.SHUT_WR)
        text = self.process.communicate(timeout=30)[0]
        assert self.process.returncode == 0, text
        return text


def framed(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + kind + body


@pytest.fixture
def echo() -> Iterator[Echo]:
    started = Echo()
    yield started
    started.process.kill()
    started.process.communicate()
    started.answers.close()
    started.ours.close()


@pytest.mark.parametrize(
    "rest", [b"", b"\0\0", framed(b"I", b"abc")[:5], framed(b"I", b"abc")[:-1]]
)
def test_what_is_cut_by_the_end_is_no_message(echo: Echo, rest: bytes) -> None:
    echo.ours.sendall(framed(b"I", b"whole") + rest)
    assert echo.hear() == (b"I", b"whole")
    assert echo.end() == "the end\n"


def test_messages_arrive_whole_however_they_are_cut(echo: Echo) -> None:
    messages = [(b"B", b""), (b"I", b"x"), (b"I", bytes(range(256)) * 600), (b"E", b"last")]
    stream = b"".join(framed(*message) for message in messages)
    for size in (len(stream), 3, 70_000):
        begin, at = stream[: 4 * size], 4 * size
        for start in range(0, len(begin), size):
            echo.ours.sendall(begin[start : start + size])
        echo.ours.sendall(stream[at:])
        assert [echo.hear() for _ in messages] == messages
    assert echo.end() == "the end\n"


@pytest.mark.skipif(not process_tree.AVAILABLE, reason="reads /proc")
def test_taking_an_answer_does_not_wake_the_process(echo: Echo) -> None:
    def switches() -> int:
        echo.ours.sendall(framed(b"N", b""))
        return int(echo.hear()[1])

    before, calls = switches(), 40
    for _ in range(calls):
        echo.ours.sendall(framed(b"I", b"event"))
        select.select([echo.ours], [], [], 30)
        while process_tree.state(echo.process.pid) == "R":
            pass
        assert echo.hear() == (b"I", b"event")
    assert switches() - before < calls * 1.5
