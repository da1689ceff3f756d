"""The streamed responses of a relay session, on their way out; not part of the layer.

How one becomes parts, and which of them may leave, is in `relay_parts`; this module
finds it, takes the protocol's steps for it, and hands its parts to the connections.
"""

from collections.abc import Callable

from . import frames
from .protocol import SILENCE_SECONDS, STREAMING, UNWANTED, worker_sender
from .relay_parts import NEVER, OutStream
from .relay_shards import Shards
from .relay_workers import NOTHING_TAKEN, Request, Worker

Offsets = tuple[int, list[tuple[int, int]]]
"""Bytes taken, and the ranges that are missing."""


class Streams:
    """The responses of a session that are being streamed.

    Args:
        shards: Its connections.
        workers: Its workers by their sender bytes.
        find: Finds a running request by worker and request id.
        step: Takes one transition of the protocol's table.
        reply: Sends a message of a kind to a worker.
    """

    __slots__ = ("_find", "_open", "_reply", "_shards", "_step", "_workers")

    def __init__(
        self,
        shards: Shards,
        workers: dict[bytes, Worker],
        find: Callable[[str, str], tuple[Worker, Request] | None],
        step: Callable[[Worker, Request, str, float], object],
        reply: Callable[[Worker, int, bytes], None],
    ) -> None:
        self._shards = shards
        self._workers = workers
        self._find = find
        self._step = step
        self._reply = reply
        self._open: dict[bytes, tuple[Worker, OutStream]] = {}

    def open(
        self,
        worker: str,
        request_id: str,
        fields: dict[str, str],
        now: float,
        storage: bool = False,
    ) -> bytes | None:
        """Begin to answer a request while its handler still writes.

        Args:
            worker: Worker of the `Invocation`.
            request_id: Request id of the `Invocation`.
            fields: What the stub must know of the response: "content-type".
            now: The time.
            storage: Whether some of it may go through S3; see `take_run`.

        Returns:
            Number of the stream; None when the request has its answer already or was
            never accepted.
        """
        found = self._find(worker, request_id)
        if found is None:
            return None
        found[1].fields = fields
        self._step(*found, "stream", now)
        if found[1].stream is not None:
            found[1].stream.runs.usable = storage
        return found[1].number

    def write(self, worker: str, number: bytes, data: bytes, now: float) -> None:
        """Add to a stream; what nobody takes any more is dropped."""
        if found := self._written(worker, number):
            found[2].write(data)
            self._step(*found[:2], "part", now)

    def end(self, worker: str, number: bytes, error: bytes, now: float) -> None:
        """End a stream.

        Args:
            worker: Worker of the `Invocation`.
            number: Number of the stream.
            error: Lambda's error JSON when it broke off; else empty.
            now: The time.
        """
        if found := self._written(worker, number):
            found[2].end(error)
            self._step(*found[:2], "last part", now)

    def take_run(self, worker: str, number: bytes) -> tuple[int, bytes] | None:
        """Return what of a stream should be put into S3 now: a number for `put`, and bytes."""
        found = self._unconfirmed(worker, number)
        return found[1].take_run() if found else None

    def put(
        self, worker: str, number: bytes, first: int, size: int, place: dict[str, str] | None
    ) -> None:
        """Say where a run was put: name, URL and headers; None when it was not."""
        if found := self._unconfirmed(worker, number):
            self._put(*found, found[1].put(first, size, place))

    def room(self, worker: str, number: bytes) -> int:
        """Return how many bytes a stream takes; at most 0: wait, it grows with packets."""
        found = self._written(worker, number)
        return found[2].room if found else 1

    def act(self, worker: Worker, request: Request, action: str, now: float) -> None:
        """Take an action of the protocol's table."""
        request.until = now + SILENCE_SECONDS
        if action == "open":
            request.stream = OutStream(request.number, request.fields)
            request.fields = {}
            self._open[request.number] = (worker, request.stream)
        elif action == "let_go":
            self._let_go(worker, request)
        elif action == "send_parts":
            self.flush(now)
        elif request.stream is not None:  # repeat_parts
            if action == "repeat_parts_plainly":
                self._put(worker, request.stream, request.stream.runs.give_up())
            offsets, request.offsets = request.offsets, NOTHING_TAKEN
            if not self._confirm(worker, request.stream, offsets):
                self._reply(worker, frames.ACK, request.number)

    def forget(self, request: Request) -> None:
        """Drop what there is of a request's response."""
        self._open.pop(request.number, None)
        request.stream = None

    def _let_go(self, worker: Worker, request: Request) -> None:
        """Take and send no more of a response: nobody wants it."""
        if request.stream is not None:
            first, _ = request.stream.confirm(UNWANTED, [])
            self._shards.skip(request.number, worker.topic, first)
        self._open.pop(request.number, None)

    def flush(self, now: float) -> None:
        """Let the parts that are due join the queues of their connections."""
        for number, (worker, stream) in list(self._open.items()):
            self._put(worker, stream, stream.due(now))
            if stream.all_left:
                del self._open[number]

    def next_wakeup(self) -> float:
        """Return when `flush` is due; infinity when nothing waits for it."""
        if not self._open:
            return NEVER
        return min(stream.due_at for _, stream in self._open.values())

    def _confirm(self, worker: Worker, stream: OutStream, offsets: Offsets) -> bool:
        """Take a stub's report; return whether something of the stream is on its way to it."""
        first, missing = stream.confirm(*offsets)
        self._shards.skip(stream.message, worker.topic, first)
        self._put(worker, stream, missing)
        return self._shards.outbox(worker.shard, worker.name).holds(stream.message, worker.topic)

    def _unconfirmed(self, worker: str, number: bytes) -> tuple[Worker, OutStream] | None:
        """Return a stream that has not reached its stub yet."""
        found = self._workers.get(worker_sender(worker))
        request = found.requests.get(number) if found else None
        return (found, request.stream) if found and request and request.stream else None

    def _written(self, worker: str, number: bytes) -> tuple[Worker, Request, OutStream] | None:
        """Return a stream that its handler still writes."""
        found = self._workers.get(worker_sender(worker))
        request = found.requests.get(number) if found else None
        if found is None or request is None or request.state != STREAMING:
            return None
        return (found, request, request.stream) if request.stream else None

    def _put(self, worker: Worker, stream: OutStream, numbers: list[int]) -> None:
        if numbers:
            outbox = self._shards.outbox(worker.shard, worker.name)
            outbox.put(worker.topic, worker.sender, stream, numbers)
