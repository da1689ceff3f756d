"""Large payloads through a storage, and a storage that fails."""

import asyncio
import random

import pytest

from relay_memory import Memory, carrier
from relay_session import Project, Run
from samlive_relay import vault
from samlive_relay.events import InvocationEnded, Warned
from samlive_stub import aes
from samlive_stub.requester import Answer

LARGE = b'"' + random.Random(1).randbytes(500_000).hex().encode() + b'"'


@pytest.fixture(autouse=True)
def function(project: Project) -> None:
    project.write("app.py", "def handler(event, context):\n    return event\n")
    project.add()


def test_large_payloads_go_through_the_storage_and_are_deleted(project: Project, run: Run) -> None:
    async def scenario() -> None:
        memory = Memory()
        async with project.session(storage=memory) as session:
            stub = session.stub()
            stub.transfer = carrier(stub, memory)
            session.broker.published.clear()
            assert await stub.invoke(LARGE) == Answer(LARGE)
            assert sum(len(packet.payload) for packet in session.broker.published) < 8000
            assert all(b"/answer/" in name.encode() for name in memory.objects)
            assert await stub.ask("small") == "small"
            await session.until(lambda: not memory.objects)
            assert session.seen(Warned) == []

    run(scenario())


@pytest.mark.skipif(not aes.USABLE, reason="this Python's OpenSSL cannot be reached")
def test_objects_are_sealed_as_the_other_end_can_open_them(project: Project, run: Run) -> None:
    project.write("app.py", "def handler(event, context):\n    return event\n")

    async def scenario() -> None:
        memory = Memory()
        async with project.session(storage=memory) as session:
            stub = session.stub()
            wanted: list[str] = []
            carry = carrier(stub, memory)

            def transfer() -> None:
                if stub.side.transfer and stub.side.transfer.body:
                    wanted.append(stub.side.transfer.algorithm)
                carry()

            stub.transfer = transfer
            assert await stub.invoke(LARGE) == Answer(LARGE)
            for algorithm in ("2", "9"):
                assert await stub.invoke(LARGE, seal=algorithm) == Answer(LARGE)
            assert wanted == ["2"] * 3
            assert memory.heads == [b"\1\1", aes.HEADER, b"\1\1"]
            assert session.seen(Warned) == []

    run(scenario())


def test_small_payloads_do_not(project: Project, run: Run) -> None:
    async def scenario() -> None:
        memory = Memory()
        async with project.session(storage=memory) as session:
            event = b'"' + b"x" * 2_000_000 + b'"'  # compresses
            assert await session.stub().invoke(event) == Answer(event)
            assert memory.log == []

    run(scenario())


@pytest.mark.parametrize("broken", ["presign PUT", "get", "put", "presign GET"])
def test_a_storage_that_fails_is_told_once_and_left_alone_for_a_while(
    project: Project, run: Run, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault, "REST_SECONDS", 1000.0)

    async def scenario() -> None:
        memory = Memory()
        memory.broken.add(broken)
        async with project.session(storage=memory) as session:
            stub = session.stub()
            stub.transfer = carrier(stub, memory)
            for _ in range(2):
                assert await stub.invoke(LARGE) == Answer(LARGE)
            (warning,) = session.seen(Warned)
            assert f"{broken} is not allowed" in warning.text
            assert memory.log.count(broken) == 1
            assert len(session.seen(InvocationEnded, status="ok")) == 2

    run(scenario())


def test_an_answer_above_lambdas_limit_is_not_stored(project: Project, run: Run) -> None:
    project.write("app.py", "def handler(event, context):\n    return 'x' * 6_400_000\n")

    async def scenario() -> None:
        memory = Memory()
        async with project.session(storage=memory) as session:
            error = await session.stub().fail({})
            assert error["errorType"] == "Function.ResponseSizeTooLarge"
            assert memory.log == []

    run(scenario())


def test_a_storage_that_is_closed_is_not_told_to_be_broken() -> None:
    async def scenario() -> None:
        warned: list[str] = []
        memory = Memory()
        kept = vault.Vault(memory, bytes(32), "shop/ana/s1", warned.append)
        assert await kept.keep("worker", LARGE) is not None
        kept.close()
        assert not kept.usable
        assert await kept.keep("worker", LARGE) is None
        assert memory.log.count("put") == 1
        assert warned == []

    asyncio.run(scenario())
