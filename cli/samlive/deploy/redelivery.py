"""Gives waiting events back to the functions they were for.

A message is deleted when Lambda has taken its event, not before: an event may
come twice, and is never lost. Events go out in batches of ten, one batch after
the other, so that a laptop is not asked for a thousand functions at once.

Only functions that were parked get events: a message that names another one,
or holds no event, stays where it is, and the user is told.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass

from samlive.deploy import destination_record
from samlive.deploy.aws import Aws
from samlive.deploy.faults import AwsError
from samlive.deploy.parked_queue import HIDDEN_SECONDS

PAUSE_SECONDS = 5.0
"""Between looks into the queue when it was empty."""

_HOPELESS = (
    "InvalidRequestContentException",
    "RequestTooLargeException",
    "ResourceNotFoundException",
)


@dataclass(frozen=True, slots=True)
class Redelivered:
    """How a redelivery ended.

    Args:
        count: Events that Lambda took.
        left: Why messages were left, one text for each.
        emptied: Whether the queue stayed empty for long enough.
    """

    count: int
    left: tuple[str, ...]
    emptied: bool


class Redelivery:
    """Empties one queue.

    Args:
        aws: The account.
        url: The queue.
        names: Names of the functions that may get events.
    """

    def __init__(self, aws: Aws, url: str, names: Collection[str]) -> None:
        self._aws = aws
        self._url = url
        self._names = frozenset(names)
        self._left: dict[str, str] = {}
        self._count = 0

    def run(
        self, stop: threading.Event, quiet: float, told: Callable[[int], None] = lambda count: None
    ) -> Redelivered:
        """Go on until the queue has been empty for a while.

        Args:
            stop: Set when it has to end.
            quiet: How long the queue must stay empty (seconds); events that Lambda
                held back itself may come late.
            told: Takes how many events were given back, after each batch.

        Raises:
            AwsError: Lambda does not take an event, or the queue cannot be read.
        """
        still, emptied = 0.0, False
        while not emptied and not stop.is_set():
            if given := self._batch(stop):
                still = 0.0
                told(given)
            elif still >= quiet and self._is_empty():
                emptied = True
            elif not stop.wait(PAUSE_SECONDS):
                still += PAUSE_SECONDS
        return Redelivered(self._count, tuple(self._left.values()), emptied)

    def _is_empty(self) -> bool:
        """Tell whether nothing but what is left is there: others may have hidden some and died."""
        return sum(self._aws.queue_counts(self._url)) <= len(self._left)

    def _batch(self, stop: threading.Event) -> int:
        """Give back up to ten events; return how many."""
        untouched = self._aws.receive(self._url, HIDDEN_SECONDS, wait=1)
        taken: list[str] = []
        try:
            while untouched and not stop.is_set():
                message = untouched[0]
                if self._give(message["MessageId"], message["Body"]):
                    taken.append(message["ReceiptHandle"])
                del untouched[0]
        finally:
            if taken:
                self._aws.delete_messages(self._url, taken)
                self._count += len(taken)
            if untouched:  # nobody should have to wait until they are shown by themselves
                self._aws.show_messages(self._url, [m["ReceiptHandle"] for m in untouched])
        return len(taken)

    def _give(self, id: str, body: str) -> bool:
        try:
            record = destination_record.read(body)
        except ValueError as problem:
            self._left[id] = str(problem)
            return False
        if record.name not in self._names:
            self._left[id] = f"{record.name} is no function of this stage that was parked"
            return False
        if reason := self._invoke(record):
            self._left[id] = reason
            return False
        self._left.pop(id, None)
        return True

    def _invoke(self, record: destination_record.Record) -> str:
        """Give an event to its function; return why that can never work, or ""."""
        for target in (record.target, record.name):  # its alias may be gone since
            try:
                self._aws.invoke_event(target, record.payload)
                return ""
            except AwsError as error:
                if error.code not in _HOPELESS:
                    raise
                reason = f"{record.name}: {error.message}"
        return reason
