"""Runs accepted requests and gives each its one answer.

A request whose process stands ready is handed over in the callback in which it
arrived, and answered in the one in which the process has answered: a task would
cost each of the two another turn of the loop. Everything else waits in a task: a
process that has to be started, a large answer that goes through S3.

The owner is told of a call after its event has left, and of its end after the
answer has.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine

from samlive_stub.protocol import SEAL_FIELD
from samlive_stub.responder import Invocation, RelaySide

from . import callers
from .calls import call_for, describe_error
from .events import InvocationEnded, InvocationStarted, Observer
from .streams import Stream, Streams
from .vault import Vault
from .workers.pool import Pool
from .workers.worker import Call, Outcome


class Serving:
    """The requests that run.

    Args:
        side: The protocol's end.
        pool: Runs them.
        vault: Takes large answers.
        streams: Take answers that are streamed.
        observe: Told of each call.
        pump: Called when the protocol has something new to publish.
        timeout_of: Returns the declared timeout of a function, in seconds.
    """

    def __init__(
        self,
        side: RelaySide,
        pool: Pool,
        vault: Vault,
        streams: Streams,
        observe: Observer,
        pump: Callable[[], None],
        timeout_of: Callable[[str], float],
    ) -> None:
        self.side = side
        self.pool = pool
        self.vault = vault
        self.observe = observe
        self.pump = pump
        self.timeout_of = timeout_of
        self._streams = streams
        self._open: set[object] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._untold: list[_Request] = []
        self._quiet: asyncio.Event | None = None
        self._closed = False

    @property
    def count(self) -> int:
        """How many requests run now."""
        return len(self._open)

    def serve(self, invocation: Invocation) -> None:
        """Run an accepted request."""
        request = _Request(self, invocation, self._streams.stream_for(invocation))
        self._open.add(request)
        call = call_for(invocation, request.stream)
        if not self.pool.begin(invocation.worker, call, request.end):
            self._run(request.wait(call))
        if not self._untold:
            asyncio.get_running_loop().call_soon(self._tell)
        self._untold.append(request)

    def run(self, work: Coroutine[None, None, None]) -> None:
        """Do something else for a request, which counts as one that runs."""
        task = self._run(work)
        self._open.add(task)
        task.add_done_callback(self.over)

    async def drained(self) -> None:
        """Wait until nothing runs."""
        while self._open:
            self._quiet = self._quiet or asyncio.Event()
            await self._quiet.wait()
            self._quiet = None

    async def close(self) -> None:
        """Give up what runs: it is not answered any more."""
        self._closed = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def over(self, what: object) -> None:
        """Note that something has ended."""
        self._open.discard(what)
        if self._quiet is not None and not self._open:
            self._quiet.set()

    def finish(self, request: "_Request", outcome: Outcome) -> None:
        """Answer a request that its process has answered."""
        if self._closed:
            return
        if self.vault.may_take(outcome.body) and not request.stream.opened:
            self._run(self._answer_by_storage(request, outcome))
        else:
            self.answer(request, outcome)

    def answer(
        self, request: "_Request", outcome: Outcome, place: dict[str, str] | None = None
    ) -> None:
        """Publish a request's answer, then tell."""
        invocation, stream = request.invocation, request.stream
        if stream.opened:
            stream.end(outcome.body if outcome.error else b"")
        else:
            now = asyncio.get_running_loop().time()
            worker, number = invocation.worker, invocation.request_id
            self.side.answer(worker, number, outcome.body, outcome.error, now, place)
        self.pump()
        self.over(request)
        request.tell()  # at the latest
        self.observe(request.ended(outcome))

    async def _answer_by_storage(self, request: "_Request", outcome: Outcome) -> None:
        worker = request.invocation.worker
        algorithm = request.invocation.fields.get(SEAL_FIELD, "")
        can_load = self.side.can_load(worker, asyncio.get_running_loop().time())
        place = await self.vault.keep(worker, outcome.body, algorithm) if can_load else None
        self.answer(request, outcome, place)

    def _tell(self) -> None:
        """Tell of the requests that this turn of the loop has brought."""
        untold, self._untold = self._untold, []
        for request in untold:
            request.tell()

    def _run(self, work: Coroutine[None, None, None]) -> "asyncio.Task[None]":
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


class _Request:
    """One request while it runs."""

    __slots__ = ("_cold", "_name", "_serving", "_started", "_told", "invocation", "stream")

    def __init__(self, serving: Serving, invocation: Invocation, stream: Stream) -> None:
        self._serving = serving
        self.invocation = invocation
        self.stream = stream
        self._name = serving.pool.function_of(invocation.worker)
        self._cold = not serving.pool.is_warm(invocation.worker)
        self._started = time.perf_counter()
        self._told = False

    async def wait(self, call: Call) -> None:
        """Run it in a process that is not ready yet."""
        self.end(await self._serving.pool.run(self.invocation.worker, call))

    def end(self, outcome: Outcome) -> None:
        """Take the answer of the process."""
        self._serving.finish(self, outcome)

    def tell(self) -> None:
        """Tell the owner of it, once."""
        if self._told:
            return
        self._told = True
        invocation = self.invocation
        caller = callers.describe(invocation.event)
        self._serving.observe(
            InvocationStarted(
                self._name, invocation.request_id, invocation.worker, self._cold, caller
            )
        )

    def ended(self, outcome: Outcome) -> InvocationEnded:
        """Return what to tell of its end."""
        kind, message = describe_error(outcome.body) if outcome.error else ("", "")
        return InvocationEnded(
            function=self._name,
            request_id=self.invocation.request_id,
            worker=self.invocation.worker,
            status="error" if outcome.error else "ok",
            duration_ms=(time.perf_counter() - self._started) * 1000,
            cold=self._cold,
            error_type=kind,
            error_message=message,
            over_timeout=outcome.seconds > self._serving.timeout_of(self._name),
        )
