"""Acknowledgements that wait a moment for the answer; not part of the layer.

An answer says all that its ACK would have said. A function that is warm and
quick answers within a few milliseconds, so an ACK that waits that long is
usually not needed: one message in three is saved, of the time as of the 100 a
second that AWS IoT takes from a connection. A stub asks again only after half
a second. Each waits equally long, so the first to wait is the first to leave.
"""

from collections.abc import Iterable

from .relay_workers import Worker

NEVER = float("inf")


class Acks:
    """The acknowledgements that wait.

    Args:
        seconds: How long they wait; 0 for not at all.
    """

    __slots__ = ("_seconds", "_waiting")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waiting: dict[bytes, tuple[float, Worker]] = {}

    def wait(self, number: bytes, worker: Worker, now: float) -> bool:
        """Let the ACK of a request wait; False when it has to leave now.

        Args:
            number: The request's message id.
            worker: Who sent it.
            now: The time.
        """
        if self._seconds <= 0:
            return False
        self._waiting[number] = (now + self._seconds, worker)
        return True

    def drop(self, number: bytes) -> None:
        """Forget the ACK of a request: its answer leaves."""
        self._waiting.pop(number, None)

    def take(self, now: float) -> Iterable[tuple[bytes, Worker]]:
        """Return request and worker of each ACK that has waited long enough."""
        if self.next_wakeup() > now:
            return ()
        taken = [(number, worker) for number, (due, worker) in self._waiting.items() if due <= now]
        for number, _ in taken:
            del self._waiting[number]
        return taken

    def next_wakeup(self) -> float:
        """Return when the first one leaves; infinity when none waits."""
        for due, _ in self._waiting.values():
            return due
        return NEVER
