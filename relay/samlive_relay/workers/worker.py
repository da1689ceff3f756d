"""One local process that serves one remote execution environment.

    starting -> idle <-> busy -> gone

`Worker` holds what all runtimes share: one invocation at a time, its deadline,
the answer when the process ends in the middle of it, the files it has loaded,
and retirement. How a process is started and spoken to is up to the subclasses.
"""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from samlive_relay.config import LocalFunction

from .deadline import Deadline
from .process import Process, describe_exit
from .stamps import Stamp, changed, is_half_saved

RETIRE_SECONDS = 2.0
"""A retired process that does not end by itself for so long is killed."""


@dataclass(frozen=True, slots=True)
class Boot:
    """What a process needs to stand for an environment.

    Args:
        function: The function.
        variables: Its whole environment.
        project: Folder below which sources are the developer's own.
        state: Folder for caches, readable by the user alone.
        debug_port: Port where a debugger attaches to this very process, or None.
        inputs: What the function was built from; empty when it was not built.
    """

    function: LocalFunction
    variables: Mapping[str, str] = field(repr=False)
    project: Path
    state: Path
    debug_port: int | None = None
    inputs: Mapping[str, Stamp] = field(default_factory=dict, repr=False)


class ResponseStream(Protocol):
    """Takes a response while the function writes it."""

    def open(self, content_type: str) -> None:
        """The function has begun to answer; how it ended is the call's outcome."""

    async def write(self, data: bytes) -> None:
        """Take a piece; returns when there is room for another one."""


@dataclass(frozen=True, slots=True)
class Call:
    """One invocation.

    Args:
        request_id: Lambda's request id.
        fields: "request-id", "deadline-ms" on this machine's clock, and the
            Runtime API's headers in lower case without their prefix.
        event: The raw event.
        seconds: Time until Lambda ends it; None for no limit.
        stream: Takes a response that the function streams; None when it is wanted whole.
    """

    request_id: str
    fields: Mapping[str, str]
    event: bytes = field(repr=False)
    seconds: float | None
    stream: "ResponseStream | None" = field(default=None, repr=False)


@dataclass(slots=True)
class Outcome:
    """The one answer to a call; its worker adds the seconds when it hands it on.

    Args:
        body: Raw response, or Lambda's error JSON.
        error: Whether it is an error.
        seconds: Time the function took, its initialisation not counted.
    """

    body: bytes = field(repr=False)
    error: bool = False
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Hooks:
    """Whom a worker tells.

    Args:
        line: A line of the function: request id ("" between requests), stream, text.
        loaded: Files the process has read.
    """

    line: Callable[[str, str, str], None]
    loaded: Callable[[Mapping[str, Stamp]], None]


def failure(kind: str, message: str) -> Outcome:
    """Return an error of the platform's own, without a stack trace."""
    return Outcome(json.dumps({"errorType": kind, "errorMessage": message}).encode(), error=True)


class Worker(ABC):
    """One process and the environment it stands for."""

    def __init__(self, boot: Boot, hooks: Hooks) -> None:
        self.boot = boot
        self.loaded: dict[str, Stamp] = {}
        self.served = 0
        self.outdated = False
        self.debugged = False
        """Whether a debugger may be attached: it is reloaded in place, without deadlines."""
        self.memory_before = 0
        """KB that the process had of its own before it was the function's."""
        self._hooks = hooks
        self._loop = asyncio.get_running_loop()
        self._process: Process | None = None
        self._call: Call | None = None
        self._done: Callable[[Outcome], None] | None = None
        self._deadline = Deadline(self._time_out)
        self._fault: dict[str, object] | None = None
        self._last_request = ""
        self._began = self._ready_at = 0.0
        self._retired = False

    @property
    def alive(self) -> bool:
        """Whether it can take a call."""
        return not self._retired and self.running

    @property
    def running(self) -> bool:
        """Whether the process still exists."""
        return self._process is not None and not self._process.exited.done()

    @property
    def pid(self) -> int:
        """Process id; 0 before `start`."""
        return self._process.pid if self._process else 0

    @property
    def stale(self) -> bool:
        """Whether the code on disk is no longer what this process has loaded."""
        return self.outdated or bool(changed(self.loaded))

    @property
    def faulted(self) -> bool:
        """Whether the function could not be initialised: its handler has never run."""
        return self._fault is not None

    @property
    def half_saved(self) -> bool:
        """Whether a file that it has loaded looks like in the middle of a save."""
        return any(is_half_saved(path, before) for path, before in self.loaded.items())

    @abstractmethod
    async def start(self) -> None:
        """Start the process; it need not be ready when this returns.

        Raises:
            RelayError: It cannot be started on this machine.
        """

    @abstractmethod
    def _dispatch(self, call: Call) -> None:
        """Hand a call to the process."""

    @abstractmethod
    def _hang_up(self) -> None:
        """Tell the process to end when it has nothing to do."""

    @property
    def ready(self) -> bool:
        """Whether a call would run at once, in code that is known to load and is the newest."""
        known = self.served > 0 and self._fault is None and not self.debugged
        return known and self.alive and not self.stale

    def begin(self, call: Call, done: Callable[[Outcome], None]) -> None:
        """Run a call.

        Args:
            call: The invocation; the worker must not be busy.
            done: Given its one answer, whatever happens to the process.
        """
        assert self._done is None, "one invocation at a time"
        self._call, self._done = call, done
        self._last_request = call.request_id
        self._began = self._loop.time()
        if call.seconds is not None and not self.debugged:
            self._deadline.set(self._began + max(0.0, call.seconds))
        try:
            if self._fault is not None:
                self._answer_fault()
            elif self.alive:
                self._dispatch(call)
            elif not self.running:
                self._on_exit()
        except BaseException:
            self._forget_call()
            raise

    async def invoke(self, call: Call) -> Outcome:
        """Run a call and return its one answer; see `begin`."""
        answer: asyncio.Future[Outcome] = self._loop.create_future()

        def done(outcome: Outcome) -> None:
            if not answer.done():  # else it was cancelled just now
                answer.set_result(outcome)

        self.begin(call, done)
        try:
            return await answer
        except asyncio.CancelledError:
            self._forget_call()
            raise

    def depends_on(self, files: Mapping[str, Stamp]) -> None:
        """Note files that the process was built from, beside those that it has read."""
        if files:
            self._on_loaded(files)

    def reload(self) -> bool:
        """Load changed code in place; False when only a new process will do."""
        return False

    def retire(self) -> None:
        """Let the process end now; the caller makes sure that it is idle."""
        if self._retired:
            return
        self._retired = True
        self._hang_up()
        if self._process is not None and not self._process.exited.done():
            timer = self._loop.call_later(RETIRE_SECONDS, self._process.kill)
            self._process.exited.add_done_callback(lambda _: timer.cancel())

    def kill(self) -> None:
        """End the process at once; a running call gets Runtime.ExitError."""
        self._retired = True
        if self._process is not None:
            self._process.kill()

    async def gone(self) -> None:
        """Wait until the process has ended."""
        if self._process is not None:
            await asyncio.shield(self._process.exited)

    def when_gone(self, tell: Callable[[], None]) -> None:
        """Call back once the process has ended."""
        if self._process is not None:
            self._process.exited.add_done_callback(lambda _: tell())

    def _launched(self, process: Process) -> None:
        self._process = process
        process.exited.add_done_callback(lambda _: self._on_exit())

    def _on_line(self, stream: str, text: str) -> None:
        self._hooks.line(self._last_request, stream, text)

    def _on_loaded(self, files: Mapping[str, Stamp]) -> None:
        self.loaded.update(files)
        self._hooks.loaded(files)

    def _on_ready(self) -> None:
        """The function is initialised."""
        self._ready_at = self._loop.time()

    def _on_fault(self, fault: dict[str, object]) -> None:
        """The function could not be initialised: its next call gets this error."""
        self._fault = fault
        if self._done is not None:
            self._answer_fault()

    def _answer_fault(self) -> None:
        assert self._call is not None
        fault = {**(self._fault or {})}
        if "requestId" in fault:
            fault["requestId"] = self._call.request_id
        # A fault lasts until the next start, or the next reload of a debugged process.
        self._retired = not self.debugged
        self._finish(Outcome(json.dumps(fault).encode(), error=True))

    def _finish(self, outcome: Outcome) -> None:
        """Give the running call its answer; later ones are dropped."""
        done = self._done
        if done is None:
            return
        if self._process is not None:
            self._process.drain_output()
        spent = self._loop.time() - max(self._began, self._ready_at)
        self._forget_call()
        outcome.seconds = max(0.0, spent)
        done(outcome)

    def _forget_call(self) -> None:
        if self._call is not None:
            self._call = self._done = None
            self._deadline.set(None)
            self.served += 1

    def _time_out(self) -> None:
        call = self._call
        if call is None:
            return
        text = f"Task timed out after {round(call.seconds or 0)}.00 seconds"
        self._finish(failure("Sandbox.Timedout", f"RequestId: {call.request_id} Error: {text}"))
        self.kill()

    def _on_exit(self) -> None:
        self._deadline.stop()
        if self._call is not None and self._process is not None:
            how = describe_exit(self._process.exited.result())
            text = f"RequestId: {self._call.request_id} Error: {how}"
            self._finish(failure("Runtime.ExitError", text))
