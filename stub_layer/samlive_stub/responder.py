"""The relay's end of the protocol; not part of the layer.

`RelaySide` is fed every packet that arrives on the session's request topics and
on the presence topic, and hands out events for the relay and packets for the
broker. `protocol.RESPONDER` says what happens to a request; this module only
does it. The relay calls `tick` and `take_publishes` whenever `next_wakeup` has
come, after each `receive` and after each `answer`.

Memory is bounded: frames that never complete by `PENDING_BYTES`, answers by size
and age (`relay_aging`), workers by `MAX_WORKERS` (the one heard of longest ago
without an open request goes first). A request that was accepted is never
dropped: it ends by `answer`, or by an error of the protocol's own.
"""

from collections.abc import Iterable

from . import frames
from .assembly import Reassembler
from .contract import (
    MAX_PAYLOAD_BYTES,
    presence_topic,
    reply_topic,
    request_topic,
)
from .frames import Frame, FrameError, Message
from .outbox import Outbox
from .protocol import (
    ANSWERED,
    FETCHING,
    FUNCTION_FIELD,
    GONE,
    HELD,
    HELLO_ONLY,
    HERE,
    HOLD_SECONDS,
    NAME_FIELD,
    REQUEST_ID_FIELD,
    RESPONDER,
    REST_SECONDS,
    RUNNING,
    STALL_SECONDS,
    STREAMED,
    STREAMING,
    UNKNOWN,
    UNWANTED,
    ProtocolError,
    Publish,
    session_sender,
    worker_id,
    worker_sender,
)
from .relay_acks import Acks
from .relay_aging import Aging
from .relay_events import (
    FetchWanted,
    ForeignPresence,
    Hello,
    Invocation,
    Refused,
    RelayEvent,
    UploadWanted,
)
from .relay_presence import Presence
from .relay_shards import Shards
from .relay_streams import Offsets, Streams
from .relay_workers import Request, Worker
from .seal import Sealer, SealError

__all__ = [
    "FetchWanted",
    "ForeignPresence",
    "Hello",
    "Invocation",
    "Refused",
    "RelayEvent",
    "RelaySide",
    "UploadWanted",
]

PENDING_BYTES = 256 * 1024 * 1024
PENDING_SECONDS = 60.0
MAX_WORKERS = 4096
CROWD_SECONDS = 60.0

_OF_A_REQUEST = (frames.REQUEST, frames.POLL, frames.UPLOAD)
_OVER = (ANSWERED, STREAMED)
NEVER = float("inf")

MAX_RESPONSE_BYTES = MAX_PAYLOAD_BYTES + 100
"""What Lambda takes as a response; it says so in the error it gives beyond."""

TOO_LARGE = (
    b'{"errorMessage":"Response payload size exceeded maximum allowed payload size '
    b'(6291556 bytes).","errorType":"Function.ResponseSizeTooLarge"}'
)
NO_ENVIRONMENT = (
    b'{"errorMessage":"The execution environment did not send its environment variables. '
    b'Invoke again; if it stays, its log shows why the stub cannot publish.",'
    b'"errorType":"SamLive.NoEnvironment","stackTrace":[]}'
)


class RelaySide:
    """One relay session of a stage.

    Args:
        key: The stage's key, 32 bytes.
        app: Name of the application.
        stage: Name of the stage.
        session: Id of this session: letters, digits and hyphens, new at every start.
        shards: Connections the requests are spread over.
        owner: Who runs the relay.
        host: On which machine.
        since_ms: When the session started, epoch milliseconds.
        storage: Whether large payloads can go through S3.
        ack_seconds: How long an acknowledgement waits for the answer to say the same.
    """

    def __init__(
        self,
        key: bytes,
        app: str,
        stage: str,
        session: str,
        shards: int,
        owner: str,
        host: str,
        since_ms: int,
        storage: bool = False,
        ack_seconds: float = 0.0,
    ) -> None:
        if shards < 1:
            raise ProtocolError("a relay needs at least one shard")
        self._sealer = Sealer(key)
        self._app = app
        self._stage = stage
        self._session = session
        self._storage = storage
        self._presence_topic = presence_topic(app, stage)
        about = {"owner": owner, "host": host, "storage": "s3" if storage else ""}
        self._presence = Presence(self._sealer, self._presence_topic, session, since_ms, about)
        self._name = session_sender(session)
        self._shards = Shards(self._sealer, shards, lambda shard: self.topics(shard)[-1])
        self._workers: dict[bytes, Worker] = {}
        self.streams = Streams(self._shards, self._workers, self._find, self._step, self._reply)
        """Answers that leave while their handlers still write."""
        self._assembly = Reassembler(PENDING_BYTES, PENDING_SECONDS, eager=True)
        self._acks = Acks(ack_seconds)
        self._aging = Aging(self._workers, self._expire, self._ask_hello)

    @property
    def since(self) -> int:
        """Place among the stage's sessions: epoch milliseconds, or after the one before."""
        return self._presence.since

    @property
    def open_requests(self) -> int:
        """How many accepted requests still wait for their answer."""
        return sum(
            request.state in (HELD, RUNNING, STREAMING)
            for worker in self._workers.values()
            for request in worker.requests.values()
        )

    def topics(self, shard: int) -> tuple[str, ...]:
        """Return the topics that a connection subscribes to.

        Presence is for the first two: the second one hears the will of the first.
        """
        requests = request_topic(self._app, self._stage, self._session, shard)
        return (self._presence_topic, requests) if shard < 2 else (requests,)

    def usage(self, now: float) -> float:
        """Return which part of the broker's limits the busiest shard used in the last second."""
        return self._shards.usage(now)

    def crowd(self, now: float) -> int:
        """Return how many workers were heard in the last minute."""
        return sum(now - worker.heard_at < CROWD_SECONDS for worker in self._workers.values())

    def open_shard(self) -> None:
        """Spread the requests over one more connection, and have presence say so.

        Call it when the connection has subscribed to `topics(shards)`, where
        shards is the number so far. Stubs turn to it with their next request.
        """
        self._shards.add()
        self._presence.say_again()

    def lose_shard(self, shard: int) -> None:
        """A connection broke: what waits in it leaves by others, stubs turn to others."""
        if self._shards.lose(shard):
            self._presence.say_again()

    def regain_shard(self, shard: int) -> None:
        """A connection is back and subscribed; presence is said again in any case."""
        self._shards.regain(shard)
        self._presence.say_again()

    @property
    def shards(self) -> int:
        """Connections the requests are spread over."""
        return len(self._shards)

    def presence(self, state: str) -> Publish:
        """Return the retained presence message, to publish or to leave as a will.

        Args:
            state: "here" or "gone". A will is "gone" and changes nothing here.
        """
        payload = self._presence.seal(state, self._shards.fields)
        return Publish(self._presence_topic, payload, self._shards.live[0], retain=True)

    def announce(self) -> Publish:
        """Return presence "here"; from now on it is repeated when others disturb it."""
        self._presence.here = True
        return self.presence(HERE)

    def leave(self) -> Publish:
        """Return presence "gone"; from now on nothing is repeated."""
        self._presence.here = False
        self._presence.say_again()
        return self.presence(GONE)

    def receive(self, topic: str, packet: bytes, now: float) -> list[RelayEvent]:
        """Take a packet from the broker and return what the relay must know.

        Args:
            topic: Topic it arrived on.
            packet: Its payload.
            now: Any clock that only goes forward, in seconds.
        """
        try:
            if topic == self._presence_topic:
                return [*self._presence.hear(Frame(self._sealer.open(topic, packet)))]
            return self._hear_worker(topic, Frame(self._sealer.open(topic, packet)), packet, now)
        except SealError as problem:
            if topic == self._presence_topic:
                self._presence.disturbed(now)
            return [Refused(str(problem))]
        except FrameError:
            return [Refused("a sealed frame that does not follow the protocol")]

    def offer(self, worker: str, number: bytes, place: dict[str, str] | None) -> None:
        """Tell a worker where to put its large request.

        Args:
            worker: Worker of the `UploadWanted`.
            number: Number of the `UploadWanted`.
            place: Name, URL and headers; None when S3 cannot be used.
        """
        found = self._workers.get(worker_sender(worker))
        if found is not None and found.place_for == number:
            found.place = place or {}
            self._send_place(found)

    def fetched(
        self, worker: str, number: bytes, body: bytes | None, now: float
    ) -> list[RelayEvent]:
        """Take a request that was read from S3, and return what the relay must know.

        Args:
            worker: Worker of the `FetchWanted`.
            number: Number of the `FetchWanted`.
            body: What was put there; None when it cannot be read.
            now: The time.
        """
        found = self._workers.get(worker_sender(worker))
        request = found.requests.get(number) if found else None
        if found is None or request is None or request.state != FETCHING:
            return []
        try:
            request.fields, request.event = frames.decode_request(body or b"")
        except FrameError:
            return self._step(found, request, "failed", now)
        request.name = request.fields.get(REQUEST_ID_FIELD, "")
        events = self._step(found, request, "fetched", now)
        if found.hello is not None:
            events += self._step(found, request, "hello", now)
        return events

    def can_load(self, worker: str, now: float) -> bool:
        """Tell whether a worker may get its answer by way of S3."""
        found = self._workers.get(worker_sender(worker))
        return self._storage and found is not None and now >= found.plain_until

    def answer(
        self,
        worker: str,
        request_id: str,
        body: bytes,
        error: bool,
        now: float,
        place: dict[str, str] | None = None,
    ) -> bool:
        """Give a request its one answer.

        Args:
            worker: Worker of the `Invocation`.
            request_id: Request id of the `Invocation`.
            body: Raw response, or Lambda's error JSON.
            error: Whether it is an error.
            now: The time.
            place: Name, URL and headers of an object that holds the body already.

        Returns:
            False when the request has its answer already or was never accepted.
        """
        found = self._find(worker, request_id)
        if found is None:
            return False
        if len(body) > MAX_RESPONSE_BYTES:
            body, error = TOO_LARGE, True
        kind, request = frames.ERROR if error else frames.RESPONSE, found[1]
        if place is None:
            request.answer = Message(kind, request.number, body)
        else:
            where = frames.encode_fields(place)
            request.answer = Message(kind, request.number, where, frames.STORED)
            request.plain = body
        self._step(*found, "answer", now)
        return True

    def tick(self, now: float) -> None:
        """Do what time demands: ask for missing frames and environments, drop what is old."""
        for frame, gaps in self._assembly.missing(now, STALL_SECONDS):
            if worker := self._workers.get(frame.sender):
                self._reply(worker, frames.ACK, frame.message, frames.encode_indices(gaps))
        self.streams.flush(now)
        self._aging.sweep(now)

    def next_wakeup(self, now: float) -> float:
        """Return when `tick` and `take_publishes` are due; infinity when nothing waits."""
        due = min(
            self._aging.due,
            self._shards.next_wakeup(now),
            self.streams.next_wakeup(),
            self._acks.next_wakeup(),
            max(now, self._presence.due_at),
        )
        asked = self._assembly.asked_at()
        return due if asked is None else min(due, asked + STALL_SECONDS)

    def take_publishes(self, now: float) -> list[Publish]:
        """Return the packets that may leave now, paced per shard below the broker's limits."""
        for number, worker in self._acks.take(now):
            self._reply(worker, frames.ACK, number)
        publishes = self._shards.take(now)
        if now >= self._presence.due_at:
            self._presence.due_at = NEVER
            publishes.insert(0, self.presence(HERE))
        return publishes

    def _hear_worker(self, topic: str, frame: Frame, packet: bytes, now: float) -> list[RelayEvent]:
        name = worker_id(frame.sender)
        shard = self._shards.number_of(topic)
        if shard is None:
            return [Refused("a topic of another session")]
        worker = self._workers.get(frame.sender) or self._admit(frame.sender, name)
        if not worker.window.accept(frame.counter):
            # QoS 1 repeats packets; a replay looks the same and is as harmless.
            return []
        worker.heard_at, worker.shard = now, shard
        self._shards.received(shard, len(packet), now)
        if frame.kind in _OF_A_REQUEST and worker.overtaken(frame):
            return []
        body = self._assembly.add(frame, now)
        known = worker.requests.get(frame.message)
        if body is None:
            if frame.kind == frames.REQUEST and known:
                # Accepted already: the frame is a re-send, its siblings never come.
                self._assembly.discard(frame.sender)
                return self._step(worker, known, "request", now)
            return []
        if frame.kind == frames.HELLO:
            return self._hear_hello(worker, frames.decode_fields(body), now)
        if frame.kind == frames.REQUEST:
            return self._hear_request(worker, frame, body, now)
        if frame.kind == frames.UPLOAD:
            return self._hear_upload(worker, frame.message)
        if frame.kind == frames.POLL:
            request = known or Request(frame.message)
            if frame.flags & frames.STREAM:
                offsets = frames.decode_offsets(body)
                plainly = frame.flags & frames.STORED
                return self._hear_report(worker, request, offsets, plainly, now)
            if frame.flags & frames.STORED:
                worker.plain_until = now + REST_SECONDS
                return self._step(worker, request, "plain poll", now)
            return self._step(worker, request, "poll", now, frames.decode_indices(body))
        return [Refused("a kind that stubs do not send")]

    def _hear_hello(self, worker: Worker, fields: dict[str, str], now: float) -> list[RelayEvent]:
        events: list[RelayEvent] = []
        if fields != worker.hello:
            worker.hello = fields
            environment = dict(fields)
            function = environment.pop(FUNCTION_FIELD, "")
            events.append(Hello(worker.name, function, environment))
        for request in list(worker.requests.values()):
            events += self._step(worker, request, "hello", now)
        return events

    def _hear_request(
        self, worker: Worker, frame: Frame, body: bytes, now: float
    ) -> list[RelayEvent]:
        stored = frame.flags & frames.STORED
        fields, event = (frames.decode_fields(body), b"") if stored else frames.decode_request(body)
        request = worker.requests.get(frame.message)
        if request is None:
            for other in list(worker.requests.values()):
                self._step(worker, other, "next", now)
            request = worker.requests[frame.message] = Request(frame.message)
            request.fields, request.event = fields, event
            request.name = fields.get(REQUEST_ID_FIELD, "")
        if stored:
            return self._hear_stored(worker, request, now)
        events = self._step(worker, request, "request", now)
        if worker.hello is not None:
            events += self._step(worker, request, "hello", now)
        return events

    def _hear_stored(self, worker: Worker, request: Request, now: float) -> list[RelayEvent]:
        if request.state == UNKNOWN:
            offered = (worker.place or {}).get(NAME_FIELD)
            if offered is None or request.fields.get(NAME_FIELD) != offered:
                return self._step(worker, request, "foreign object", now)
        return self._step(worker, request, "stored request", now)

    def _hear_upload(self, worker: Worker, number: bytes) -> list[RelayEvent]:
        if worker.place_for != number:
            worker.place_for, worker.place = number, None
            return [UploadWanted(worker.name, number)]
        if worker.place is not None:
            self._send_place(worker)
        return []

    def _hear_report(
        self, worker: Worker, request: Request, offsets: Offsets, plainly: int, now: float
    ) -> list[RelayEvent]:
        request.offsets = offsets
        happened = "unwanted" if offsets[0] == UNWANTED else "poll"
        if plainly:
            worker.plain_until, happened = now + REST_SECONDS, "plain poll"
        return self._step(worker, request, happened, now)

    def _send_place(self, worker: Worker) -> None:
        fields = frames.encode_fields(worker.place or {})
        self._reply(worker, frames.UPLOAD_URL, worker.place_for, fields)

    def _step(
        self,
        worker: Worker,
        request: Request,
        happened: str,
        now: float,
        indices: list[int] | None = None,
    ) -> list[RelayEvent]:
        """Take one transition of the table."""
        found = RESPONDER.get((request.state, happened))
        if found is None:
            return []
        request.state, action = found
        # First what every request goes through.
        if action == "deliver":
            fields, event = request.fields, request.event
            request.fields, request.event = {}, b""
            return [Invocation(worker.name, request.name, fields, event)]
        if action == "publish":
            self._publish_answer(worker, request, now)
            return []
        if action == "forget":
            self._forget(worker, request)
            return []
        if action == "accept":
            self._acknowledge(worker, request, now)
        elif action in ("acknowledge", "fetch"):
            self._reply(worker, frames.ACK, request.number)
        if action == "fetch":
            return [FetchWanted(worker.name, request.number, request.fields[NAME_FIELD])]
        if action in ("accept", "hold"):
            request.until = now + HOLD_SECONDS
            if worker.hello is None:
                self._aging.hold()
                self._ask_hello(worker, now)
        elif action in ("open", "send_parts", "repeat_parts", "repeat_parts_plainly", "let_go"):
            if action == "send_parts":  # says what the ACK would have said
                self._acks.drop(request.number)
            self.streams.act(worker, request, action, now)
            self._aging.expect(request.until)
        elif action == "refuse":
            request.answer = Message(frames.ERROR, request.number, NO_ENVIRONMENT)
            self._publish_answer(worker, request, now)
        elif action == "repeat_plainly":
            self._repeat_plainly(worker, request)
        elif action == "refuse_place":
            self._forget(worker, request)
            worker.place = {}
            self._reply(worker, frames.UPLOAD_URL, request.number)
        elif action == "repeat":
            self._repeat(worker, request, indices)
        elif action == "reboot":
            self._reply(worker, frames.REBOOT, request.number)
        return []

    def _acknowledge(self, worker: Worker, request: Request, now: float) -> None:
        # Without an environment nothing runs, so no answer can overtake it.
        quick = worker.hello is not None
        if not quick or not self._acks.wait(request.number, worker, now):
            self._reply(worker, frames.ACK, request.number)

    def _publish_answer(self, worker: Worker, request: Request, now: float) -> None:
        assert request.answer is not None
        self._acks.drop(request.number)
        self._aging.keep(request, request.answer.size + len(request.plain), now)
        outbox = self._outbox(worker)
        if outbox.held_back:
            # Under load the answer says what its ACK, which still waits, would have said.
            outbox.withdraw(request.number, worker.topic)
        outbox.put(worker.topic, worker.sender, request.answer)

    def _repeat(self, worker: Worker, request: Request, indices: list[int] | None) -> None:
        assert request.answer is not None
        if indices is None and request.answer.count > 1:
            # It may still be on its way: the stub will poll for what it misses.
            self._reply(worker, frames.ACK, request.number)
            return
        self._outbox(worker).put(worker.topic, worker.sender, request.answer, indices or None)

    def _repeat_plainly(self, worker: Worker, request: Request) -> None:
        """Send in frames what could not be read from S3."""
        assert request.answer is not None
        if request.answer.flags & frames.STORED:
            request.answer = Message(request.answer.kind, request.number, request.plain)
            request.plain = b""
        self._repeat(worker, request, [])

    def _forget(self, worker: Worker, request: Request) -> None:
        del worker.requests[request.number]
        self._acks.drop(request.number)
        self._shards.withdraw(request.number, worker.topic)
        self.streams.forget(request)
        self._aging.forget(request)

    def _reply(self, worker: Worker, kind: int, number: bytes, body: bytes = b"") -> None:
        self._outbox(worker).put(worker.topic, worker.sender, Message(kind, number, body))

    def _ask_hello(self, worker: Worker, now: float) -> None:
        worker.asked_at = now
        self._reply(worker, frames.REBOOT, worker.current, HELLO_ONLY)

    def _expire(self, worker: Worker, request: Request, now: float) -> None:
        self._step(worker, request, "expired", now)

    def _admit(self, sender: bytes, name: str) -> Worker:
        if len(self._workers) >= MAX_WORKERS:
            idle = (
                (worker.heard_at, key)
                for key, worker in self._workers.items()
                if all(request.state in _OVER for request in worker.requests.values())
            )
            self._dismiss(idle)
        topic = reply_topic(self._app, self._stage, name)
        worker = self._workers[sender] = Worker(name, topic, self._name)
        return worker

    def _dismiss(self, candidates: Iterable[tuple[float, bytes]]) -> None:
        oldest = min(candidates, default=None)
        if oldest is not None:
            worker = self._workers.pop(oldest[1])
            for request in list(worker.requests.values()):
                self._forget(worker, request)

    def _find(self, worker: str, request_id: str) -> tuple[Worker, Request] | None:
        found = self._workers.get(worker_sender(worker))
        if found is not None:
            for request in found.requests.values():
                if request.name == request_id and request.state == RUNNING:
                    return found, request
        return None

    def _outbox(self, worker: Worker) -> Outbox:
        return self._shards.outbox(worker.shard, worker.name)
