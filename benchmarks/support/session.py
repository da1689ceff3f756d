"""The command as a user starts it, on an offline cloud that somebody else has started."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .processes import MARK

TEMPLATE = """\
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src/
      Handler: app.handler
      Runtime: {runtime}
      Timeout: 10
"""


def project(folder: Path, source: str) -> Path:
    """Write a project with one function; return its template."""
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "app.py").write_text(source)
    template = folder / "template.yaml"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    template.write_text(TEMPLATE.format(runtime=version))
    return template


class Session:
    """One `samlive dev --output json`.

    Args:
        template: The template.
        variables: What points at the cloud, as a user would export it.
        arguments: Further arguments.
    """

    def __init__(self, template: Path, variables: Mapping[str, str], *arguments: str) -> None:
        command = [sys.executable, "-m", "samlive", "dev", str(template), "--output", "json"]
        names = ("AWS_", "SAMLIVE_")
        own = {name: text for name, text in os.environ.items() if not name.startswith(names)}
        self._seen: list[str] = []
        self._reader: threading.Thread | None = None
        self.started = time.perf_counter()
        self._errors = (template.parent / "stderr.txt").open("w+")
        self.process = subprocess.Popen(
            [*command, *arguments],
            cwd=template.parent,
            env={**own, **variables, MARK: "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            start_new_session=True,
        )

    def next(self) -> tuple[float, dict[str, Any]]:
        """Wait for the next event; return milliseconds since the start and its fields."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self._errors.seek(0)
            said = "\n".join([*self._seen[-5:], self._errors.read()[-3000:]])
            raise SystemExit(f"samlive dev has ended:\n{said}")
        self._seen.append(line.strip())
        event: dict[str, Any] = json.loads(line)
        return (time.perf_counter() - self.started) * 1000, event

    def expect(self, event: str) -> tuple[float, dict[str, Any]]:
        """Wait for an event of a kind; return milliseconds since the start and its fields."""
        while True:
            spent, found = self.next()
            if found["event"] == event:
                return spent, found

    def drain(self) -> None:
        """Read and forget what it says from now on, so that it never waits for us."""
        assert self.process.stdout is not None
        stream = self.process.stdout

        def read() -> None:
            for _ in stream:
                pass

        self._reader = threading.Thread(target=read, daemon=True)
        self._reader.start()

    def stop(self) -> None:
        """End it as Ctrl-C does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        assert self.process.stdout is not None
        if self._reader is None:
            self.drain()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        assert self._reader is not None
        self._reader.join(5)
        self.process.stdout.close()
        self._errors.close()
