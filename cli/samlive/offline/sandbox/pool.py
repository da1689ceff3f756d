"""Which environment serves an invocation, and when one ends.

As on Lambda an environment serves one invocation at a time; a further one at
the same time gets a further environment. Idle ones are used again, the one
used last first, and are ended after a while, or at once when their function
has changed. An init that fails or takes too long is done again within the
first invocation, under the function's timeout.
"""

import threading
import time
import zipfile
from collections.abc import Callable
from typing import Any, Protocol

from samlive.offline.sandbox import failures
from samlive.offline.sandbox.function import Answer, Function
from samlive.offline.sandbox.interpreters import NoEntryPointError
from samlive.offline.sandbox.runtime_api import Outcome
from samlive.offline.sandbox.streaming import Sink

IDLE_SECONDS = 300.0
INIT_SECONDS = 10.0
"""Lambda gives init so long, then starts over within the first invocation.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""


class Runs(Protocol):
    """An execution environment, ours or AWS's emulator."""

    function: Function
    stream: str
    used_at: float

    @property
    def pid(self) -> int:
        """Its process group."""

    def ready(self, seconds: float) -> Outcome | None:
        """Wait for the end of init."""

    def invoke(self, request_id: str, event: bytes, trace: str, sink: Sink | None = None) -> Answer:
        """Run one invocation."""

    def log(self) -> str:
        """Return all it has written."""

    def stop(self) -> None:
        """End it."""


class Pool:
    """Runs invocations in environments.

    Args:
        make: Starts an environment for a function.
        idle_seconds: One without work for so long is ended.
    """

    def __init__(
        self, make: Callable[[Function], Runs], idle_seconds: float = IDLE_SECONDS
    ) -> None:
        self._make = make
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._idle: list[Runs] = []
        self._busy: set[Runs] = set()
        self._closed = threading.Event()

    def execute(
        self,
        function: Function,
        event: bytes,
        request_id: str,
        trace: str,
        sink: Sink | None = None,
    ) -> Answer:
        """Run one invocation; blocks until it has ended.

        Args:
            function: What to run.
            event: The event.
            request_id: Its id.
            trace: X-Ray trace header, or "".
            sink: Takes a response that is streamed; None when it is wanted whole.
        """
        environment = self._take(function)
        if environment is None:
            started = self._begin(function, request_id)
            if isinstance(started, Answer):
                return started
            environment = started
        try:
            answer = environment.invoke(request_id, event, trace, sink)
        except BaseException:
            self._end(environment)
            raise
        if answer.alive and not self._closed.is_set():
            with self._lock:
                self._busy.discard(environment)
                self._idle.append(environment)
        else:
            self._end(environment)
        return answer

    def describe(self) -> list[dict[str, Any]]:
        """Return the environments: function, log stream, pid, state."""
        with self._lock:
            pairs = [(e, "idle") for e in self._idle] + [(e, "busy") for e in self._busy]
        return [
            {"function": e.function.name, "stream": e.stream, "pid": e.pid, "state": state}
            for e, state in pairs
        ]

    def reap(self) -> None:
        """End environments that have been idle for long."""
        limit = time.monotonic() - self._idle_seconds
        with self._lock:
            old = [e for e in self._idle if e.used_at < limit]
            self._idle = [e for e in self._idle if e.used_at >= limit]
        for environment in old:
            environment.stop()

    def clear(self) -> None:
        """End all environments, working ones too."""
        with self._lock:
            ended = [*self._idle, *self._busy]
            self._idle.clear()
            self._busy.clear()
        for environment in ended:
            environment.stop()

    def close(self) -> None:
        """End all environments and start none any more."""
        self._closed.set()
        self.clear()

    def _take(self, function: Function) -> Runs | None:
        key, found, stale = function.key(), None, []
        with self._lock:
            for environment in reversed(self._idle):
                if environment.function.arn != function.arn:
                    continue
                if environment.function.key() != key:
                    stale.append(environment)
                elif found is None:
                    found = environment
            self._idle = [e for e in self._idle if e is not found and e not in stale]
            if found:
                self._busy.add(found)
        for environment in stale:
            environment.stop()
        return found

    def _begin(self, function: Function, request_id: str) -> Runs | Answer:
        """Start an environment, a second time when the first init fails."""
        log = ""
        for seconds in (INIT_SECONDS, float(function.timeout)):
            try:
                environment = self._make(function)
            except NoEntryPointError as error:
                return Answer(failures.no_entry_point(request_id, str(error)), True, log)
            except zipfile.BadZipFile as error:
                body = failures.error("InvalidZipFileException", str(error))
                return Answer(body, True, log)
            with self._lock:
                self._busy.add(environment)
            outcome = environment.ready(seconds)
            if outcome is not None and outcome.kind == "ready":
                return environment
            self._end(environment)
            log += environment.log()
        return Answer(_init_failure(outcome, request_id, function.timeout), True, log)

    def _end(self, environment: Runs) -> None:
        with self._lock:
            self._busy.discard(environment)
        environment.stop()


def _init_failure(outcome: Outcome | None, request_id: str, seconds: float) -> bytes:
    if outcome is None:
        return failures.timed_out(request_id, seconds)
    if outcome.kind == "exit":
        return failures.exited(request_id, int(outcome.body))
    return outcome.body
