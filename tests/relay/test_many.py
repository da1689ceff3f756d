"""Many functions and environments: one zygote, bounded memory, nothing left."""

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

import process_tree
from process_tree import is_running
from relay_session import Project, Run, Session, preload
from samlive_relay.workers.pool import MAX_PROCESSES

pytestmark = pytest.mark.skipif(not process_tree.AVAILABLE, reason="reads /proc")

APP = """\
import json, logging, os, signal, sys


def handler(event, context):
    how = event.get("end")
    if how == "exit":
        sys.exit(3)
    if how == "hard":
        os._exit(0)
    if how == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if how == "child":
        if os.fork() == 0:
            os.execvp("sleep", ["sleep", "1000"])
        return os.getpid()
    if how == "raise":
        raise MemoryError
    return os.getpid()
"""
SIZES = [
    pytest.param(6, 12, id="few"),
    pytest.param(50, 200, id="many", marks=[pytest.mark.slow, pytest.mark.timeout(300)]),
]


@pytest.fixture(autouse=True)
def others() -> Iterator[None]:
    """Leave sessions and clouds out that other tests keep for themselves."""
    _OTHERS.update(descendants())
    yield
    _OTHERS.clear()


_OTHERS: set[int] = set()


def descendants() -> set[int]:
    """Return every process below this one, but not what others have."""
    return process_tree.descendants(os.getpid(), without=_OTHERS)


def zombies() -> list[int]:
    return [pid for pid in descendants() if process_tree.state(pid) == "Z"]


def megabytes(pids: list[int]) -> float:
    """Return what processes hold in memory, shared pages by their share."""
    return sum(map(process_tree.proportional_kib, pids)) / 1024


def populate(project: Project, functions: int) -> None:
    project.write("app.py", APP)
    for number in range(functions):
        project.add(f"F{number}")


async def call_all(session: Session, functions: int, environments: int) -> set[int]:
    """Call each of so many environments once; return the processes that served."""
    stubs = [session.stub(f"F{number % functions}") for number in range(environments)]
    served: set[int] = set()
    for start in range(0, environments, 20):
        batch = stubs[start : start + 20]
        served.update(await asyncio.gather(*(stub.ask({}) for stub in batch)))
    return served


def living_zygotes() -> list[int]:
    """Return the zygotes below this process; what they have forked is below them."""
    own = [pid for pid, parent in process_tree.parents().items() if parent == os.getpid()]
    return [pid for pid in own if "run_zygote" in str(process_tree.command(pid))]


@pytest.mark.parametrize(("functions", "environments"), SIZES)
def test_idle_environments_share_a_zygote_and_go_after_their_time(
    project: Project, run: Run, functions: int, environments: int
) -> None:
    populate(project, functions)
    project.start = "zygote"

    async def scenario() -> None:
        async with project.session(idle_seconds=3600) as session:
            served = await call_all(session, functions, environments)
            assert len(served) == environments
            pool, zygotes = session.relay.pool, session.relay.zygotes
            assert pool.processes == min(environments, MAX_PROCESSES)
            assert len(zygotes.pids) == 1
            # A bare interpreter has 8 MB or more; what is shared is counted once.
            assert megabytes([*pool.pids, *zygotes.pids]) < 40 + 6 * pool.processes
            pool._idle_seconds = 0
            pool.reap()
            await session.until(lambda: not any(map(is_running, served)))
            await session.until(lambda: not zombies())
            # A fork that waits for an environment is none of theirs, and may be on its way.
            await session.until(lambda: descendants() <= {*zygotes.pids, *zygotes.reserved})

    before = descendants()
    run(scenario())
    assert descendants() <= before


@pytest.mark.parametrize("start", ["spawn", "zygote"])
def test_no_process_and_no_zombie_is_left_by_any_kind_of_end(
    project: Project, run: Run, start: str
) -> None:
    populate(project, 1)
    project.start = start

    async def scenario() -> None:
        async with project.session() as session:
            for how in ("exit", "hard", "crash"):
                error = await session.stub("F0").fail({"end": how})
                assert error["errorType"] == "Runtime.ExitError"
            await session.stub("F0").fail({"end": "raise"})
            killed = await session.stub("F0").ask({})
            os.kill(killed, signal.SIGKILL)
            parent = await session.stub("F0").ask({"end": "child"})
            (child,) = process_tree.descendants(parent)
            session.relay.pool._idle_seconds = 0
            session.relay.pool.reap()
            await session.until(lambda: not is_running(child) and not is_running(parent))
            await session.until(lambda: session.relay.pool.processes == 0 and not zombies())

    run(scenario())
    assert zombies() == []


def test_each_interpreter_has_at_most_one_zygote(project: Project, run: Run) -> None:
    """Many functions that start at once teach it in turns; it is replaced, not joined."""
    for number in range(8):
        name = ("csv", "decimal", "email", "sqlite3", "xml.dom", "zlib", "wave", "shelve")[number]
        project.write(f"app{number}.py", f"import {name}\n" + APP)
        project.add(f"F{number}", handler=f"app{number}.handler")

    async def scenario() -> None:
        preload(project.config().state)
        async with project.session() as session:
            zygotes = session.relay.zygotes
            await session.until(lambda: zygotes.pids)
            for _ in range(3):
                await asyncio.gather(*(session.stub(f"F{n}").ask({}) for n in range(8)))
                assert len(zygotes.pids) == 1
            await session.until(lambda: len(zygotes._all) == 1 or not zygotes._tasks)
            await session.until(lambda: len(living_zygotes()) <= 2)  # one may be on its way

    run(scenario())
