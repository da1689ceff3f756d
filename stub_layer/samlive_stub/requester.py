"""The stub's end of the protocol.

`StubSide` lives as long as its execution environment and has at most one
request at a time. It is fed packets and the time, and hands out packets to
publish; `protocol.REQUESTER` says what happens, this module only does it.

Its owner (the runtime loop) calls `connected` after every SUBACK and
`disconnected` when the link breaks, `begin` for each invocation, `receive` for
each packet, and `tick` and `take_publishes` when `next_wakeup` has come, until
`outcome` is there.
"""

import os
import zlib

from . import frames
from .assembly import Reassembler, ReplayWindow
from .contract import CHUNK_BYTES, presence_topic, reply_topic, request_topic
from .frames import Frame, FrameError, Message
from .outbox import Outbox, Sender
from .outcomes import BROKEN_OFF, Absent, Answer, Ended, Failure, Outcome, Transfer
from .protocol import (
    ACCEPTED,
    ACK_PATIENCE,
    ASKING,
    DONE,
    DRY_SECONDS,
    DRYING,
    FUNCTION_FIELD,
    GONE,
    HERE,
    IDLE,
    LARGE_FRAMES,
    LOADING,
    LOST_POLLS,
    NAME_FIELD,
    ORPHAN_SECONDS,
    ORPHANED,
    POLL_SECONDS,
    PRESENCE_SECONDS,
    REQUESTER,
    RESEND_SECONDS,
    REST_SECONDS,
    SEAL_FIELD,
    SEEKING,
    STALL_SECONDS,
    STORING,
    STREAMING,
    UNWANTED,
    URL_FIELD,
    ProtocolError,
    Publish,
    session_sender,
    worker_sender,
)
from .seal import Sealer, SealError

TYPE_CHECKING = False  # typing's own would cost an import
if TYPE_CHECKING:
    from .parts import PartBuffer

__all__ = ["BROKEN_OFF", "Absent", "Answer", "Ended", "Failure", "Outcome", "StubSide", "Transfer"]

PENDING_BYTES = 16 * 1024 * 1024
PENDING_SECONDS = 120.0
MAX_SESSIONS = 4
"""Relay sessions whose replay windows are remembered."""

MAX_SHARDS = range(1, 257)

LARGE_BYTES = LARGE_FRAMES * CHUNK_BYTES

NEVER = float("inf")


_TRIES = {ASKING: len(RESEND_SECONDS), ACCEPTED: LOST_POLLS, STREAMING: LOST_POLLS}

_REASONS = {
    SEEKING: "no relay has announced itself on this stage",
    ASKING: "the relay that announced itself does not answer",
    ACCEPTED: "the relay took the request and was not heard of again",
    ORPHANED: "the relay took the request, went away, and none followed",
}


class _Relay:
    """The relay session that presence named last."""

    __slots__ = ("counter", "greeted", "name", "order", "session", "shards", "storage")

    def __init__(self, session: str, shards: list[int], since: int, counter: int) -> None:
        self.session = session
        self.shards = shards
        self.order = (since, session)
        self.counter = counter
        self.storage = False
        self.name = session_sender(session)
        self.greeted = False


class StubSide:
    """One execution environment of a live function.

    Args:
        key: The stage's key, 32 bytes.
        app: Name of the application.
        stage: Name of the stage.
        worker: Id of the environment: 32 hex digits, "-", 8 hex digits.
        function: Logical id of the function.
        environment: Variables that the local process must get.
    """

    def __init__(
        self,
        key: bytes,
        app: str,
        stage: str,
        worker: str,
        function: str,
        environment: dict[str, str],
    ) -> None:
        self._sealer = Sealer(key)
        self._app = app
        self._stage = stage
        self._worker = worker
        self._sender = Sender(worker_sender(worker))
        self._presence_topic = presence_topic(app, stage)
        self._reply_topic = reply_topic(app, stage, worker)
        hello = frames.encode_fields({**environment, FUNCTION_FIELD: function})
        self._hello = Message(frames.HELLO, os.urandom(16), hello)
        self._outbox = Outbox(self._sealer)
        self._assembly = Reassembler(PENDING_BYTES, PENDING_SECONDS)
        self._windows: dict[bytes, ReplayWindow] = {}
        self._state = IDLE
        self._relay: _Relay | None = None
        self._presence = ""
        self._presence_at = 0.0
        self._up = False
        self._request: Message | None = None
        self._packed = True
        self._body = b""
        self._asked: Message | None = None
        self._stored_kind = frames.RESPONSE
        self._transfer: Transfer | None = None
        self._plain_until = 0.0
        self._give_up_at = NEVER
        self._timer = NEVER
        self._attempts = 0
        self._outcome: Outcome | None = None
        self._stream: PartBuffer | None = None
        self._streamer: _Relay | None = None

    @property
    def state(self) -> str:
        """Name of the state in `protocol.REQUESTER`."""
        return self._state

    @property
    def outcome(self) -> Outcome | None:
        """How the request ended; None while it has not."""
        return self._outcome

    @property
    def transfer(self) -> Transfer | None:
        """What has to be put into S3 or got from there; report it to `transferred`."""
        if self._stream and self._state in (STREAMING, DRYING):
            return self._stream.wanted
        return self._transfer if self._state in (STORING, LOADING) else None

    @property
    def stream_fields(self) -> dict[str, str] | None:
        """What the relay says of a streamed response; None while there is none."""
        return self._stream.fields if self._stream else None

    def take_parts(self, now: float) -> bytes:
        """Return what has come of a streamed response since the last call.

        Call it when the part before has been passed on: it confirms that one.
        """
        if self._stream is None:
            return b""
        ready = self._stream.take()
        if self._stream.unconfirmed:
            self._step("taken", now)
        return ready

    def refuse_parts(self, now: float) -> None:
        """Say that a streamed response cannot be passed on any more, and be done with it."""
        self._step("unwanted", now)

    @property
    def topics(self) -> tuple[str, ...]:
        """What the owner subscribes to: presence first, so that it is known first."""
        return (self._presence_topic, self._reply_topic)

    def connected(self, now: float) -> None:
        """The subscriptions are in effect: the retained presence is on its way."""
        self._up = True
        self._presence = ""
        self._presence_at = now
        self._outbox.clear()
        self._step("connected", now)

    def disconnected(self) -> None:
        """The link broke; nothing can leave until `connected`."""
        self._up = False
        self._outbox.clear()

    def begin(
        self,
        fields: dict[str, str],
        event: bytes,
        now: float,
        give_up_at: float = NEVER,
    ) -> None:
        """Start a request.

        Args:
            fields: Headers of the Runtime API and whatever else the relay needs.
            event: The raw event.
            now: The time.
            give_up_at: From then on, waiting for a relay is pointless.

        Raises:
            ProtocolError: The request before has no outcome yet.
        """
        if self._state not in (IDLE, DONE):
            raise ProtocolError("a request is pending")
        self._outcome = None
        self._give_up_at = give_up_at
        body, number = frames.encode_request(fields, event), os.urandom(16)
        by_storage = len(body) > LARGE_BYTES and now >= self._plain_until
        # One that is large for sure is packed only if it has to go in frames after all.
        self._packed = not by_storage or frames.estimate(body) < 2 * LARGE_BYTES
        self._request = Message(frames.REQUEST, number, body if self._packed else b"")
        large = not self._packed or (by_storage and self._request.count > LARGE_FRAMES)
        self._body = body if large else b""
        self._asked = self._stream = self._streamer = None
        self._step("begin", now)

    def transferred(self, body: bytes | None, now: float) -> None:
        """Say how `transfer` went: what was got (nothing when it was put), None when it failed."""
        request, transfer, self._transfer = self._request, self.transfer, None
        if request is None or transfer is None:
            return
        if self._stream:
            self._hear_got(self._stream, body, now)
        elif body is None:
            self._plain_until = now + REST_SECONDS
            self._step("failed", now)
        elif self._state == STORING:
            where = frames.encode_fields({NAME_FIELD: transfer.name})
            self._asked = Message(frames.REQUEST, request.message, where, frames.STORED)
            self._step("stored", now)
        elif self._state == LOADING:
            self._outcome = (Answer if self._stored_kind == frames.RESPONSE else Failure)(body)
            self._step("answer", now)

    def abandon(self) -> None:
        """Give the pending request up: nothing more is sent for it, no answer is taken."""
        self._request = self._stream = None
        self._state = DONE
        self._rest()

    def receive(self, topic: str, packet: bytes, now: float) -> str | None:
        """Take a packet from the broker.

        Returns:
            Why it was refused, as one of a few fixed texts; None when it was not.
        """
        self._outbox.received(len(packet), now)
        try:
            frame = Frame(self._sealer.open(topic, packet))
            if topic == self._presence_topic:
                self._hear_presence(frame, now)
            elif topic == self._reply_topic:
                self._hear_relay(frame, now)
        except SealError as problem:
            return str(problem)
        except FrameError:
            return "a sealed frame that does not follow the protocol"
        return None

    def tick(self, now: float) -> None:
        """Do what time demands."""
        if self._request is None or self._outcome is not None:
            return
        if self._state in (ASKING, ACCEPTED, STREAMING):
            if not self._up:
                return
            if not self._outbox.idle:
                # The patience counts from when the last frame has left.
                self._timer = max(self._timer, now + RESEND_SECONDS[0])
                return
            if self._assembly.missing(now, STALL_SECONDS):
                self._step("partial", now)
        if self._stream and self._up and now >= self._stream.gap_at:
            self._step("partial", now)
        if now < self._timer:
            return
        # Counted, not timed: an environment may freeze for hours in between.
        limit = _TRIES.get(self._state, NEVER)
        late = self._state == ASKING and now >= self._give_up_at
        self._step("silence" if late or self._attempts >= limit else "timeout", now)

    def next_wakeup(self, now: float) -> float:
        """Return when `tick` and `take_publishes` are due; infinity when nothing waits."""
        if self._request is None or self._outcome is not None:
            return self._outbox.next_wakeup(now) if self._up else NEVER
        if not self._up:
            return self._timer if self._state in (SEEKING, ORPHANED, DRYING) else NEVER
        times = [self._timer, self._outbox.next_wakeup(now)]
        if (asked := self._assembly.asked_at()) is not None:
            times.append(asked + STALL_SECONDS)
        if self._stream:
            times.append(self._stream.gap_at)
        return min(times)

    def take_publishes(self, now: float) -> list[Publish]:
        """Return the packets that may leave now, paced below the broker's limits."""
        return self._outbox.take(now) if self._up else []

    def _hear_presence(self, frame: Frame, now: float) -> None:
        fields = frames.decode_fields(frame.body)
        try:
            session, state = fields["session"], fields["state"]
            since, count = int(fields["since"]), int(fields["shards"])
        except (KeyError, ValueError):
            raise FrameError("presence lacks a field") from None
        if frame.kind != frames.PRESENCE or count not in MAX_SHARDS or state not in (HERE, GONE):
            raise FrameError("no presence")
        down = fields.get("down", "").split(",")
        shards = [number for number in range(count) if str(number) not in down] or [0]
        known = self._relay is not None and self._relay.session == session
        if state == GONE:
            if known or self._relay is None:
                self._presence, self._presence_at = GONE, now
                self._step("gone", now)
            return
        if known:
            assert self._relay is not None
            if frame.counter >= self._relay.counter:
                self._relay.shards, self._relay.counter = shards, frame.counter
                self._relay.storage = bool(fields.get("storage"))
            self._relay.order = (since, session)
            was, self._presence = self._presence, HERE
            if was != HERE and self._state in (SEEKING, ORPHANED):
                self._step("here", now)
            elif was != HERE and self._streamer is self._relay:
                self._step("back", now)
            elif was != HERE:
                # It has connected after us: what we asked meanwhile has not reached it.
                self._step("connected", now)
        elif self._relay is None or self._presence != HERE or (since, session) > self._relay.order:
            self._relay, self._presence = _Relay(session, shards, since, frame.counter), HERE
            self._relay.storage = bool(fields.get("storage"))
            self._asked = None
            self._step("here", now)

    def _hear_relay(self, frame: Frame, now: float) -> None:
        if not self._window(frame.sender).accept(frame.counter):
            return
        if self._request is None or frame.message != self._request.message or self._outcome:
            return
        if self._state in (ACCEPTED, STREAMING):
            self._attempts = 0
        answers = frame.kind in (frames.RESPONSE, frames.ERROR)
        if answers and (self._stream or frame.flags & frames.STREAM):
            self._hear_part(frame, now)
            return
        body = self._assembly.add(frame, now)
        if answers:
            if self._state == ASKING and (body is None or frame.flags):
                self._step("ack", now)
            if body is not None and frame.flags & frames.STORED:
                self._stored_kind = frame.kind
                self._place(frames.decode_fields(body), None)
                self._step("answer is stored", now)
            elif body is not None:
                kind = Answer if frame.kind == frames.RESPONSE else Failure
                self._outcome = kind(body)
                self._step("answer", now)
        elif body is None or self._relay is None or frame.sender != self._relay.name:
            return
        elif frame.kind == frames.ACK and body:
            self._step("missing", now, frames.decode_indices(body))
        elif frame.kind == frames.ACK:
            self._step("ack", now)
        elif frame.kind == frames.UPLOAD_URL:
            self._hear_place(body, now)
        elif frame.kind == frames.REBOOT:
            self._relay.greeted = False
            self._step("greet" if body else "reboot", now)

    def _hear_part(self, frame: Frame, now: float) -> None:
        if self._state == ASKING:
            self._step("ack", now)
        if self._stream is None and self._state in (ACCEPTED, ORPHANED):
            from .parts import PartBuffer

            self._stream, self._streamer = PartBuffer(frame.sender), self._relay
        streams = frame.flags & frames.STREAM
        if self._stream is None or not streams or not self._stream.add(frame, now):
            return
        self._step("part", now)
        self._finish_stream(self._stream, now)

    def _hear_got(self, stream: "PartBuffer", body: bytes | None, now: float) -> None:
        if stream.got(body):
            self._finish_stream(stream, now)
        else:
            self._plain_until = now + REST_SECONDS
            self._step("failed", now)

    def _finish_stream(self, stream: "PartBuffer", now: float) -> None:
        if stream.complete:
            self._outcome = Ended(stream.error)
            self._step("answer", now)

    def _hear_place(self, body: bytes, now: float) -> None:
        asked = frames.REQUEST if self._asked is None else self._asked.kind
        if body and asked == frames.UPLOAD:
            self._place(frames.decode_fields(body), self._body)
            self._step("place", now)
        elif not body and self._asked is not self._request:
            self._step("no place", now)

    def _step(self, happened: str, now: float, indices: list[int] | None = None) -> None:
        """Take one transition of the table."""
        found = REQUESTER.get((self._state, happened))
        if found is None:
            return
        before, (self._state, action) = self._state, found
        if action == "finish":
            self._rest()
        elif action == "seek":
            self._seek(now)
        elif action in ("ask", "resume"):
            self._outbox.clear()
            self._ask(now, None if action == "ask" else [0])
        elif action == "greet":
            self._greet()
        elif action == "repeat":
            self._repeat(now)
        elif action == "fill":
            self._ask(now, indices)
        elif action == "wait":
            self._outbox.clear()
            self._attempts = 0
            self._timer = now + POLL_SECONDS[0]
        elif action == "ask_plainly":
            self._outbox.clear()
            self._asked = self._whole()
            self._ask(now, None)
        elif action in ("poll", "poll_plainly"):
            self._poll(now, frames.STORED if action == "poll_plainly" else 0)
        elif action in ("store", "load"):
            self._outbox.clear()
            self._timer = NEVER
        elif action == "hope":
            self._outbox.clear()
            self._timer = min(now + ORPHAN_SECONDS, self._give_up_at)
        elif action == "pass_on":
            if self._state == STREAMING:
                self._timer = now + STALL_SECONDS
        elif action == "dry":
            self._timer = now + DRY_SECONDS
        elif action in ("poll_parts", "ask_parts", "ask_parts_plainly", "confirm"):
            if action == "poll_parts" and self._state == STREAMING:
                self._attempts += 1
                self._timer = now + POLL_SECONDS[1]
            assert self._stream is not None
            plainly = frames.STORED if action == "ask_parts_plainly" else 0
            stalled = action == "poll_parts" or plainly > 0
            self._send_offsets(self._stream.report(stalled, now), plainly)
        elif action == "let_go":
            self._outcome = Ended(b"")
            self._rest()
            self._send_offsets(frames.encode_offsets(UNWANTED, []))
        elif action == "break_off":
            self._outcome = Ended(BROKEN_OFF)
            self._rest()
        elif action == "give_up":
            self._outcome = Absent(_REASONS[before])
            self._rest()

    def _seek(self, now: float) -> None:
        if self._presence == HERE:
            self._step("here", now)
            return
        # Also after a "gone": it may be the will of a relay that is back by now.
        since = self._presence_at if self._up else now
        self._timer = min(max(now, since + PRESENCE_SECONDS), self._give_up_at)

    def _ask(self, now: float, indices: list[int] | None) -> None:
        self._greet()
        self._send(self._wanted(), indices)
        self._attempts = 0
        self._wait_for_ack(now)

    def _wait_for_ack(self, now: float) -> None:
        pause = (*RESEND_SECONDS, ACK_PATIENCE)[self._attempts]
        self._timer = min(now + pause, max(now, self._give_up_at))

    def _greet(self) -> None:
        assert self._relay is not None
        if not self._relay.greeted:
            self._relay.greeted = True
            self._send(self._hello)

    def _repeat(self, now: float) -> None:
        self._attempts += 1
        self._send(self._wanted(), [0])
        self._wait_for_ack(now)

    def _wanted(self) -> Message:
        """Return what asks for the answer: the request, its place, or the question for one."""
        assert self._request is not None and self._relay is not None
        if self._asked is None:
            if self._body and self._relay.storage:
                self._asked = Message(frames.UPLOAD, self._request.message)
            else:
                self._asked = self._whole()
        return self._asked

    def _whole(self) -> Message:
        """Return the request in frames; packing a large one takes long, so it is done late."""
        assert self._request is not None
        if not self._packed:
            self._packed = True
            self._request = Message(frames.REQUEST, self._request.message, self._body)
        return self._request

    def _place(self, fields: dict[str, str], body: bytes | None) -> None:
        name, url = fields.pop(NAME_FIELD, ""), fields.pop(URL_FIELD, "")
        algorithm = fields.pop(SEAL_FIELD, "")
        self._transfer = Transfer(name, url, fields, body, algorithm)

    def _poll(self, now: float, flags: int = 0) -> None:
        assert self._request is not None
        self._attempts += 1
        gaps = b"" if flags else frames.encode_indices(self._assembly.gaps(self._request.message))
        self._send(Message(frames.POLL, self._request.message, gaps, flags))
        self._timer = now + POLL_SECONDS[1]

    def _send_offsets(self, offsets: bytes, flags: int = 0) -> None:
        assert self._request is not None
        poll = Message(frames.POLL, self._request.message, offsets, frames.STREAM | flags)
        self._send(poll, None, self._streamer)

    def _rest(self) -> None:
        self._transfer = None
        self._body = b""
        self._outbox.clear()
        self._assembly.discard()
        self._timer = NEVER

    def _send(
        self, message: Message, indices: list[int] | None = None, relay: _Relay | None = None
    ) -> None:
        relay = relay or self._relay
        assert relay is not None
        shard = relay.shards[zlib.crc32(self._worker.encode()) % len(relay.shards)]
        topic = request_topic(self._app, self._stage, relay.session, shard)
        self._outbox.put(topic, self._sender, message, indices)

    def _window(self, sender: bytes) -> ReplayWindow:
        # Taken out and put back, so that the first one is the one unused longest.
        window = self._windows.pop(sender, None) or ReplayWindow()
        self._windows[sender] = window
        if len(self._windows) > MAX_SESSIONS:
            del self._windows[next(iter(self._windows))]
        return window
