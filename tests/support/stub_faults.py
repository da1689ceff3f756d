"""Any order of faults between both ends of the protocol, as a hypothesis state machine."""

import random

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from samlive_stub.protocol import DONE, SEEKING
from samlive_stub.requester import Answer, Failure
from stub_pair import Pair


class Faults(RuleBasedStateMachine):
    """Any order of faults: one right answer per request, or none and the truth about it."""

    def __init__(self) -> None:
        super().__init__()
        self.pair = Pair()
        self.pair.answers = False
        self.session = 0
        self.events: dict[str, bytes] = {}
        self.name = ""
        self.ran: dict[tuple[int, str], int] = {}
        self.restart(True)
        self.pair.connect()

    @rule(storage=st.booleans())
    def restart(self, storage: bool) -> None:
        """Kill the relay and start another one."""
        self.session += 1
        self.pair.relays.clear()
        self.pair.events.clear()
        self.pair.relay(f"s{self.session}", since=1, storage=storage)

    @rule()
    def cut(self) -> None:
        self.pair.stub.disconnected()
        self.pair._flying.clear()
        self.pair.connect()

    @rule(broken=st.sets(st.sampled_from(["sign", "put", "get"])))
    def break_storage(self, broken: set[str]) -> None:
        self.pair.bucket.broken = broken

    @precondition(lambda self: self.pair.relays[0].shards < 4)
    @rule()
    def open_shard(self) -> None:
        self.pair.relays[0].open_shard()

    @rule(shard=st.integers(0, 3), back=st.booleans())
    def shard_breaks_or_is_back(self, shard: int, back: bool) -> None:
        relay = self.pair.relays[0]
        if shard < relay.shards:
            (relay.regain_shard if back else relay.lose_shard)(shard)

    @rule(drop=st.sampled_from([0.0, 0.2, 0.5]), order=st.booleans(), seed=st.integers(0, 99))
    def faults(self, drop: float, order: bool, seed: int) -> None:
        self.pair.drop, self.pair.repeat, self.pair.reorder = drop, drop, float(order)
        self.pair._random.seed(seed)

    @precondition(lambda self: self.pair.stub.state in ("IDLE", DONE))
    @rule(size=st.sampled_from([0, 1, 60_000, 130_000, 400_000]))
    def begin(self, size: int) -> None:
        number = len(self.events)
        event = random.Random(number).randbytes(size) + b"%d" % number
        self.name = f"request-{number}"
        self.events[self.name] = event
        self.pair.begin(event, self.name)

    @rule(seconds=st.sampled_from([0.0, 0.1, 0.6, 2.0]))
    def pass_time(self, seconds: float) -> None:
        self.pair.pass_time(seconds)
        self.pair.settle()

    @rule()
    def answer(self) -> None:
        for event in self.pair.invocations():
            self.pair.answer(self.pair.relays[0], event)
        self.pair.settle()

    @invariant()
    def every_answer_is_the_right_one(self) -> None:
        outcome = self.pair.stub.outcome
        if isinstance(outcome, Answer):
            assert outcome.body == self.events[self.name]
        assert not isinstance(outcome, Failure)

    @invariant()
    def no_session_runs_a_request_twice(self) -> None:
        names = [event.request_id for event in self.pair.invocations()]
        assert len(names) == len(set(names))

    @invariant()
    def nothing_sealed_is_refused(self) -> None:
        assert self.pair.refused == []

    def teardown(self) -> None:
        """Without faults everything that is pending gets its answer."""
        self.pair.drop = self.pair.repeat = self.pair.reorder = 0.0
        if self.pair.stub.state in ("IDLE", DONE):
            return
        for _ in range(400):
            self.answer()
            self.pair.pass_time(0.5)
            if self.pair.stub.outcome is not None:
                break
        assert self.pair.stub.outcome is not None
        assert self.pair.stub.state != SEEKING
