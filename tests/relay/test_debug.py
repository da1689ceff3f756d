"""Debuggers really attach: their protocols, a breakpoint, a variable, and again after a save."""

import asyncio
import shutil
import sys

import pytest

import process_tree
from debugger_clients import Debugpy, Inspector, Terminal, debugging, free_port
from relay_session import Project, Run, Session
from samlive_relay.config import Build
from samlive_relay.events import LogLine


async def waiting(session: Session) -> None:
    await session.until(lambda: [line for line in session.seen(LogLine) if "ebugger" in line.text])


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

                await session.until(listening)
                inspector = Inspector()
                await inspector.connect(port)
                try:
                    await inspector.attach("app.mjs", 3)
                    assert await inspector.evaluate_at_breakpoint("local") == 2 * number
                    assert await running == [value, 2 * number]
                finally:
                    await inspector.close()

    run(scenario())


JAVA = """public class Tea {
    public int pour(int cups) {
        int local = cups * 2;
        return local;
    }
}
"""
GO = """package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

func pour(event string) string {
	local := event + event
	return local
}

func main() {
	api := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	for {
		next, err := http.Get(api + "next")
		if err != nil {
			return
		}
		event, _ := io.ReadAll(next.Body)
		id := next.Header.Get("Lambda-Runtime-Aws-Request-Id")
		answer := fmt.Sprintf("%q", pour(string(event)))
		http.Post(api+id+"/response", "application/json", strings.NewReader(answer))
	}
}
"""


@pytest.mark.skipif(shutil.which("jdb") is None, reason="no JDK on the PATH")
def test_a_java_breakpoint_is_hit_at_the_cold_start_and_after_a_save(
    project: Project, run: Run
) -> None:
    port = free_port()
    path = project.write("Tea.java", JAVA)
    build = Build(command='javac -g -d "$ARTIFACTS_DIR" Tea.java')
    project.add(runtime="java17", handler="Tea::pour", debug_port=port, build=build)

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            for factor in (2, 3):
                path.write_text(JAVA.replace("* 2", f"* {factor}"))
                running = asyncio.ensure_future(stub.ask(7, seconds=1))
                await session.until(lambda: session.seen(LogLine, text=_listening(port)))
                session.events.clear()
                debugger = Terminal("jdb", "-attach", f"127.0.0.1:{port}")
                await debugger.connect()
                debugger.say("stop at Tea:4")
                await debugger.expect("Deferring breakpoint Tea:4")
                debugger.say("cont")
                await debugger.expect("Breakpoint hit:")
                debugger.say("print local")
                await debugger.expect(f"local = {7 * factor}")
                debugger.say("cont")
                assert await running == 7 * factor
                await debugger.close()
                await session.until(lambda: session.seen(LogLine, text=_listening(port)))
                session.events.clear()  # what the next process says has to be its own

    run(scenario())


def _listening(port: int) -> str:
    return f"Listening for transport dt_socket at address: {port}"


@pytest.mark.slow  # Go compiles its whole library for the debugger
@pytest.mark.skipif(shutil.which("dlv") is None, reason="no delve on the PATH")
@pytest.mark.skipif(shutil.which("go") is None, reason="no go on the PATH")
def test_a_go_breakpoint_is_hit_at_the_cold_start(project: Project, run: Run) -> None:
    port = free_port()
    project.write("main.go", GO)
    project.write("go.mod", "module tea\n\ngo 1.19\n")
    build = Build(command='go build -gcflags "all=-N -l" -o "$ARTIFACTS_DIR/bootstrap" .')
    project.add(runtime="provided.al2023", debug_port=port, build=build)

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            running = asyncio.ensure_future(stub.ask("tea", seconds=1))
            listening = f"API server listening at: 127.0.0.1:{port}"
            await session.until(lambda: session.seen(LogLine, text=listening))
            debugger = Terminal("dlv", "connect", f"127.0.0.1:{port}")
            await debugger.connect()
            debugger.say("break main.go:13")
            await debugger.expect("Breakpoint 1 set")
            debugger.say("continue")
            await debugger.expect("main.pour()")
            debugger.say("print local")
            await debugger.expect('"\\"tea\\"\\"tea\\""')
            debugger.say("continue")
            assert await running == '"tea""tea"'
            running = asyncio.ensure_future(stub.invoke("pot"))
            await debugger.expect("main.pour()")
            # The program rests at the breakpoint, in a group of its own: it has to go too.
            session.pids.update(named(str(project.folder)))
            assert len(session.pids) == 2, "delve and the program"
            running.cancel()
        await debugger.close()

    run(scenario())


def named(text: str) -> set[int]:
    """The processes that run or debug a program whose path holds a text."""
    found = set()
    for pid in process_tree.pids():
        words = process_tree.command(pid)
        if any(text in word for word in words) and "python" not in words[0]:
            found.add(pid)
    return found
