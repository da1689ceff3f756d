"""When a process is looked at after its answers."""

import asyncio
from collections.abc import Iterator
from typing import cast

import pytest

from samlive_relay.workers.judging import PAUSE_SECONDS, SOON_SECONDS, Judging
from samlive_relay.workers.worker import Outcome, Worker

FINE, WRONG = Outcome(b"1"), Outcome(b"{}", error=True)


class Clock(asyncio.SelectorEventLoop):
    """A loop whose time stands still until it is told to pass."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.run_until_complete(asyncio.sleep(0))


class Process:
    """Stands for a worker."""


@pytest.fixture
def clock() -> Iterator[Clock]:
    loop = Clock()
    yield loop
    loop.close()


class Looks:
    """Judging, and the answers at which it has looked."""

    def __init__(self, clock: Clock) -> None:
        self.seen: list[Outcome] = []
        self._clock = clock
        self._worker = cast(Worker, Process())
        self._judging = Judging(lambda _, outcome: self.seen.append(outcome))

    def answer(self, *outcomes: Outcome) -> None:
        async def give() -> None:
            for outcome in outcomes:
                self._judging.answered(self._worker, outcome)

        self._clock.run_until_complete(give())


def test_nothing_is_looked_at_while_its_answer_leaves(clock: Clock) -> None:
    looks = Looks(clock)
    looks.answer(FINE, WRONG)
    clock.pass_time(SOON_SECONDS / 2)
    assert looks.seen == []


def test_quick_calls_are_looked_at_once_then_now_and_then(clock: Clock) -> None:
    looks = Looks(clock)
    looks.answer(*[FINE] * 10)
    clock.pass_time(SOON_SECONDS)
    assert looks.seen == [FINE]
    for _ in range(9):
        looks.answer(FINE)
        clock.pass_time(PAUSE_SECONDS / 10)
    assert looks.seen == [FINE]
    clock.pass_time(PAUSE_SECONDS / 10)
    assert looks.seen == [FINE, FINE], "the last calls are looked at too"


def test_an_error_waits_for_nothing(clock: Clock) -> None:
    looks = Looks(clock)
    looks.answer(FINE)
    clock.pass_time(SOON_SECONDS)
    looks.answer(FINE, WRONG, WRONG)
    clock.pass_time(SOON_SECONDS)
    assert looks.seen == [FINE, WRONG, WRONG]
    clock.pass_time(PAUSE_SECONDS)
    assert looks.seen[3:] == [FINE]
