"""Spreads the relay's load over its connections (shards); not part of the layer.

AWS IoT limits each connection, so a busy relay opens more of them. Two rules
keep every message while their number changes or one of them breaks:

- A stub picks its shard by presence and is answered on the one it spoke on, so
  an old presence is as good as a new one.
- What waits to leave by a connection that broke leaves by another one, and
  presence names what is down, so that stubs turn to the others with their next
  packet. What was under way is asked for again, as after any loss. When every
  connection is down, nothing is known better: all stay in use until one is back.
"""

import zlib
from collections.abc import Callable

from .contract import PUBLISHES_PER_SECOND
from .outbox import Outbox
from .protocol import Publish
from .seal import Sealer

NEVER = float("inf")

RESERVED_PUBLISHES = 35
"""What a connection leaves free for packets that come in.

A crowd of stubs sends without regard to one another, and each answer may bring
the next request at once.
"""


class Shards:
    """The connections of one relay session.

    Args:
        sealer: Seals what leaves.
        count: Connections there are at first.
        topic_of: Request topic of a shard.
    """

    __slots__ = ("_down", "_numbers", "_outboxes", "_sealer", "_topic_of")

    def __init__(self, sealer: Sealer, count: int, topic_of: Callable[[int], str]) -> None:
        self._sealer = sealer
        self._topic_of = topic_of
        self._outboxes: list[Outbox] = []
        self._numbers: dict[str, int] = {}
        self._down: set[int] = set()
        for _ in range(count):
            self.add()

    def __len__(self) -> int:
        return len(self._outboxes)

    @property
    def live(self) -> list[int]:
        """Connections in use; all of them when none is up."""
        numbers = range(len(self._outboxes))
        return [number for number in numbers if number not in self._down] or list(numbers)

    @property
    def fields(self) -> dict[str, str]:
        """What presence tells of them."""
        down = [str(number) for number in sorted(self._down)]
        whole = len(down) == len(self._outboxes)
        return {"shards": str(len(self._outboxes)), "down": "" if whole else ",".join(down)}

    def add(self) -> None:
        """Use one more connection."""
        number = len(self._outboxes)
        allowed = PUBLISHES_PER_SECOND - RESERVED_PUBLISHES
        self._outboxes.append(Outbox(self._sealer, number, allowed))
        self._numbers[self._topic_of(number)] = number

    def lose(self, number: int) -> bool:
        """Note that a connection broke; False when that was known."""
        if number in self._down or number >= len(self._outboxes):
            return False
        self._down.add(number)
        if len(self._down) < len(self._outboxes):
            self._outboxes[number].move_to(self._outboxes[self.live[0]])
        return True

    def regain(self, number: int) -> None:
        """Note that a connection is back."""
        self._down.discard(number)

    def number_of(self, topic: str) -> int | None:
        """Return the shard of a request topic; None when it is none of this session's."""
        return self._numbers.get(topic)

    def outbox(self, number: int, worker: str) -> Outbox:
        """Return what leads to a worker: the shard it spoke on, or another one that is up."""
        if number in self._down:
            live = self.live
            number = live[zlib.crc32(worker.encode()) % len(live)]
        return self._outboxes[number]

    def received(self, number: int, size: int, now: float) -> None:
        """Count a packet that came in by a connection."""
        self._outboxes[number].received(size, now)

    def withdraw(self, message: bytes, topic: str) -> None:
        """Take back what still waits of a message to a topic, wherever it waits."""
        for outbox in self._outboxes:
            if outbox.short or outbox.long:
                outbox.withdraw(message, topic)

    def skip(self, message: bytes, topic: str, below: int) -> None:
        """Take back the frames of a message that have a lower number, wherever they wait."""
        for outbox in self._outboxes:
            if outbox.short or outbox.long:
                outbox.skip(message, topic, below)

    def usage(self, now: float) -> float:
        """Return which part of the broker's limits the busiest one used in the last second."""
        return max(outbox.usage(now) for outbox in self._outboxes)

    def next_wakeup(self, now: float) -> float:
        """Return when `take` will have something; infinity when nothing waits."""
        due = NEVER
        for outbox in self._outboxes:
            if outbox.short or outbox.long:
                due = min(due, outbox.next_wakeup(now))
        return due

    def take(self, now: float) -> list[Publish]:
        """Return the packets that may leave now, each paced by its connection."""
        packets: list[Publish] = []
        for outbox in self._outboxes:
            if outbox.short or outbox.long:
                packets += outbox.take(now)
        return packets
