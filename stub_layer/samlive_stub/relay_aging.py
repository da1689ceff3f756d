"""What time ends at the relay's end of the protocol; not part of the layer.

A request waits for its worker's environment until `HOLD_SECONDS` are over, an answer
is kept for whoever asks again for `CACHE_SECONDS`, and the oldest ones go when all of
them together exceed `CACHE_BYTES`. Every `HELLO_SECONDS` at the most, all are looked
through.

When that is due is kept as a lower bound: a relay asks after every packet, and looking
through 500 environments takes 60 µs.
"""

from collections.abc import Callable

from .protocol import ANSWERED, HELD, HELLO_SECONDS, STREAMED, STREAMING
from .relay_workers import Request, Worker

CACHE_BYTES = 64 * 1024 * 1024
CACHE_SECONDS = 1200.0
NEVER = float("inf")

_EXPIRING = (HELD, ANSWERED, STREAMING, STREAMED)


class Aging:
    """The requests of one session that time will end.

    Args:
        workers: Who has sent them.
        expire: Called with one that has expired, its worker and the time.
        ask: Called with a worker whose environment a request waits for, and the time.
    """

    __slots__ = ("_ask", "_expire", "_next_sweep", "_workers", "due", "kept_bytes")

    def __init__(
        self,
        workers: dict[bytes, Worker],
        expire: Callable[[Worker, Request, float], object],
        ask: Callable[[Worker, float], None],
    ) -> None:
        self._workers = workers
        self._expire = expire
        self._ask = ask
        self._next_sweep = 0.0
        self.due = NEVER
        """No later than the first request wants a sweep."""
        self.kept_bytes = 0
        """Size of the answers that are kept."""

    def hold(self) -> None:
        """Note that a request waits for its environment, which has to be asked for again."""
        self.due = min(self.due, self._next_sweep)

    def expect(self, until: float) -> None:
        """Note that a request expires at a time."""
        self.due = min(self.due, until)

    def keep(self, request: Request, size: int, now: float) -> None:
        """Note that a request has its answer, which is kept from now on."""
        request.until = now + CACHE_SECONDS
        request.size = size
        self.kept_bytes += size
        self.expect(request.until)

    def forget(self, request: Request) -> None:
        """Note that a request is forgotten, with its answer."""
        self.kept_bytes -= request.size

    def sweep(self, now: float) -> None:
        """End what has expired; ask again for what is waited for."""
        if now >= self._next_sweep:
            self._next_sweep = now + HELLO_SECONDS
            for worker in list(self._workers.values()):
                self._sweep(worker, now)
            self._bound()
        if now >= self.due:
            self.due = self._first_due()

    def _sweep(self, worker: Worker, now: float) -> None:
        for request in list(worker.requests.values()):
            if request.state in _EXPIRING and now >= request.until:
                self._expire(worker, request, now)
        held = any(request.state == HELD for request in worker.requests.values())
        if held and now - worker.asked_at >= HELLO_SECONDS:
            self._ask(worker, now)

    def _first_due(self) -> float:
        """Return when the first request wants a sweep; infinity when none does."""
        due = NEVER
        for worker in self._workers.values():
            for request in worker.requests.values():
                if request.state == HELD:
                    return self._next_sweep
                if request.state in _EXPIRING:
                    due = min(due, max(request.until, self._next_sweep))
        return due

    def _bound(self) -> None:
        if self.kept_bytes <= CACHE_BYTES:
            return
        answered = sorted(
            (
                (request.until, worker, request)
                for worker in self._workers.values()
                for request in worker.requests.values()
                if request.state == ANSWERED
            ),
            key=lambda entry: entry[0],
        )
        for until, worker, request in answered:
            if self.kept_bytes <= CACHE_BYTES:
                return
            self._expire(worker, request, until)
