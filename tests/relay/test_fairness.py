"""With many calls under way nobody waits for another one's process, and nobody jumps the queue."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from relay_broker import Stub
from relay_session import Project, Run
from samlive_relay.config import LocalFunction
from samlive_relay.workers.pool import MAX_PROCESSES, Pool
from samlive_relay.workers.worker import Boot, Call, Hooks, Outcome, Worker

APP = """\
import os, time


def handler(event, context):
    if "until" in event:
        open(event["until"] + ".begun", "w").close()
        while not os.path.exists(event["until"]):
            time.sleep(0.005)
    return os.getpid()
"""


class Scripted(Worker):
    """A process that answers when the test says so."""

    def __init__(self, boot: Boot, hooks: Hooks, taken: list[str]) -> None:
        super().__init__(boot, hooks)
        self._taken = taken

    @property
    def running(self) -> bool:
        return True

    async def start(self) -> None:
        pass

    def _dispatch(self, call: Call) -> None:
        self._taken.append(call.request_id)

    def _hang_up(self) -> None:
        pass

    def answer(self) -> None:
        self._finish(Outcome(b"1"))


class Crowd:
    """A pool of environments whose processes are scripted."""

    def __init__(self, folder: Path, count: int) -> None:
        self.taken: list[str] = []
        """Requests that were handed to a process, in this order."""
        self.ended: list[str] = []
        self.workers: dict[str, Scripted] = {}
        self._folder = folder
        function = LocalFunction("F", "python3.11", "app.handler", folder)
        self.pool = Pool({"F": function}, self._start, _deaf, _deaf, _deaf, 3600.0)
        self.names = [str(number) for number in range(count)]
        for name in self.names:
            self.pool.hello(name, "F", {"NAME": name})

    async def _start(
        self, function: LocalFunction, variables: Mapping[str, str], hooks: Hooks
    ) -> Worker:
        boot = Boot(function, variables, self._folder, self._folder)
        self.workers[variables["NAME"]] = Scripted(boot, hooks, self.taken)
        return self.workers[variables["NAME"]]

    async def warm_up(self) -> None:
        for name in self.names:
            waiting = self.wait(name, name)
            await settle()
            self.workers[name].answer()
            await waiting
        self.taken.clear()

    def begin(self, name: str, request: str) -> bool:
        call = Call(request, {}, b"{}", None)
        return self.pool.begin(name, call, lambda _: self.ended.append(request))

    def wait(self, name: str, request: str) -> "asyncio.Task[Outcome]":
        return asyncio.create_task(self.pool.run(name, Call(request, {}, b"{}", None)))


def _deaf(*_: object) -> None:
    """Take what the pool tells."""


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_calls_are_handed_over_as_they_come_and_answered_as_they_end(
    tmp_path: Path, run: Run
) -> None:
    async def scenario() -> None:
        crowd = Crowd(tmp_path, MAX_PROCESSES)
        await crowd.warm_up()
        assert all(crowd.begin(name, f"first {name}") for name in crowd.names)
        assert crowd.taken == [f"first {name}" for name in crowd.names]
        others = crowd.names[1:]
        for name in reversed(others):
            crowd.workers[name].answer()
        assert crowd.ended == [f"first {name}" for name in reversed(others)]
        assert all(crowd.begin(name, f"second {name}") for name in others)
        assert crowd.taken[len(crowd.names) :] == [f"second {name}" for name in others]
        await crowd.pool.close()

    run(scenario())


def test_calls_of_one_environment_wait_for_each_other_in_order(tmp_path: Path, run: Run) -> None:
    async def scenario() -> None:
        crowd = Crowd(tmp_path, 2)
        await crowd.warm_up()
        assert crowd.begin("0", "first")
        assert not crowd.begin("0", "too early"), "its process is busy"
        waiting = [crowd.wait("0", f"waits {number}") for number in range(3)]
        await settle()
        assert crowd.taken == ["first"]
        for number in range(3):
            crowd.workers["0"].answer()
            assert not crowd.begin("0", "jumps the queue")
            await settle()
            assert crowd.taken[1:] == [f"waits {past}" for past in range(number + 1)]
        crowd.workers["0"].answer()
        assert [outcome.body for outcome in await asyncio.gather(*waiting)] == [b"1"] * 3
        assert crowd.begin("0", "free again")
        await crowd.pool.close()

    run(scenario())


def test_a_handler_that_does_not_end_holds_up_nobody(project: Project, run: Run) -> None:
    project.write("app.py", APP)
    project.add()
    gate = project.folder / "gate"

    async def calls(stub: Stub) -> set[object]:
        return {await stub.ask({}) for _ in range(10)}

    async def scenario() -> None:
        async with project.session() as session:
            blocked = asyncio.create_task(session.stub().ask({"until": str(gate)}))
            await session.until(gate.with_suffix(".begun").exists)
            served = await asyncio.gather(*(calls(session.stub()) for _ in range(4)))
            assert [len(pids) for pids in served] == [1] * 4, "each has a process of its own"
            assert not blocked.done()
            gate.touch()
            assert await blocked not in set().union(*served)

    run(scenario())


def test_those_who_call_without_pause_leave_room_for_others(project: Project, run: Run) -> None:
    project.write("app.py", APP)
    project.add()

    async def scenario() -> None:
        async with project.session() as session:
            enough, made = asyncio.Event(), [0, 0, 0]

            async def insist(number: int) -> None:
                stub = session.stub()
                while not enough.is_set():
                    await stub.ask({})
                    made[number] += 1

            greedy = [asyncio.create_task(insist(number)) for number in range(len(made))]
            await session.until(lambda: all(made))
            modest = session.stub()
            for _ in range(20):
                await modest.ask({})
            enough.set()
            await asyncio.gather(*greedy)

    run(scenario())
