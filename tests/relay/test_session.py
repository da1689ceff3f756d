"""A session: who holds the stage, what happens on the link, how it ends."""

import asyncio
import json
import os
import subprocess
import sys

import pytest

from relay_broker import Broker
from relay_session import Project, Run
from samlive_relay import sessions
from samlive_relay.errors import RelayError
from samlive_relay.events import ConnectionChanged, InvocationEnded, TakenOver, Warned
from samlive_stub.contract import presence_topic, request_topic
from samlive_stub.protocol import Publish
from samlive_stub.requester import Absent, Answer

WAITING = (
    "import os, time\ndef handler(event, context):\n"
    "    while not os.path.exists(event['until']):\n        time.sleep(0.01)\n    return 'done'\n"
)


@pytest.fixture(autouse=True)
def function(project: Project) -> None:
    project.write("app.py", WAITING)
    project.add()


def test_a_stage_that_is_held_is_refused_with_who_and_what_to_do(
    project: Project, run: Run
) -> None:
    async def scenario() -> None:
        broker = Broker()
        async with project.session(broker):
            with pytest.raises(RelayError) as caught:
                async with project.session(broker, state=project.folder / "other"):
                    raise AssertionError("two sessions hold one stage")
            assert "ana@laptop" in caught.value.message
            assert "'dev'" in caught.value.message
            assert "--takeover" in caught.value.hint

    run(scenario())


def test_a_takeover_ends_the_first_session_and_serves_in_its_place(
    project: Project, run: Run
) -> None:
    async def scenario() -> None:
        broker = Broker()
        go = project.folder / "go"
        go.touch()
        async with project.session(broker) as first:
            stub = first.stub()
            await stub.ask({"until": str(go)})
            async with project.session(
                broker, state=project.folder / "other", owner="ben@desk", takeover=True
            ) as second:
                await asyncio.wait_for(first.relay.wait_closed(), 60)
                assert first.seen(TakenOver) == [TakenOver("ben@desk")]
                await stub.ask({"until": str(go)})
                assert len(second.seen(InvocationEnded)) == 1

    run(scenario())


def test_a_session_that_was_killed_needs_no_takeover(project: Project, run: Run) -> None:
    """What it left says "here" until the will fires; its process is known to be gone."""

    async def scenario() -> None:
        broker = Broker()
        async with project.session(broker) as killed:
            left = broker.retained[presence_topic("app", "dev")]
            session = killed.relay.session
        broker.retained[presence_topic("app", "dev")] = left
        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait()
        state = project.folder / ".samlive"
        (state / sessions.NAME).write_text(json.dumps({"session": session, "pid": gone.pid}))
        async with project.session(broker) as session_after:
            go = project.folder / "go"
            go.touch()
            assert await session_after.stub().ask({"until": str(go)}) == "done"

    run(scenario())


def test_after_a_stop_stubs_know_at_once_that_nobody_listens(project: Project, run: Run) -> None:
    async def scenario() -> None:
        broker = Broker()
        async with project.session(broker) as session:
            stub = session.stub()
        outcome = await stub.invoke({})
        assert isinstance(outcome, Absent)
        assert not (project.folder / ".samlive" / sessions.NAME).exists()

    run(scenario())


def test_a_stop_lets_what_is_running_finish(project: Project, run: Run) -> None:
    async def scenario() -> None:
        async with project.session() as session:
            go = project.folder / "go"
            running = asyncio.ensure_future(session.stub().invoke({"until": str(go)}))
            await session.until(lambda: session.relay.running == 1)
            stopping = asyncio.ensure_future(session.relay.stop(20))
            await asyncio.sleep(0)
            go.touch()
            await stopping
            outcome = await running
            assert isinstance(outcome, Answer)
            assert outcome.body == b'"done"'

    run(scenario())


def test_a_second_stop_does_not_wait(project: Project, run: Run) -> None:
    async def scenario() -> None:
        async with project.session() as session:
            running = asyncio.ensure_future(session.stub().invoke({"until": "never"}))
            await session.until(lambda: session.relay.running == 1)
            stopping = asyncio.ensure_future(session.relay.stop(1000))
            await asyncio.sleep(0)
            await session.relay.stop(0)
            await stopping
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    run(scenario())


def test_a_restarted_relay_answers_a_pending_request(project: Project, run: Run) -> None:
    async def scenario() -> None:
        broker = Broker()
        go = project.folder / "go"
        async with project.session(broker) as first:
            running = asyncio.ensure_future(first.stub().invoke({"until": str(go)}))
            await first.until(lambda: first.relay.running == 1)
            await first.relay.stop(0)
        async with project.session(broker):
            go.touch()
            outcome = await asyncio.wait_for(running, 60)
            assert isinstance(outcome, Answer)

    run(scenario())


def test_a_broken_link_comes_back_and_the_answer_with_it(project: Project, run: Run) -> None:
    async def scenario() -> None:
        async with project.session() as session:
            go = project.folder / "go"
            running = asyncio.ensure_future(session.stub().invoke({"until": str(go)}))
            await session.until(lambda: session.relay.running == 1)
            for transport in session.transports:
                transport.cut()
            go.touch()
            await session.until(lambda: session.seen(InvocationEnded))
            for transport in session.transports:
                transport.mend()
            outcome = await asyncio.wait_for(running, 60)
            assert isinstance(outcome, Answer)
            states = [event.state for event in session.seen(ConnectionChanged)]
            assert states == ["connected", "reconnecting", "connected"]

    run(scenario())


def test_garbage_is_refused_told_once_and_without_effect(project: Project, run: Run) -> None:
    async def scenario() -> None:
        async with project.session() as session:
            topic = request_topic("app", "dev", session.relay.session, 0)
            for _ in range(50):
                session.broker.publish(Publish(topic, os.urandom(100)))
            go = project.folder / "go"
            go.touch()
            assert await session.stub().ask({"until": str(go)}) == "done"
            assert len(session.seen(Warned)) == 1
            assert "Refused" in session.seen(Warned)[0].text

    run(scenario())


def test_a_function_that_the_session_does_not_have_is_answered(project: Project, run: Run) -> None:
    async def scenario() -> None:
        async with project.session() as session:
            error = await session.stub("Unheard").fail({})
            assert error["errorType"] == "SamLive.CannotStart"
            assert "'Unheard'" in error["errorMessage"]

    run(scenario())


def test_code_that_does_not_exist_is_answered_with_its_path(project: Project, run: Run) -> None:
    project.add("Lost", code=project.folder / "nowhere")

    async def scenario() -> None:
        async with project.session() as session:
            error = await session.stub("Lost").fail({})
            assert str(project.folder / "nowhere") in error["errorMessage"]

    run(scenario())


def test_a_changed_function_is_served_as_it_is_now(project: Project, run: Run) -> None:
    project.write("app.py", "def handler(e, c):\n    return 1\ndef other(e, c):\n    return 2\n")

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            assert await stub.ask({}) == 1
            project.add(handler="app.other")
            session.relay.update_functions(project.functions)
            assert await stub.ask({}) == 2

    run(scenario())


def test_idle_processes_end_and_start_again_on_demand(project: Project, run: Run) -> None:
    project.write("app.py", "import os\ndef handler(e, c):\n    return os.getpid()\n")

    async def scenario() -> None:
        async with project.session(idle_seconds=0.2) as session:
            stub = session.stub()
            first = await stub.ask({})
            await session.until(lambda: session.relay.pool.pids == [])
            assert await stub.ask({}) != first

    run(scenario())


def test_more_processes_than_the_cap_push_out_the_longest_idle(
    project: Project, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("samlive_relay.workers.pool.MAX_PROCESSES", 3)
    project.write("app.py", "import os\ndef handler(e, c):\n    return os.getpid()\n")

    async def scenario() -> None:
        async with project.session() as session:
            pids = [await session.stub().ask({}) for _ in range(5)]
            assert session.relay.pool.pids == pids[2:]

    run(scenario())
