"""The offline cloud as seen by the command: start it, know its address, stop it.

The cloud is a child process, because the emulator changes the environment of
the process it runs in. The child holds the reading end of a pipe as its
standard input and ends when that closes, so it dies with the command even
when the command is killed. It has its own session: Ctrl-C reaches the command
alone, which first drains and then stops the cloud.

The child answers with one line of JSON on standard output, "ready" or
"error"; everything else it says goes to its log.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from samlive.errors import SamliveError
from samlive.offline import pinned
from samlive.offline.settings import LOG_NAME

START_SECONDS = 60.0
"""A cloud that takes longer (typically 1 to 2 s) is taken for dead."""

STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Offline:
    """A running offline cloud; a context manager that stops it.

    Args:
        environment: The variables a user would export to use this cloud.
        endpoint_url: Address of its AWS APIs.
        account: Its account id.
        log: What the cloud and its services say.
        process: The child.
    """

    environment: dict[str, str] = field(repr=False)
    endpoint_url: str
    account: str
    log: Path
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """End the cloud with all its functions; may be called again."""
        if self.process.stdin:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()

    def __enter__(self) -> "Offline":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def start(state: Path, region: str = "us-east-1", *, options: tuple[str, ...] = ()) -> Offline:
    """Start the offline cloud and wait until it answers.

    Args:
        state: Folder for its logs; made when missing.
        region: Region its resources live in.
        options: Further options of `python -m samlive.offline.cloud`.

    Raises:
        SamliveError: The extra is missing or of another version, the port is
            taken, or the cloud did not start; says what its log says.
    """
    if sys.platform == "win32":
        raise SamliveError("--offline runs on Linux and macOS.", "On Windows, use it in WSL.")
    pinned.check_installed()
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    command = [sys.executable, "-m", "samlive.offline.cloud", "--watch-stdin"]
    command += ["--state", str(state), "--region", region, *options]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={k: v for k, v in os.environ.items() if not k.startswith("AWS_")},
        start_new_session=True,
    )
    try:
        report = _first_line(process)
    except BaseException:
        process.kill()
        process.wait()
        raise
    if report is None or report.get("event") != "ready":
        raise _failure(process, report, state)
    return Offline(
        environment=report["environment"],
        endpoint_url=report["endpoint_url"],
        account=report["account"],
        log=Path(report["log"]),
        process=process,
    )


def _first_line(process: subprocess.Popen[bytes]) -> dict[str, Any] | None:
    assert process.stdout is not None
    deadline = time.monotonic() + START_SECONDS
    line = b""
    while not line.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
            return None
        chunk = os.read(process.stdout.fileno(), 65536)
        if not chunk:
            return None
        line += chunk
    report: dict[str, Any] = json.loads(line)
    return report


def _failure(
    process: subprocess.Popen[bytes], report: dict[str, Any] | None, state: Path
) -> SamliveError:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream:
            stream.close()
    if report is not None:
        return SamliveError(report["message"], report.get("hint", ""))
    log = state / LOG_NAME
    tail = log.read_text(errors="replace").strip().splitlines()[-1:] if log.exists() else []
    said = f" It said last: {tail[0]}" if tail else ""
    return SamliveError(f"The offline cloud did not start.{said}", f"See {log}")
