"""Who may use an environment, when Lambda ends a call, and how a warm call takes no detour."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from relay_session import Project, Run
from samlive_relay.events import InvocationEnded, InvocationStarted
from samlive_relay.workers.deadline import Deadline
from samlive_relay.workers.python import PythonWorker
from samlive_relay.workers.turns import Turn
from samlive_relay.workers.worker import Call


async def turns_of_the_loop(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def use(turn: Turn, name: str, order: list[str], go: asyncio.Event) -> None:
    async with turn:
        order.append(name)
        await go.wait()


def test_what_is_taken_is_refused_until_it_is_given_back() -> None:
    turn = Turn()
    assert turn.take()
    assert not turn.take()
    turn.give_back()
    assert not turn.taken
    assert turn.take()


def test_the_first_to_wait_is_the_first_to_get_it() -> None:
    async def scenario() -> None:
        turn, order, go = Turn(), list[str](), asyncio.Event()
        assert turn.take()
        waiting = [asyncio.ensure_future(use(turn, name, order, go)) for name in "abc"]
        await turns_of_the_loop()
        assert order == []
        turn.give_back()
        assert not turn.take()  # it belongs to the first that waits already
        go.set()
        await asyncio.gather(*waiting)
        assert order == ["a", "b", "c"]
        assert not turn.taken

    asyncio.run(scenario())


@pytest.mark.parametrize("handed_over", [False, True])
def test_one_that_waits_no_more_is_passed_over(handed_over: bool) -> None:
    async def scenario() -> None:
        turn, order, go = Turn(), list[str](), asyncio.Event()
        go.set()
        assert turn.take()
        first, second = [asyncio.ensure_future(use(turn, n, order, go)) for n in "ab"]
        await turns_of_the_loop()
        if handed_over:
            turn.give_back()  # and in the same moment it gives up
        first.cancel()
        await turns_of_the_loop()
        if not handed_over:
            turn.give_back()
        await second
        assert order == ["b"]
        assert first.cancelled()
        assert not turn.taken

    asyncio.run(scenario())


def on_a_loop(act: Callable[[Deadline, list[str]], Awaitable[None]]) -> None:
    async def scenario() -> None:
        told: list[str] = []
        deadline = Deadline(lambda: told.append("passed"))
        await asyncio.wait_for(act(deadline, told), 10)
        deadline.stop()

    asyncio.run(scenario())


def now() -> float:
    return asyncio.get_running_loop().time()


def test_a_call_that_has_ended_has_no_deadline() -> None:
    async def act(deadline: Deadline, told: list[str]) -> None:
        deadline.set(now())
        deadline.set(None)
        await turns_of_the_loop()
        assert told == []

    on_a_loop(act)


def test_the_timer_of_a_call_does_not_end_a_later_one() -> None:
    async def act(deadline: Deadline, told: list[str]) -> None:
        deadline.set(now())
        deadline.set(now() + 3600)
        await turns_of_the_loop()
        assert told == []
        deadline.set(now())
        await turns_of_the_loop()
        assert told == ["passed"]

    on_a_loop(act)


def test_a_stopped_deadline_never_passes() -> None:
    async def act(deadline: Deadline, told: list[str]) -> None:
        deadline.set(now())
        deadline.stop()
        await turns_of_the_loop()
        assert told == []

    on_a_loop(act)


def test_a_hundred_calls_set_one_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(deadline: Deadline, told: list[str]) -> None:
        loop, timers = asyncio.get_running_loop(), list[float]()
        plain = loop.call_at

        def call_at(at: float, *arguments: Any) -> asyncio.TimerHandle:
            timers.append(at)
            return plain(at, *arguments)

        monkeypatch.setattr(loop, "call_at", call_at)
        for _ in range(100):
            deadline.set(now() + 3600)
            deadline.set(None)
        assert len(timers) == 1

    on_a_loop(act)


def test_a_warm_call_reaches_its_process_before_the_loop_turns(
    project: Project, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("app.py", "def handler(event, context):\n    return event\n")
    project.add()
    sent: list[bytes] = []

    def dispatch(worker: PythonWorker, call: Call) -> None:
        sent.append(call.event)
        plain(worker, call)

    plain = PythonWorker._dispatch
    monkeypatch.setattr(PythonWorker, "_dispatch", dispatch)

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            assert await stub.ask("warm") == "warm"
            hear = session.transports[0].link.on_message
            stub.side.begin(
                {"aws-request-id": "second", "content-type": "application/json"},
                b'"hot"',
                time.monotonic(),
            )
            for packet in stub.side.take_publishes(time.monotonic()):
                hear(packet.topic, packet.payload)
            assert sent == [b'"warm"', b'"hot"']
            assert session.relay.running == 1
            await session.until(lambda: session.seen(InvocationEnded, request_id="second"))
            assert session.relay.running == 0
            told = [type(e) for e in session.events if getattr(e, "request_id", "") == "second"]
            assert told == [InvocationStarted, InvocationEnded]

    run(scenario())
