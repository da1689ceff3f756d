"""What a relay session says of itself on the presence topic; not part of the layer.

While it is there, "here" is repeated whenever something disturbs it: its own
will (sent for a connection that is back by now), another session's "gone", an
older session's "here", or connections that come and go. Before it has
announced itself it orders itself after whom it hears, whatever the clocks say.
"""

import os

from . import frames
from .frames import Frame, FrameError, Message
from .outbox import Sender
from .protocol import GONE, session_sender
from .relay_events import ForeignPresence
from .seal import Sealer


class Presence:
    """One session's presence.

    Args:
        sealer: Seals what is said.
        topic: The stage's presence topic.
        session: Id of the session.
        since: Place among the stage's sessions, epoch milliseconds.
        about: What else it tells of itself.
    """

    __slots__ = ("_about", "_sealer", "_sender", "_session", "_topic", "due", "here", "since")

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
        self.due = False

    def say_again(self) -> None:
        """Have "here" repeated, when it was said."""
        self.due = self.here

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
            self.due |= state == GONE and self.here
            return []
        newer = (since, session) > (self.since, self._session)
        if not self.here:
            self.since, newer = max(self.since, since + 1), False
        elif state == GONE or not newer:
            self.due = True
        return [ForeignPresence(session, owner, host, since, state, newer)]
