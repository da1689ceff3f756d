"""A handler that streams its response, at the relay's end of the protocol."""

import random

from samlive_stub import store
from samlive_stub.responder import RelaySide
from samlive_stub.seal import Sealer
from stub_pair import KEY, Pair, worker

TYPE = {"content-type": "text/event-stream"}


class Writer:
    """A handler that streams its response to a request.

    What is to go through S3 is put when `store` is called, and the end of that is told when
    `settle_runs` is.
    """

    def __init__(self, pair: Pair, relay: RelaySide, name: str) -> None:
        self.pair, self.relay, self.name = pair, relay, name
        self.written = b""
        self.over = False
        self.runs: list[tuple[int, int, dict[str, str] | None]] = []
        storage = relay.can_load(worker(1), pair.now)
        found = relay.streams.open(worker(1), name, TYPE, pair.now, storage)
        self.number = found or b""

    @property
    def room(self) -> int:
        return self.relay.streams.room(worker(1), self.number)

    def write(self, data: bytes) -> None:
        self.written += data
        self.relay.streams.write(worker(1), self.number, data, self.pair.now)

    def end(self, error: bytes = b"") -> None:
        self.over = True
        self.relay.streams.end(worker(1), self.number, error, self.pair.now)

    def write_all(self, data: bytes, piece: int = 65_536) -> None:
        """Write as a handler does that waits for room."""
        for at in range(0, len(data), piece):
            while self.room <= 0:
                self.settle_runs()
                self.pair.pass_time(0.05)
            self.write(data[at : at + piece])

    def store(self) -> None:
        """Put what is to go through S3."""
        while run := self.relay.streams.take_run(worker(1), self.number):
            first, body = run
            place = self.pair.bucket.place()
            if place is not None:
                content = bytes(store.pack(Sealer(KEY), place["name"], body))
                place = None if self.pair.bucket.put(place["name"], content) is None else place
            self.runs.append((first, len(body), place))

    def settle_runs(self, order: random.Random | None = None, keep: int = 0) -> None:
        """Tell that what was put is there, all but some of it, in any order."""
        self.store()
        if order:
            order.shuffle(self.runs)
        while len(self.runs) > keep:
            self.relay.streams.put(worker(1), self.number, *self.runs.pop())


def streaming(pair: Pair) -> Writer:
    """Ask for a response that streams; return who writes it."""
    name, known = pair.begin(), len(pair.invocations())
    pair.settle()
    while len(pair.invocations()) == known:  # what came in counts towards the pace
        pair.pass_time(0.1)
    return Writer(pair, pair.relays[0], name)
