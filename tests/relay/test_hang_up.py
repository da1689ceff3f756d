"""A worker whose relay has hung up ends without a word."""

import socket
import subprocess
import sys
from pathlib import Path

import samlive_relay

RUNNER = Path(samlive_relay.__file__).parent / "runners" / "python"
SCRIPT = """
import socket, sys
sys.path.insert(0, sys.argv[2])
from samlive_runner.channel import RESPONSE, Channel
channel = Channel(socket.socket(fileno=int(sys.argv[1])))
assert channel.receive() is None
channel.send(RESPONSE, bytes(1 << 20))
print("sent to nobody")
"""


def test_an_answer_that_nobody_takes_ends_the_process_quietly() -> None:
    """A save retires the process; what it was about to tell must not become a traceback."""
    ours, theirs = socket.socketpair()
    ours.close()
    with theirs:
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(theirs.fileno()), str(RUNNER)],
            pass_fds=[theirs.fileno()],
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
