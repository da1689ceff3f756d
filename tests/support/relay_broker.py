"""An in-memory broker, connections to it for the relay, and stubs that call through it."""

import asyncio
import contextlib
import json
import secrets
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from samlive_relay.events import ConnectionChanged
from samlive_relay.transports.link import Link
from samlive_stub.protocol import Publish
from samlive_stub.requester import Answer, Ended, Outcome, StubSide

KEY = bytes(range(32))
Deliver = Callable[[str, bytes], None]


class Broker:
    """Delivers by exact topic, keeps retained messages, sends wills."""

    def __init__(self) -> None:
        self.retained: dict[str, bytes] = {}
        self.published: list[Publish] = []
        self.lose: Callable[[Publish], bool] = lambda packet: False
        self._subscribers: dict[str, list[Deliver]] = {}

    def subscribe(self, topic: str, deliver: Deliver) -> None:
        self._subscribers.setdefault(topic, []).append(deliver)
        if topic in self.retained:
            self._later(deliver, topic, self.retained[topic])

    def unsubscribe(self, deliver: Deliver) -> None:
        for subscribers in self._subscribers.values():
            with contextlib.suppress(ValueError):
                subscribers.remove(deliver)

    def publish(self, packet: Publish) -> None:
        self.published.append(packet)
        if self.lose(packet):
            return
        if packet.retain:
            self.retained[packet.topic] = packet.payload
        for deliver in self._subscribers.get(packet.topic, []):
            self._later(deliver, packet.topic, packet.payload)

    @staticmethod
    def _later(deliver: Deliver, topic: str, payload: bytes) -> None:
        asyncio.get_running_loop().call_soon(deliver, topic, payload)


class FakeTransport:
    """The relay's connection to the in-memory broker."""

    def __init__(self, broker: Broker, link: Link) -> None:
        self.broker = broker
        self.link = link
        self.up = False
        self.renewed: list[str] = []

    async def connect(self) -> None:
        self.will = self.link.will() if self.link.will else None
        self._subscribe()

    def _subscribe(self) -> None:
        self.up = True
        for topic in self.link.topics:
            self.broker.subscribe(topic, self.link.on_message)
        self.link.on_state(ConnectionChanged("connected"))

    def publish(self, *packets: Publish) -> None:
        for packet in packets if self.up else ():
            self.broker.publish(packet)

    def renew(self, reason: str) -> None:
        self.renewed.append(reason)
        self.cut()
        self.mend()

    async def flush(self) -> None:
        await asyncio.sleep(0)

    async def close(self) -> None:
        self.up = False
        self.broker.unsubscribe(self.link.on_message)

    def cut(self) -> None:
        """Lose the connection: the broker sends the will."""
        self.up = False
        self.broker.unsubscribe(self.link.on_message)
        self.link.on_state(ConnectionChanged("reconnecting", "cut"))
        if self.will:
            self.broker.publish(self.will)

    def mend(self) -> None:
        self._subscribe()
        self.link.on_ready()


class Stub:
    """One execution environment: the protocol's stub side on the in-memory broker."""

    def __init__(self, broker: Broker, function: str, **environment: str) -> None:
        self.worker = f"{secrets.token_hex(16)}-{secrets.token_hex(4)}"
        self._broker = broker
        variables = {
            "AWS_ACCESS_KEY_ID": "ASIAROLE",
            "AWS_SECRET_ACCESS_KEY": "role-secret",
            "AWS_SESSION_TOKEN": "role-token",
            "AWS_LAMBDA_FUNCTION_NAME": f"app-{function}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/25/[$LATEST]abc",
            **environment,
        }
        self.side = StubSide(KEY, "app", "dev", self.worker, function, variables)
        self._changed = asyncio.Event()
        self.transfer: Callable[[], None] = lambda: self.side.transferred(None, time.monotonic())
        self.refused: list[str] = []
        self.taken = b""
        self.on_part: Callable[[bytes], None] = lambda part: None
        self.takes = True
        for topic in self.side.topics:
            broker.subscribe(topic, self._receive)
        self.side.connected(time.monotonic())

    def _receive(self, topic: str, payload: bytes) -> None:
        if problem := self.side.receive(topic, payload, time.monotonic()):
            self.refused.append(problem)
        self._changed.set()

    @staticmethod
    def now() -> float:
        return time.monotonic()

    async def invoke(
        self, event: object, *, seconds: float = 900, raw: bool = False, **fields: str
    ) -> Outcome:
        """Send one request and return its outcome."""
        request_id = str(uuid.uuid4())
        now = int(time.time() * 1000)
        headers = {
            "aws-request-id": request_id,
            "deadline-ms": str(now + int(seconds * 1000)),
            "invoked-function-arn": "arn:aws:lambda:eu-west-1:123456789012:function:f",
            "now-ms": str(now),
            "content-type": "application/json",
            **{name.replace("_", "-"): value for name, value in fields.items()},
        }
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        self.taken = b""
        self.side.begin(headers, body, time.monotonic())
        while self.side.outcome is None:
            now_s = time.monotonic()
            if self.side.transfer:
                self.transfer()
            self.side.tick(now_s)
            for packet in self.side.take_publishes(now_s):
                self._broker.publish(packet)
            self._changed.clear()
            self._take_parts()
            if self.side.outcome is not None:
                break
            wait = self.side.next_wakeup(now_s) - now_s
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), None if wait > 1e6 else max(0, wait))
        self.takes = True
        self._take_parts()
        return self.side.outcome

    def _take_parts(self) -> None:
        """Take what has come of a streamed response, as the Runtime API would."""
        if self.takes and (part := self.side.take_parts(time.monotonic())):
            self.taken += part
            self.on_part(part)
            self._changed.set()  # it is confirmed by the next look
        if self.takes and self.side.transfer:
            self._changed.set()

    async def ask(self, event: object, **fields: Any) -> Any:
        """Invoke and return the parsed answer; fail when it is no response."""
        outcome = await self.invoke(event, **fields)
        if outcome == Ended(b""):
            return json.loads(self.taken)
        assert isinstance(outcome, Answer), str(getattr(outcome, "body", outcome))[:2000]
        return json.loads(outcome.body)

    async def fail(self, event: object, **fields: Any) -> dict[str, Any]:
        """Invoke and return the parsed error; fail when it is a response."""
        outcome = await self.invoke(event, **fields)
        assert not isinstance(outcome, Answer), outcome.body
        error: dict[str, Any] = json.loads(getattr(outcome, "body", b"null"))
        return error


def ids() -> Iterator[str]:
    """Request ids without end."""
    while True:
        yield str(uuid.uuid4())
