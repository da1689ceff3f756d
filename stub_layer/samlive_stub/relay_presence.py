"""What a relay session says of itself on the presence topic; not part of the layer.

While it is there, "here" is repeated whenever something disturbs it: its own
will (sent for a connection that is back by now), another session's "gone", an
older session's "here", connections that come and go, or garbage of somebody
without the key, which would stand where new stubs look. Before it has
announced itself it orders itself after whom it hears, whatever the clocks say.
"""

import os

from . import frames
from .frames import Frame, FrameError, Message
from .outbox import Sender
from .protocol import GONE, session_sender
from .relay_events import ForeignPresence
from .seal import Sealer

HEAL_SECONDS = 1.0
"""Garbage is answered no more often than this: it costs its sender nothing."""

NEVER = float("inf")


class Presence:
    """One session's presence.

    Args:
        sealer: Seals what is said.
        topic: The stage's presence topic.
        session: Id of the session.
        since: Place among the stage's sessions, epoch milliseconds.
        about: What else it tells of itself.
    """

    __slots__ = (
        "_about",
        "_healed_at",
        "_sealer",
        "_sender",
        "_session",
        "_topic",
        "due_at",
        "here",
        "since",
    )

    def __init__(
        self, sealer: Sealer, topic: str, session: str, since: int, about: dict[str, str]
    ) -> None:
        self._sealer = sealer
        self._topic = topic
        self._session = session
        self._sender = Sender(session_sender(session))
        self._about = about
        self.since = since
        self.here = False
        self.due_at = NEVER
        self._healed_at = -NEVER

    def say_again(self) -> None:
        """Have "here" repeated, when it was said."""
        self.due_at = 0.0 if self.here else NEVER

    def disturbed(self, now: float) -> None:
        """Note that something stands on the topic that this stage's key has not sealed."""
        if self.here and self.due_at == NEVER:
            self.due_at = self._healed_at = max(now, self._healed_at + HEAL_SECONDS)

    def seal(self, state: str, more: dict[str, str]) -> bytes:
        """Return the packet that says a state, and more that may change."""
        fields = {
            "session": self._session,
            **self._about,
            **more,
            "since": str(self.since),
            "state": state,
        }
        message = Message(frames.PRESENCE, os.urandom(16), frames.encode_fields(fields))
        plain = message.encode(0, self._sender.name, self._sender.next())
        return self._sealer.seal(self._topic, plain)

    def hear(self, frame: Frame) -> list[ForeignPresence]:
        """Take what was said on the topic, by this session or another.

        Raises:
            FrameError: It is no presence.
        """
        fields = frames.decode_fields(frame.body)
        try:
            session, state, since = fields["session"], fields["state"], int(fields["since"])
            owner, host = fields["owner"], fields["host"]
        except (KeyError, ValueError):
            raise FrameError("presence lacks a field") from None
        if session == self._session:
            if state == GONE:
                self.say_again()
            return []
        newer = (since, session) > (self.since, self._session)
        if not self.here:
            self.since, newer = max(self.since, since + 1), False
        elif state == GONE or not newer:
            self.say_again()
        return [ForeignPresence(session, owner, host, since, state, newer)]
