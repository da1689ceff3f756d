"""Both ends of the protocol, joined by a link that loses, repeats, reorders and cuts."""

import random
from typing import Any

from samlive_stub import store
from samlive_stub.protocol import Publish
from samlive_stub.requester import StubSide
from samlive_stub.responder import FetchWanted, Invocation, RelaySide, UploadWanted
from samlive_stub.seal import Sealer

KEY = bytes(range(32))


def worker(number: int) -> str:
    return f"{number:032x}-00000001"


def make_stub(number: int = 1, **environment: str) -> StubSide:
    return StubSide(KEY, "shop", "ana", worker(number), "Orders", environment)


def make_relay(
    session: str = "s1", since: int = 1, shards: int = 1, storage: bool = False
) -> RelaySide:
    return RelaySide(KEY, "shop", "ana", session, shards, "ana", "laptop", since, storage)


class Bucket:
    """S3 as both ends see it; what stands in `broken` fails."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.broken: set[str] = set()
        self.names = 0
        self.log: list[str] = []

    def place(self) -> dict[str, str] | None:
        self.log.append("sign")
        self.names += 1
        name = f"object-{self.names}"
        return None if "sign" in self.broken else {"name": name, "url": "https://x", "h": "v"}

    def put(self, name: str, content: bytes) -> bytes | None:
        self.log.append("put")
        if "put" in self.broken:
            return None
        self.objects[name] = content
        return b""

    def get(self, name: str) -> bytes | None:
        self.log.append("get")
        if "get" in self.broken:
            return None
        try:
            return store.open_object(Sealer(KEY), name, self.objects[name])
        except (KeyError, ValueError):
            return None


class Pair:
    """A stub, the relay sessions of its stage, a clock, and the packets between them."""

    def __init__(self, seed: int = 0) -> None:
        self.now = 100.0
        self.stub = make_stub(TABLE="orders")
        self.relays: list[RelaySide] = []
        self.retained: Publish | None = None
        self.events: list[Any] = []
        self.refused: list[str] = []
        self.sent: list[Publish] = []
        self.drop = 0.0
        self.repeat = 0.0
        self.reorder = 0.0
        self._random = random.Random(seed)
        self._flying: list[Publish] = []
        self._number = 0
        self.answers = True
        self.bucket = Bucket()
        self.takes = True
        self.taken = b""

    def connect(self) -> None:
        self.stub.connected(self.now)
        if self.retained:
            self._to_stub(self.retained)

    def relay(
        self, session: str = "s1", since: int = 1, shards: int = 1, storage: bool = False
    ) -> RelaySide:
        relay = make_relay(session, since, shards, storage)
        self.relays.append(relay)
        if self.retained:
            self.events += relay.receive(self.retained.topic, self.retained.payload, self.now)
        self.say(relay.announce())
        return relay

    def say(self, packet: Publish) -> None:
        if packet.retain:
            self.retained = packet
        self._flying.append(packet)

    def begin(self, event: bytes = b"event", name: str = "") -> str:
        self._number += 1
        name = name or f"request-{self._number}"
        self.taken = b""
        self.stub.begin({"aws-request-id": name}, event, self.now)
        return name

    def step(self) -> bool:
        """Let packets leave and arrive; False when nothing moved."""
        if self.stub.stream_fields is None:
            self._transfer()
        self.stub.tick(self.now)
        self._flying += self.stub.take_publishes(self.now)
        for relay in self.relays:
            relay.tick(self.now)
            self._flying += relay.take_publishes(self.now)
        flying, self._flying = self._flying, []
        if self.reorder and self._random.random() < self.reorder:
            self._random.shuffle(flying)
        for packet in flying:
            self.take()
            self.sent.append(packet)
            if packet.retain:
                self.retained = packet
            if not packet.retain and self._random.random() < self.drop:
                continue
            for _ in range(2 if self._random.random() < self.repeat else 1):
                self._deliver(packet)
        self.take()
        return bool(flying)

    def take(self) -> None:
        """Pass on what has come of a streamed response, unless the caller is slow."""
        if self.takes:
            self.taken += self.stub.take_parts(self.now)
            while self.stub.transfer and self.stub.stream_fields is not None:
                self._transfer()
                self.taken += self.stub.take_parts(self.now)

    def settle(self) -> None:
        while self.step():
            pass

    def run(self, seconds: float = 120.0) -> Any:
        """Let time pass until the request is over."""
        end = self.now + seconds
        self.settle()
        while self.stub.outcome is None and self.now < end:
            due = [self.stub.next_wakeup(self.now), *(r.next_wakeup(self.now) for r in self.relays)]
            self.now = max(self.now + 0.001, min(*due, end))
            self.settle()
        return self.stub.outcome

    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + 0.1)
            self.settle()

    def invocations(self) -> list[Invocation]:
        return [event for event in self.events if isinstance(event, Invocation)]

    def _deliver(self, packet: Publish) -> None:
        self._to_stub(packet)
        for relay in self.relays:
            if packet.topic not in relay.topics(packet.shard) and "/request/" in packet.topic:
                shards = [s for s in range(4) if packet.topic in _topics(relay, s)]
                if not shards:
                    continue
            if "/reply/" in packet.topic:
                continue
            self._take(relay, relay.receive(packet.topic, packet.payload, self.now))

    def _take(self, relay: RelaySide, events: list[Any]) -> None:
        for event in events:
            self.events.append(event)
            if isinstance(event, UploadWanted):
                relay.offer(event.worker, event.number, self.bucket.place())
            elif isinstance(event, FetchWanted):
                body = self.bucket.get(event.name)
                self._take(relay, relay.fetched(event.worker, event.number, body, self.now))
            elif isinstance(event, Invocation) and self.answers:
                self.answer(relay, event)

    def answer(self, relay: RelaySide, event: Invocation) -> None:
        """Answer with the event, by way of the bucket when it is large."""
        place = None
        large = len(event.event) > 256 * 1024
        if large and relay.can_load(event.worker, self.now):
            place = self.bucket.place()
            if place:
                content = bytes(store.pack(Sealer(KEY), place["name"], event.event))
                place = None if self.bucket.put(place["name"], content) is None else place
        relay.answer(event.worker, event.request_id, event.event, False, self.now, place)

    def _transfer(self) -> None:
        if wanted := self.stub.transfer:
            assert wanted.url == "https://x" and wanted.headers == {"h": "v"}
            if wanted.body is None:
                found = self.bucket.get(wanted.name)
            else:
                content = bytes(store.pack(Sealer(KEY), wanted.name, wanted.body))
                found = self.bucket.put(wanted.name, content)
            self.stub.transferred(found, self.now)

    def _to_stub(self, packet: Publish) -> None:
        if packet.topic in self.stub.topics:
            problem = self.stub.receive(packet.topic, packet.payload, self.now)
            if problem:
                self.refused.append(problem)


def _topics(relay: RelaySide, shard: int) -> tuple[str, ...]:
    return relay.topics(shard)
