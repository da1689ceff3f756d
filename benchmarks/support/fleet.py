"""Many execution environments over one connection: the remote end of a load.

In the cloud each environment is a machine of its own, so its cost must not
count here. Every environment is a complete `StubSide`; they only share one
socket, one thread and one MQTT connection, subscribed to all their topics.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .place import APP, CREDENTIALS, REGION, STAGE, CallFailed, Place, failure, fields


@dataclass(slots=True)
class Done:
    """One finished call.

    Args:
        environment: Which environment made it.
        seconds: How long it took.
        body: The answer.
    """

    environment: int
    seconds: float
    body: bytes


class Fleet:
    """Environments that each have at most one call under way.

    Args:
        place: The broker.
        functions: Logical id of the function of each environment.
    """

    def __init__(self, place: Place, functions: Sequence[str]) -> None:
        from samlive_stub import connection, sockets
        from samlive_stub.contract import presence_topic
        from samlive_stub.requester import StubSide

        sockets.ROOTS = str(place.root)
        self._presence = presence_topic(APP, STAGE)
        self._sides: list[StubSide] = []
        self._by_topic: dict[str, int] = {}
        for number, function in enumerate(functions):
            worker = f"{secrets.token_hex(16)}-{secrets.token_hex(4)}"
            variables = {**CREDENTIALS, "AWS_LAMBDA_FUNCTION_NAME": f"{APP}-{function}"}
            variables["AWS_LAMBDA_LOG_STREAM_NAME"] = f"2026/01/01/[$LATEST]{worker[:32]}"
            side = StubSide(place.key, APP, STAGE, worker, function, variables)
            self._sides.append(side)
            self._by_topic |= {t: number for t in side.topics if t != self._presence}
        topics = (self._presence, *self._by_topic)
        self._connection = connection.Connection(
            place.endpoint, REGION, f"fleet-{secrets.token_hex(4)}", topics, CREDENTIALS
        )
        self._connection.connect()
        for side in self._sides:
            side.connected(time.monotonic())
        self._began: dict[int, float] = {}

    def run(
        self,
        calls: int,
        at_once: int,
        event: Callable[[int], bytes],
        seconds: float = 60.0,
        environments: Sequence[int] | None = None,
    ) -> list[Done]:
        """Make calls and return them as they finish.

        Args:
            calls: How many altogether.
            at_once: How many are under way at the most.
            event: Makes the event of the n-th call.
            seconds: Time all of them may take.
            environments: Which ones take part, in turns; all when None.
        """
        idle = list(range(len(self._sides)) if environments is None else environments)[::-1]
        done: list[Done] = []
        started, until = 0, time.monotonic() + seconds
        touched: set[int] = set()
        while len(done) < calls:
            while started < calls and len(self._began) < at_once and idle:
                number = idle.pop()
                now = time.monotonic()
                self._sides[number].begin(fields(seconds), event(started), now)
                self._began[number] = now
                touched.add(number)
                started += 1
            self._turn(touched, until)
            touched = self._listen()
            for number in [n for n in touched if self._sides[n].outcome is not None]:
                if number in self._began:
                    done.append(self._finish(number))
                    idle.insert(0, number)
        return done

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _turn(self, touched: set[int], until: float) -> None:
        now = time.monotonic()
        if now > until:
            raise SystemExit(f"{len(self._began)} calls were not answered in time")
        # Only those that something happened to, unless it was quiet: 500 are many.
        for number in touched or set(self._began):
            side = self._sides[number]
            side.tick(now)
            for packet in side.take_publishes(now):
                self._connection.publish(packet.topic, packet.payload)
        self._connection.flush()

    def _listen(self) -> set[int]:
        touched = set()
        for message in self._connection.receive(0.25):
            now = time.monotonic()
            if message.topic == self._presence:
                for number, side in enumerate(self._sides):
                    side.receive(message.topic, message.payload, now)
                    touched.add(number)
                continue
            number = self._by_topic[message.topic]
            if problem := self._sides[number].receive(message.topic, message.payload, now):
                raise SystemExit(f"a packet was refused: {problem}")
            touched.add(number)
        return touched

    def _finish(self, number: int) -> Done:
        from samlive_stub.requester import Answer

        outcome = self._sides[number].outcome
        if not isinstance(outcome, Answer):
            raise CallFailed(failure(outcome))
        spent = time.monotonic() - self._began.pop(number)
        return Done(number, spent, outcome.body)
