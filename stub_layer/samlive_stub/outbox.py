"""A paced queue of frames on their way out of one connection.

Frames are numbered and sealed when they leave, not when they are queued: a
counter then never goes back on the wire, and what turns out not to be needed
costs nothing. Short messages overtake long ones, so an ACK never waits behind
another worker's six megabytes.
"""

from .contract import PUBLISHES_PER_SECOND
from .frames import HEADER_BYTES, Outgoing
from .pacing import Pacer
from .protocol import Publish
from .seal import OVERHEAD, Sealer

_FRAME_BYTES = HEADER_BYTES + OVERHEAD


class Item:
    """Frames of one message that still have to leave."""

    __slots__ = ("indices", "message", "sender", "topic")

    def __init__(self, topic: str, sender: "Sender", message: Outgoing, indices: list[int]) -> None:
        self.topic = topic
        self.sender = sender
        self.message = message
        self.indices = indices


class Sender:
    """Who sends: its 20 bytes, and the counter of its frames."""

    __slots__ = ("_counter", "name")

    def __init__(self, name: bytes) -> None:
        self.name = name
        self._counter = 0

    def next(self) -> int:
        """Return the number of the next frame."""
        self._counter += 1
        return self._counter


class Outbox:
    """What has to be published through one connection, in order and in pace.

    Args:
        sealer: Seals every frame as it leaves.
        shard: Number of the connection.
        publishes: Publishes a second, both directions together, up to which it sends.
    """

    __slots__ = ("_due", "_pacer", "_sealer", "_shard", "long", "short")

    def __init__(
        self, sealer: Sealer, shard: int = 0, publishes: int = PUBLISHES_PER_SECOND
    ) -> None:
        self._sealer = sealer
        self._shard = shard
        self._pacer = Pacer(publishes)
        # What waits; read by owners of several, who ask all of them after every packet.
        self.short: list[Item] = []
        self.long: list[Item] = []
        self._due: float | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing waits to leave."""
        return not self.short and not self.long

    @property
    def held_back(self) -> bool:
        """Whether the broker's limits keep something waiting."""
        return self._due is not None

    def put(
        self, topic: str, sender: Sender, message: Outgoing, indices: list[int] | None = None
    ) -> None:
        """Queue a message, or only some of its frames; frames already waiting are not doubled.

        Args:
            topic: Topic to publish on.
            sender: Whose frames they are.
            message: The message.
            indices: Frame numbers; all of them when None.
        """
        left = list(range(message.count))
        if indices is not None or self.short or self.long:
            waiting = self._waiting(topic, message)
            wanted = left if indices is None else indices
            left = [index for index in wanted if index < message.count and index not in waiting]
        if left:
            queue = self.short if message.count == 1 else self.long
            queue.append(Item(topic, sender, message, left))

    def _waiting(self, topic: str, message: Outgoing) -> set[int]:
        """Return which frames of a message have not left yet."""
        return {
            index
            for item in self.short + self.long
            if item.message.message == message.message and item.message.kind == message.kind
            for index in item.indices
            if item.topic == topic
        }

    def withdraw(self, message: bytes, topic: str | None = None) -> None:
        """Take back what still waits of the message with this id."""
        for queue in (self.short, self.long):
            queue[:] = [
                item
                for item in queue
                if item.message.message != message or topic not in (None, item.topic)
            ]

    def skip(self, message: bytes, topic: str, below: int) -> None:
        """Take back the frames of a message that have a lower number."""
        for queue in (self.short, self.long):
            for item in queue:
                if item.message.message == message and item.topic == topic:
                    item.indices[:] = [index for index in item.indices if index >= below]
            queue[:] = [item for item in queue if item.indices]

    def holds(self, message: bytes, topic: str) -> bool:
        """Tell whether something of a message waits here."""
        waiting = (item for item in self.short + self.long if item.topic == topic)
        return any(item.message.message == message for item in waiting)

    def clear(self) -> None:
        """Take back everything."""
        self.short.clear()
        self.long.clear()

    def move_to(self, other: "Outbox") -> None:
        """Let what waits here leave through another connection."""
        other.short += self.short
        other.long += self.long
        self.clear()
        self._due = None

    def received(self, size: int, now: float) -> None:
        """Count an incoming publish: the broker's limits cover both directions."""
        self._pacer.received(size, now)

    def usage(self, now: float) -> float:
        """Return which part of the broker's limits the last second has used."""
        return self._pacer.usage(now)

    def take(self, now: float) -> list[Publish]:
        """Return the packets that may leave now."""
        publishes = []
        while queue := self.short or self.long:
            item = queue[0]
            if self._due is None:
                size = item.message.frame_size(item.indices[0]) + _FRAME_BYTES + len(item.topic)
                self._due = now + self._pacer.delay(size, now)
            if self._due > now:
                break
            self._due = None
            publishes.append(self._leave(item))
            if item.indices:
                # To the end: long messages of several workers share the connection.
                queue.append(queue.pop(0))
            else:
                queue.pop(0)
        return publishes

    def next_wakeup(self, now: float) -> float:
        """Return when `take` will have something; infinity when nothing waits."""
        if self.idle:
            return float("inf")
        return now if self._due is None else self._due

    def _leave(self, item: Item) -> Publish:
        index = item.indices.pop(0)
        plain = item.message.encode(index, item.sender.name, item.sender.next())
        return Publish(item.topic, self._sealer.seal(item.topic, plain), self._shard)
