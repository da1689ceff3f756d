"""A fork that waits for its environment: like any other afterwards, nobody's until then."""

import asyncio
import os
import signal
import sys
from typing import Any

import pytest

from process_tree import is_running
from relay_session import Project, Run, Session
from samlive_relay.events import LogLine
from samlive_relay.workers import memory
from samlive_relay.workers import zygote as zygote_module
from samlive_relay.workers.zygote import Zygote
from samlive_relay.workers.zygotes import Zygotes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="zygotes need Linux")

APP = "import os\ndef handler(event, context):\n    return os.getpid()\n"


async def waiting(session: Session) -> int:
    """Wait for a fork in reserve; return its process id."""
    zygotes = session.relay.zygotes
    await session.until(lambda: zygotes.reserved)
    (pid,) = zygotes.reserved
    return pid


def zygote_of(session: Session) -> Zygote:
    (known,) = session.relay.zygotes.known.values()
    assert known.zygote is not None
    return known.zygote


def populate(project: Project, text: str = APP) -> None:
    project.start = "zygote"
    project.write("app.py", text)
    project.add()


def touch(project: Project) -> None:
    text = (project.code / "app.py").read_text()
    project.write("app.py", text + f"# {len(text)}\n")


def test_the_next_process_is_the_one_that_waits_and_another_follows(
    project: Project, run: Run
) -> None:
    populate(project)

    async def scenario() -> None:
        async with project.session() as session:
            stub, met = session.stub(), []
            for _ in range(3):
                met.append(await waiting(session))
                touch(project)
                assert await stub.ask({}) == met[-1]
            assert len(set(met)) == 3

    run(scenario())


def test_only_one_of_many_at_once_has_waited(project: Project, run: Run) -> None:
    populate(project)

    async def scenario() -> None:
        async with project.session() as session:
            first = await waiting(session)
            served = await asyncio.gather(*(session.stub().ask({}) for _ in range(6)))
            assert first in served
            assert len(set(served)) == 6

    run(scenario())


def test_variables_lines_and_folder_are_those_of_the_environment(
    project: Project, run: Run
) -> None:
    project.start = "zygote"
    project.write(
        "app.py",
        "import os, sys\nprint('imported')\ndef handler(event, context):\n"
        "    print('called', file=sys.stderr)\n"
        "    return [os.environ.get('COLOUR'), os.getcwd(), sys.path[0], sorted(os.environ)]\n",
    )
    project.add()

    async def scenario() -> None:
        async with project.session() as session:
            answers = {}
            for colour in ("red", "blue"):
                await waiting(session)
                stub = session.stub(COLOUR=colour, **{colour.upper(): "1"})
                answers[colour] = await stub.ask({})
            for colour, other in (("red", "BLUE"), ("blue", "RED")):
                found, folder, path, names = answers[colour]
                assert (found, folder, path) == (colour, str(project.code), str(project.code))
                assert other not in names
                assert not [name for name in names if "PYTHONHASH" in name or "BLAS" in name]
            for text in ("imported", "called"):
                assert len(session.seen(LogLine, text=text)) == 2

    run(scenario())


def test_one_that_was_killed_is_not_given_away(project: Project, run: Run) -> None:
    populate(project)

    async def scenario() -> None:
        async with project.session() as session:
            lost = await waiting(session)
            reserve = zygote_of(session).reserve
            assert reserve._waiting is not None
            os.kill(lost, signal.SIGKILL)
            await asyncio.wait_for(asyncio.shield(reserve._waiting.process.exited), 60)
            assert await session.stub().ask({}) != lost
            assert await waiting(session) != lost

    run(scenario())


def test_it_ends_with_its_zygote(project: Project, run: Run) -> None:
    populate(project)

    async def scenario() -> None:
        async with project.session() as session:
            pid, zygote = await waiting(session), zygote_of(session)
            assert await session.stub().ask({}) == pid
            other = await waiting(session)
            zygote.retire()
            assert session.relay.zygotes.reserved == []
            await session.until(lambda: not is_running(other))
            assert is_running(zygote.pid), "its other child is not done"
            assert is_running(pid)
            os.kill(pid, signal.SIGKILL)
            await session.until(lambda: not is_running(zygote.pid))

    run(scenario())


def test_one_that_is_being_forked_at_the_end_of_the_session_is_not_left(
    project: Project, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    populate(project)
    forked: list[int] = []
    hear = Zygote._on_message

    def noting(zygote: Zygote, message: dict[str, Any]) -> None:
        if "forked" in message:
            forked.append(message["forked"])
        hear(zygote, message)

    monkeypatch.setattr(Zygote, "_on_message", noting)

    async def scenario() -> None:
        async with project.session() as session:
            await session.until(lambda: session.relay.zygotes.pids)
            await session.stub().ask({})
            reserve = zygote_of(session).reserve
            reserve._begin()
        assert not reserve._tasks
        assert forked
        assert not any(map(is_running, forked))

    run(scenario())


FULL = """
import os, runpy, sys
def fork():
    raise BlockingIOError(11, "Resource temporarily unavailable")
os.fork = fork
runpy.run_path(RUNNER, run_name="__main__")
"""


def test_a_zygote_that_cannot_fork_stays_and_the_function_is_spawned(
    project: Project, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = project.folder / "full.py"
    runner.write_text(FULL.replace("RUNNER", repr(str(zygote_module.RUNNER))))
    monkeypatch.setattr(zygote_module, "RUNNER", runner)
    populate(project, APP.replace("getpid", "getppid"))

    async def scenario() -> None:
        async with project.session() as session:
            (zygote,) = session.relay.zygotes.pids
            for _ in range(3):
                assert await session.stub().ask({}) == os.getpid()
            await session.until(lambda: zygote_of(session).reserve._planned is None)
            assert session.relay.zygotes.reserved == []
            assert is_running(zygote)

    run(scenario())


CLIENTS = """
import os
import boto3
TABLE = boto3.resource("dynamodb").Table("orders")
S3 = boto3.client("s3")


def handler(event, context):
    signers = [TABLE.meta.client._request_signer, S3._request_signer]
    keys = sorted({signer._credentials.access_key for signer in signers})
    return [os.getpid(), keys, S3.meta.region_name, boto3.DEFAULT_SESSION.region_name]
"""


def test_clients_have_the_credentials_of_the_environment(project: Project, run: Run) -> None:
    project.write("app.py", CLIENTS)
    project.add()
    state = project.folder / ".samlive"
    zygotes = Zygotes(state, project.folder, os.environ)
    zygotes.enabled = False
    recorded = [
        ["load_service_model", "dynamodb", "resources-1", None],
        ["load_service_model", "s3", "service-2", "api_version", None],
    ]
    zygotes.learn(sys.executable, ["boto3"], recorded)
    zygotes.remember()
    own = {"AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-north-1"}

    async def scenario() -> None:
        async with project.session() as session:
            for key in ("AKIDONE", "AKIDTWO"):
                stub = session.stub(AWS_ACCESS_KEY_ID=key, AWS_DEFAULT_REGION="eu-north-1", **own)
                pid = await waiting(session)
                served, *found = await stub.ask({})
                assert found == [[key], "eu-north-1", "eu-north-1"]
                assert served == pid or key == "AKIDTWO", "what was learned replaces the zygote"

    run(scenario())


def test_memory_that_it_had_before_is_not_the_functions(project: Project, run: Run) -> None:
    assert memory.over(os.getpid(), 1) > 1
    assert memory.over(os.getpid(), 1, before=1 << 40) == 0
    populate(project)

    async def scenario() -> None:
        async with project.session() as session:
            await waiting(session)
            waited = await session.stub().ask({})
            spawned = await session.stub(PYTHONUTF8="1").ask({})
            before = {
                each.worker.pid: each.worker.memory_before
                for each in session.relay.pool._environments.values()
                if each.worker
            }
            assert before[waited] > 0
            assert before[spawned] == 0

    run(scenario())
