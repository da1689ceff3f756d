"""Live sessions for the end-to-end tests: real command, real cloud, real processes.

Each way of running is one `Way`; the tests are written once and run over all:
"offline" starts the command with `--offline`; "environment" starts the cloud
apart and points the ordinary code path at it by environment variables alone,
as a user would point it at AWS.
"""

import contextlib
import ctypes
import json
import os
import queue
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import recorded_calls

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PROJECTS = ROOT / "tests" / "e2e" / "projects"
Event = dict[str, Any]


def clean_environment() -> dict[str, str]:
    """The environment of a user without any AWS or samlive setting."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "SAMLIVE_")) and name != "HTTPS_PROXY"
    }


def _end_with_the_tests() -> None:
    """Ask the kernel to end this child when the tests are killed (Linux)."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


class Live:
    """One running `samlive dev --output json`, in the template's folder or another."""

    def __init__(
        self,
        template: Path,
        *arguments: str,
        environment: dict[str, str],
        folder: Path | None = None,
    ) -> None:
        self.project = folder or template.parent
        self.events: list[Event] = []
        self._arrived: queue.Queue[Event | None] = queue.Queue()
        command = [sys.executable, "-m", "samlive", "dev", str(template), "--output", "json"]
        self._errors = (self.project / "stderr.txt").open("w+b")
        self._calls = self.project / "calls.txt"
        self.process = subprocess.Popen(
            [*command, *arguments],
            cwd=self.project,
            env=recorded_calls.variables(self._calls) | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
            preexec_fn=_end_with_the_tests,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._arrived.put(json.loads(line))
        self._arrived.put(None)

    @property
    def stderr(self) -> str:
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")

    def expect(
        self, event: str, timeout: float = 80, where: Callable[[Event], bool] = lambda _: True
    ) -> Event:
        """Return the first event of this kind from now on; fail with all that was seen."""
        end = time.monotonic() + timeout
        while True:
            with contextlib.suppress(queue.Empty):
                found = self._arrived.get(timeout=max(0.01, end - time.monotonic()))
                if found is None:
                    raise AssertionError(f"the command ended before {event!r}: {self._seen()}")
                self.events.append(found)
                if found["event"] == event and where(found):
                    return found
                continue
            if time.monotonic() > end:
                raise AssertionError(f"no {event!r} within {timeout} s: {self._seen()}")

    def skip(self) -> None:
        """Take all that was said until now: what is expected afterwards is news."""
        with contextlib.suppress(queue.Empty):
            while (found := self._arrived.get_nowait()) is not None:
                self.events.append(found)

    def seen_or_expect(
        self, event: str, where: Callable[[Event], bool], timeout: float = 80
    ) -> Event:
        """Return such an event, the first one that came already or the next one."""
        for found in self.events:
            if found["event"] == event and where(found):
                return found
        return self.expect(event, timeout, where)

    def everything(self) -> list[Event]:
        """Return all events of a session that has ended."""
        assert self.process.poll() is not None
        while (found := self._arrived.get(timeout=60)) is not None:
            self.events.append(found)
        self._arrived.put(None)
        return self.events

    def _seen(self) -> str:
        lines = "\n".join(json.dumps(event) for event in self.events[-40:])
        return f"\n{lines}\n--- stderr\n{self.stderr[-6000:]}"

    def stop(self, number: int = signal.SIGINT, timeout: float = 60) -> int:
        """End the command and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise AssertionError(f"did not end within {timeout} s: {self._seen()}") from None
        finally:
            self._reader.join(60)
            assert self.process.stdout is not None
            self.process.stdout.close()
            self._errors.close()
            assert recorded_calls.problems(self._calls) == []
            strange = recorded_calls.strangers(self._calls)
            assert strange == set(), strange


@dataclass
class Ready:
    """A live session that has said "ready"."""

    live: Live
    ready: Event
    aws: dict[str, str]
    clients: dict[str, Any] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)

    @property
    def urls(self) -> dict[str, str]:
        urls: dict[str, str] = self.ready["urls"]
        return urls

    def client(self, service: str) -> Any:
        """A boto3 client of the cloud that the session runs on."""
        import boto3
        from botocore.config import Config

        if service not in self.clients:
            self.clients[service] = boto3.client(
                service,
                endpoint_url=self.aws["AWS_ENDPOINT_URL"],
                aws_access_key_id=self.aws["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=self.aws["AWS_SECRET_ACCESS_KEY"],
                region_name=self.aws["AWS_REGION"],
                config=Config(
                    retries={"total_max_attempts": 1},
                    read_timeout=180,
                    max_pool_connections=64,
                    proxies={},
                ),
            )
        return self.clients[service]

    def fetch(self, api: str, path: str, data: bytes | None = None) -> tuple[int, bytes]:
        """Call an API of the stack by its logical id."""
        return fetch(self.urls[api].rstrip("/") + path, data)

    def fetch_json(self, api: str, path: str, body: Any = None) -> tuple[int, Any]:
        """The same with JSON both ways."""
        data = None if body is None else json.dumps(body).encode()
        status, answer = self.fetch(api, path, data)
        return status, json.loads(answer)

    def physical(self, logical_id: str) -> str:
        """The physical id of a resource of the stack."""
        if not self._names:
            pages = self.client("cloudformation").get_paginator("list_stack_resources")
            for page in pages.paginate(StackName=self.ready["stack"]):
                for found in page["StackResourceSummaries"]:
                    self._names[found["LogicalResourceId"]] = found["PhysicalResourceId"]
        return self._names[logical_id]

    def violations(self) -> Any:
        """Quotas of AWS IoT that the session broke, as the cloud's guard counted them."""
        status, body = fetch(f"{self.aws['AWS_ENDPOINT_URL']}/_samlive/violations")
        assert status == 200
        return json.loads(body)["violations"]

    def forget_violations(self) -> None:
        """Start the guard's count anew."""
        assert (
            fetch(f"{self.aws['AWS_ENDPOINT_URL']}/_samlive/violations", method="DELETE")[0] < 300
        )

    def invoke(self, logical_id: str, event: Any) -> tuple[Any, str | None]:
        """Invoke a function as AWS SDKs do: its answer and the function error, if any."""
        answer = self.client("lambda").invoke(
            FunctionName=self.physical(logical_id), Payload=json.dumps(event).encode()
        )
        return json.loads(answer["Payload"].read() or b"null"), answer.get("FunctionError")


def edit(path: Path, before: str, after: str) -> None:
    """Replace a text in a source file, as an editor would save it."""
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def fetch(url: str, data: bytes | None = None, method: str | None = None) -> tuple[int, bytes]:
    """Status and body of one HTTP request, whatever the status is."""
    request = urllib.request.Request(url, data=data, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=120) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def copy_project(source: Path, folder: Path) -> Path:
    """A private copy of a project, so that tests may edit it."""
    project = folder / source.name
    shutil.copytree(source, project, ignore=shutil.ignore_patterns(".samlive", "__pycache__"))
    return project


def offline_variables(template: Path) -> dict[str, str]:
    """What `--offline` writes for the user to source; empty without it."""
    script = template.parent / ".samlive" / "offline.env"
    if not script.exists():
        return {}
    pairs = (shlex.split(line)[-1].split("=", 1) for line in script.read_text().splitlines())
    return {name: value for name, value in pairs}


@dataclass
class Way:
    """One way to run the command: its arguments and its environment."""

    name: str
    arguments: tuple[str, ...]
    environment: dict[str, str]

    def start(self, template: Path, *arguments: str) -> Live:
        return Live(template, *self.arguments, *arguments, environment=self.environment)


@contextlib.contextmanager
def running(way: Way, template: Path, *arguments: str) -> Iterator[Ready]:
    """A session from "ready" to its orderly end."""
    live = way.start(template, *arguments)
    try:
        ready = live.expect("ready", timeout=180)
        session = Ready(live, ready, way.environment | offline_variables(template))
        yield session
        # How close packets come in a second is the machine's doing as well: the tests
        # of the quotas look at rates by themselves, everything else must hold always.
        broken = [each for each in session.violations() if each["rule"] != "rate"]
        assert broken == [], broken
    finally:
        live.stop()
