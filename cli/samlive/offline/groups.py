"""Process groups of execution environments, known to the guard.

See `guard`: what is noted here does not outlive the cloud.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from samlive.offline import guard


class Groups:
    """Starts the guard and notes process groups with it.

    Args:
        folder: The cloud's private folder, removed when the cloud is gone.
    """

    def __init__(self, folder: Path) -> None:
        self._lock = threading.Lock()
        self._live: set[int] = set()
        self._guard = subprocess.Popen(
            [sys.executable, "-S", "-E", guard.__file__, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            start_new_session=True,
        )

    def add(self, group: int) -> None:
        """Note a group that was started."""
        with self._lock:
            self._live.add(group)
            self._tell(f"+{group}\n")

    def kill(self, group: int) -> None:
        """Kill a group and forget it; may be called again."""
        with self._lock:
            if group not in self._live:
                return
            self._live.discard(group)
            with contextlib.suppress(OSError):
                os.killpg(group, signal.SIGKILL)
            self._tell(f"-{group}\n")

    def close(self) -> None:
        """Kill every group and wait until the guard has removed the folder."""
        for group in list(self._live):
            self.kill(group)
        assert self._guard.stdin is not None
        with contextlib.suppress(OSError):
            self._guard.stdin.close()
        self._guard.wait()

    def _tell(self, line: str) -> None:
        assert self._guard.stdin is not None
        with contextlib.suppress(OSError):
            self._guard.stdin.write(line.encode())
            self._guard.stdin.flush()
