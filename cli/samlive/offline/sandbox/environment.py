"""One execution environment: a process, its Runtime API, its log.

Life: started (init) → asks for work → invoked any number of times → killed.
It is killed, and replaced by the pool, after a timeout, and is gone after its
process exits; a handler's error leaves it alive, as on Lambda.

Output goes to a file and not through a pipe: a runtime has written its lines
before it posts its answer, so what the file has grown by since the start of
an invocation is that invocation's log, without waiting for a reader.
"""

import contextlib
import queue
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from samlive.offline.groups import Groups
from samlive.offline.sandbox import failures, interpreters, variables
from samlive.offline.sandbox.content import Content
from samlive.offline.sandbox.function import Answer, Function
from samlive.offline.sandbox.places import places
from samlive.offline.sandbox.runtime_api import Invocation, Outcome, RuntimeApi

INIT_SECONDS = 10.0
"""Lambda gives init so long, then starts over within the first invocation.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""


@dataclass(frozen=True, slots=True)
class House:
    """What all environments of a cloud share.

    Args:
        content: Unpacked packages and layers.
        sdk: Folder that holds boto3, for Python functions.
        groups: Process groups, killed with the cloud.
        folder: For the environments' own folders.
        logs: For their output.
        endpoint_url: Address of the offline AWS APIs.
        isolation: How /opt and /var/task are stood in for.
    """

    content: Content
    sdk: Path
    groups: Groups
    folder: Path
    logs: Path
    endpoint_url: str
    isolation: str


class Environment:
    """Starts the function's runtime; `ready` says how that went.

    Args:
        function: What to run.
        house: What it shares with others.

    Raises:
        NoEntryPointError: There is nothing to start.
    """

    def __init__(self, function: Function, house: House) -> None:
        self.function = function
        self.stream = variables.log_stream_name(function.version)
        self.used_at = time.monotonic()
        self._house = house
        self._api = RuntimeApi()
        stream_id = self.stream[-32:]
        self._tmp = house.folder / stream_id
        self._log = house.logs / function.name / f"{stream_id}.log"
        try:
            self._process = self._start()
        except BaseException:
            self._api.close()
            raise
        house.groups.add(self._process.pid)
        threading.Thread(target=self._watch, name=f"exit-{stream_id}", daemon=True).start()

    @property
    def pid(self) -> int:
        """Process id, also the id of its process group."""
        return self._process.pid

    def ready(self, seconds: float = INIT_SECONDS) -> Outcome | None:
        """Wait for the end of init.

        Args:
            seconds: How long to wait.

        Returns:
            Outcome "ready", "init-error" or "exit"; None after the time.
        """
        with contextlib.suppress(queue.Empty):
            return self._api.outcome.get(timeout=max(seconds, 0))
        return None

    def invoke(self, request_id: str, event: bytes, trace: str) -> Answer:
        """Run one invocation and wait for its end.

        Args:
            request_id: Its id.
            event: The event.
            trace: X-Ray trace header, or "".
        """
        seconds = float(self.function.timeout)
        start = self._size()
        self._api.offer(Invocation(request_id, event, self._headers(request_id, seconds, trace)))
        try:
            outcome = self._api.outcome.get(timeout=seconds)
        except queue.Empty:
            self.stop()
            return Answer(
                failures.timed_out(request_id, seconds), True, self._since(start), alive=False
            )
        self.used_at = time.monotonic()
        if outcome.kind == "exit":
            body = failures.exited(request_id, int(outcome.body))
            return Answer(body, True, self._since(start), alive=False)
        return Answer(outcome.body, outcome.kind != "response", self._since(start))

    def log(self) -> str:
        """Return all it has written."""
        return self._since(0)

    def stop(self) -> None:
        """Kill it and remove its folder; may be called again."""
        self._house.groups.kill(self._process.pid)
        self._api.close()

    def _start(self) -> subprocess.Popen[bytes]:
        function, house = self.function, self._house
        task = house.content.unpacked((function.code,) if function.code else ())
        opt = house.content.unpacked(tuple(layer.content for layer in function.layers))
        where = places(house.isolation, task, opt, house.sdk, self._tmp)
        command = interpreters.command(function, where, task, opt)
        self._tmp.mkdir(mode=0o700, parents=True)
        self._log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._log.touch(mode=0o600)
        with self._log.open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=task,
                env=variables.environment(
                    function, where, self.stream, house.endpoint_url, self._api.address
                ),
                start_new_session=True,
            )

    def _watch(self) -> None:
        code = self._process.wait()
        self._house.groups.kill(self._process.pid)
        self._api.outcome.put(Outcome("exit", str(code).encode()))

    def _headers(self, request_id: str, seconds: float, trace: str) -> tuple[tuple[str, str], ...]:
        headers = (
            ("Content-Type", "application/json"),
            ("Lambda-Runtime-Aws-Request-Id", request_id),
            ("Lambda-Runtime-Deadline-Ms", str(int((time.time() + seconds) * 1000))),
            ("Lambda-Runtime-Invoked-Function-Arn", self.function.arn),
            ("Lambda-Runtime-Trace-Id", trace),
        )
        return tuple(header for header in headers if header[1])

    def _size(self) -> int:
        return self._log.stat().st_size

    def _since(self, offset: int) -> str:
        with self._log.open("rb") as log:
            log.seek(offset)
            return log.read().decode("utf-8", "replace")
