"""What `responder.RelaySide` remembers of execution environments; not part of the layer."""

from typing import TYPE_CHECKING

from .assembly import ReplayWindow
from .frames import Frame, Message
from .outbox import Sender
from .protocol import UNKNOWN, UNWANTED

if TYPE_CHECKING:
    from .relay_parts import OutStream

NOTHING_TAKEN: tuple[int, list[tuple[int, int]]] = (0, [(0, UNWANTED)])
"""What a POLL says that comes from a stub which has not heard that it streams."""


class Request:
    """One request of one worker.

    Args:
        number: Its message id.
    """

    __slots__ = (
        "answer",
        "event",
        "fields",
        "name",
        "number",
        "offsets",
        "plain",
        "size",
        "state",
        "stream",
        "until",
    )

    def __init__(self, number: bytes) -> None:
        self.number = number
        self.name = ""
        self.state = UNKNOWN
        self.fields: dict[str, str] = {}
        self.event = b""
        self.answer: Message | None = None
        self.offsets = NOTHING_TAKEN
        self.stream: OutStream | None = None
        self.plain = b""  # what a stored answer says, should it have to go in frames
        self.size = 0
        self.until = 0.0


class Worker:
    """One execution environment.

    Args:
        name: Worker id.
        topic: Topic it listens to.
        session: Sender bytes of the relay session.
    """

    __slots__ = (
        "asked_at",
        "current",
        "heard_at",
        "hello",
        "latest",
        "name",
        "place",
        "place_for",
        "plain_until",
        "requests",
        "sender",
        "shard",
        "topic",
        "window",
    )

    def __init__(self, name: str, topic: str, session: bytes) -> None:
        self.name = name
        self.topic = topic
        self.sender = Sender(session)
        self.shard = 0
        self.place: dict[str, str] | None = None
        self.place_for = b""
        self.plain_until = 0.0
        self.window = ReplayWindow()
        self.hello: dict[str, str] | None = None
        self.asked_at = float("-inf")
        self.heard_at = 0.0
        self.current = b""
        self.latest = -1
        self.requests: dict[bytes, Request] = {}

    def overtaken(self, frame: Frame) -> bool:
        """Tell whether a frame belongs to a request before the newest one.

        An environment has one request at a time and numbers its frames, so a
        late re-send of an earlier request is recognised without a memory of ids.
        """
        if frame.message != self.current:
            if frame.counter < self.latest:
                return True
            self.current = frame.message
        self.latest = max(self.latest, frame.counter)
        return False
