"""One execution environment: a process and the Runtime API that it talks to.

Life: started (init) → asks for work → invoked any number of times → killed.
While it waits for work it is frozen (its processes are stopped), as on Lambda:
what it has not done when it asks for work it does not do before the next
invocation, and its connections rest meanwhile.
It is killed, and replaced by the pool, after a timeout, and is gone after its
process exits; a handler's error leaves it alive, as on Lambda.
"""

import contextlib
import queue
import shutil
import time

from samlive.offline.sandbox import failures, variables
from samlive.offline.sandbox.function import Answer, Function
from samlive.offline.sandbox.house import House
from samlive.offline.sandbox.process import Process
from samlive.offline.sandbox.runtime_api import Invocation, Outcome, RuntimeApi
from samlive.offline.sandbox.streaming import Sink

CUT_SECONDS = 0.5
"""Within it, the end of a process is noticed that hung up in the middle of a response."""


class Environment:
    """Starts the function's runtime; `ready` says how that went.

    Args:
        function: What to run.
        house: What it shares with others.

    Raises:
        NoEntryPointError: There is nothing to start.
        zipfile.BadZipFile: The package or a layer is no zip.
    """

    def __init__(self, function: Function, house: House) -> None:
        self.function = function
        self.stream = variables.log_stream_name(function.version)
        self.used_at = time.monotonic()
        self._folder = house.own_folder(self.stream)
        self._api = RuntimeApi()
        try:
            start = house.prepare(function, self.stream, self._api.address)
            self._process = Process(start, house.groups, self._exited)
            self._api.on_idle, self._api.on_work = self._process.freeze, self._process.thaw
        except BaseException:
            self._api.close()
            raise

    @property
    def pid(self) -> int:
        """Process id, also the id of its process group."""
        return self._process.pid

    def ready(self, seconds: float) -> Outcome | None:
        """Wait for the end of init.

        Args:
            seconds: How long to wait.

        Returns:
            Outcome "ready", "init-error" or "exit"; None after the time.
        """
        with contextlib.suppress(queue.Empty):
            return self._api.outcome.get(timeout=seconds)
        return None

    def invoke(self, request_id: str, event: bytes, trace: str, sink: Sink | None = None) -> Answer:
        """Run one invocation and wait for its end.

        Args:
            request_id: Its id.
            event: The event.
            trace: X-Ray trace header, or "".
            sink: Takes a response that is streamed; None when it is wanted whole.
        """
        seconds = float(self.function.timeout)
        start = self._process.written()
        headers = self._headers(request_id, seconds, trace)
        self._api.offer(Invocation(request_id, event, headers, sink))
        try:
            outcome = self._api.outcome.get(timeout=seconds)
        except queue.Empty:
            self._process.kill()
            body = failures.timed_out(request_id, seconds)
            return Answer(body, True, self._process.log_since(start), alive=False)
        if outcome.kind == "cut":
            outcome = self._end_of_cut()
        self.used_at = time.monotonic()
        log = self._process.log_since(start)
        if outcome.kind == "cut":
            return Answer(failures.truncated(), True, log, alive=False)
        if outcome.kind == "exit":
            body = failures.exited(request_id, int(outcome.body))
            return Answer(body, True, log, alive=False)
        return Answer(outcome.body, outcome.kind != "response", log)

    def _end_of_cut(self) -> Outcome:
        """Return how a process ended that hung up while it streamed, "cut" when it did not."""
        with contextlib.suppress(queue.Empty):
            return self._api.outcome.get(timeout=CUT_SECONDS)
        return Outcome("cut")

    def log(self) -> str:
        """Return all it has written."""
        return self._process.log_since(0)

    def stop(self) -> None:
        """Kill it and remove its folder; may be called again."""
        self._process.kill()
        self._api.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _exited(self, code: int) -> None:
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
