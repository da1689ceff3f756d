"""Debuggers really attach: their protocols, a breakpoint, a variable, and again after a save."""

import asyncio
import shutil
import sys

import pytest

from debugger_clients import Debugpy, Inspector, debugging, free_port
from relay_session import Project, Run, Session
from samlive_relay.events import LogLine


async def waiting(session: Session) -> None:
    await session.until(
        lambda: [line for line in session.seen(LogLine) if "ebugger" in line.text], seconds=30
    )


def python_handler(value: str) -> str:
    return (
        f"value = '{value}'\ndef handler(event, context):\n"
        "    local = event['n'] * 2\n    return [value, local]\n"
    )


def test_a_python_breakpoint_is_hit_at_the_cold_start_and_after_a_save(
    project: Project, run: Run
) -> None:
    port = free_port()
    path = project.write("app.py", python_handler("one"))
    project.add(debug_port=port)

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            running = asyncio.ensure_future(stub.ask({"n": 21}, seconds=1))
            await waiting(session)
            async with debugging(Debugpy(), port) as debugger:
                await debugger.attach(str(path), 4)
                assert await debugger.variable("local", 0) == "42"
                assert await running == ["one", 42]
                (pid,) = session.relay.pool.pids
                start = len(debugger.seen)
                path.write_text(python_handler("two"))
                running = asyncio.ensure_future(stub.ask({"n": 4}))
                assert await debugger.variable("local", start) == "8"
                assert await running == ["two", 8]
                assert session.relay.pool.pids == [pid], "the debugger stays attached"
                path.write_text("def handler(:\n")
                error = await stub.fail({"n": 1})
                assert error["errorType"] == "Runtime.UserCodeSyntaxError"
                start = len(debugger.seen)
                path.write_text(python_handler("six"))
                running = asyncio.ensure_future(stub.ask({"n": 5}))
                assert await debugger.variable("local", start) == "10"
                assert await running == ["six", 10]

    run(scenario())


def test_other_environments_of_a_debugged_function_run_without(project: Project, run: Run) -> None:
    port = free_port()
    project.write("app.py", python_handler("one"))
    project.add(debug_port=port)

    async def scenario() -> None:
        async with project.session() as session:
            running = asyncio.ensure_future(session.stub().invoke({"n": 1}))
            await waiting(session)
            assert await session.stub().ask({"n": 1}) == ["one", 2]
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    run(scenario())


def node_handler(value: str) -> str:
    return (
        "export const handler = async (event) => {\n  const local = event.n * 2;\n"
        f"  return ['{value}', local];\n}};\n"
    )


@pytest.mark.skipif(shutil.which("node") is None, reason="no node on the PATH")
@pytest.mark.skipif(sys.platform != "linux", reason="tried on Linux")
def test_a_node_breakpoint_is_hit_at_the_cold_start_and_after_a_save(
    project: Project, run: Run
) -> None:
    port = free_port()
    path = project.write("app.mjs", node_handler("one"))
    project.add(runtime="nodejs20.x", debug_port=port)

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            for number, value in enumerate(("one", "two"), 1):
                path.write_text(node_handler(value))
                lines = len(session.seen(LogLine))
                running = asyncio.ensure_future(stub.ask({"n": number}))

                def listening(lines: int = lines) -> bool:
                    seen = session.seen(LogLine)[lines:]
                    return any("Debugger listening" in line.text for line in seen)

                await session.until(listening, seconds=30)
                inspector = Inspector()
                await inspector.connect(port)
                try:
                    await inspector.attach("app.mjs", 3)
                    assert await inspector.evaluate_at_breakpoint("local") == 2 * number
                    assert await running == [value, 2 * number]
                finally:
                    await inspector.close()

    run(scenario())
