"""Responses that a function streams, through the whole relay: Node.js and any bootstrap."""

import asyncio
import hashlib
import json
import random
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from relay_broker import Stub
from relay_memory import Memory, carrier
from relay_session import Project, Run, Session
from samlive_relay.events import InvocationEnded, LogLine, Warned
from samlive_stub.protocol import Publish
from samlive_stub.requester import Answer, Ended

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="no node on the PATH")

GATE = """
import fs from "node:fs";
const opened = async (name) => {
  while (!fs.existsSync(name)) await new Promise((done) => setTimeout(done, 5));
};
"""
"""A handler's way to wait for the test."""


def handler(project: Project, body: str, head: str = "", options: str = "") -> None:
    """Write a streaming handler and add its function."""
    text = f"{GATE}{head}\nexport const handler = awslambda.streamifyResponse(\n"
    text += f"async (event, stream, context) => {{\n{body}\n}}{options});\n"
    project.write("app.mjs", text)
    project.add(runtime="nodejs20.x", timeout=20)


async def failed(stub: Stub, event: Any = None, **fields: Any) -> dict[str, Any]:
    """Invoke and return the error that broke the response off."""
    outcome = await stub.invoke(event or {}, **fields)
    assert isinstance(outcome, Ended), outcome
    error: dict[str, Any] = json.loads(outcome.error)
    return error


FAILURES = {
    "throws at once": ("throw new TypeError('no stock');", "TypeError", "no stock", b""),
    "throws in the middle": (
        "stream.write('first'); throw new TypeError('no stock');",
        "TypeError",
        "no stock",
        b"first",
    ),
    "exits": (
        "await new Promise((done) => stream.write('first', done)); process.exit(3);",
        "Runtime.ExitError",
        "exit status 3",
        b"first",
    ),
    "destroys its stream": (
        "await new Promise((done) => stream.write('first', done)); stream.destroy();",
        "Runtime.TruncatedResponse",
        "",
        b"first",
    ),
    "sets its type too late": (
        "stream.write('first'); stream.setContentType('text/html');",
        "Runtime.InvalidStreamingOperation",
        "Cannot set content-type, too late.",
        b"first",
    ),
}


@needs_node
@pytest.mark.parametrize("case", FAILURES)
def test_a_handler_that_fails_breaks_its_response_off(
    project: Project, run: Run, case: str
) -> None:
    line, kind, message, written = FAILURES[case]
    handler(project, line)

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            error = await failed(stub)
            assert error["errorType"] == kind
            assert message in error["errorMessage"]
            assert stub.taken == written
            (ended,) = session.seen(InvocationEnded)
            assert (ended.status, ended.error_type) == ("error", kind)

    run(scenario())


@needs_node
def test_a_handler_that_is_not_async_is_refused_as_in_lambda(project: Project, run: Run) -> None:
    handler = "awslambda.streamifyResponse((event, stream) => { stream.write('x'); });"
    project.write("app.mjs", f"export const handler = {handler}")
    project.add(runtime="nodejs20.x")

    async def scenario() -> None:
        async with project.session() as session:
            error = await failed(session.stub())
            assert error["errorMessage"] == "Streaming does not support non-async handlers."

    run(scenario())


@needs_node
def test_a_handler_that_runs_out_of_time_is_cut(project: Project, run: Run) -> None:
    handler(
        project, "stream.write('first'); if (event.gate) await opened(event.gate); stream.end();"
    )

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            assert await stub.invoke({}) == Ended(b"")  # what follows is not the start's time
            error = await failed(stub, {"gate": "never"}, seconds=2)
            assert error["errorType"] == "Sandbox.Timedout"
            assert stub.taken == b"first"

    run(scenario())


@needs_node
def test_what_is_written_arrives_while_the_handler_still_runs(project: Project, run: Run) -> None:
    handler(project, "stream.write('first '); await opened(event.gate); stream.end('last');")
    gate = project.folder / "gate"

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            running: list[int] = []

            def on_part(part: bytes) -> None:
                running.append(session.relay.running)
                gate.touch()

            stub.on_part = on_part
            assert await stub.invoke({"gate": str(gate)}) == Ended(b"")
            assert stub.taken == b"first last"
            assert running[0] == 1
            assert stub.side.stream_fields == {"content-type": "application/octet-stream"}

    run(scenario())


FORMS = {
    "pieces of every kind": (
        "stream.setContentType('text/plain');"
        "stream.write('é', 'latin1'); stream.write(Buffer.from([0, 255]));"
        "stream.write(new Uint8Array([1])); stream.write({ a: 1 }); stream.end();",
        "",
        "text/plain",
        b"\xe9\x00\xff\x01" + b'{"a":1}',
    ),
    "a prelude for HTTP": (
        "stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201 });"
        "stream.write('made'); stream.end();",
        "",
        "application/vnd.awslambda.http-integration-response",
        b'{"statusCode":201}' + bytes(8) + b"made",
    ),
    "a pipeline": (
        "await pipeline(Readable.from(['a', 'b', 'c']), stream);",
        'import { pipeline } from "node:stream/promises"; import { Readable } from "node:stream";',
        "application/octet-stream",
        b"abc",
    ),
    "nothing": ("stream.end();", "", "application/octet-stream", b""),
    "a value that nobody wants": (
        "stream.end('x'); return 1;",
        "",
        "application/octet-stream",
        b"x",
    ),
}


@needs_node
@pytest.mark.parametrize("form", FORMS)
def test_responses_of_every_form_are_lambdas(project: Project, run: Run, form: str) -> None:
    body, head, kind, written = FORMS[form]
    handler(project, body, head)

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            for _ in range(2):
                assert await stub.invoke({}) == Ended(b"")
                assert stub.taken == written
                assert stub.side.stream_fields == {"content-type": kind}
            if form == "a value that nobody wants":
                lines = [line.text for line in session.seen(LogLine)]
                assert any("Streaming handlers ignore return values." in line for line in lines)

    run(scenario())


@needs_node
def test_a_handler_waits_while_nobody_takes_what_it_writes(project: Project, run: Run) -> None:
    handler(
        project,
        "let size = 0; const part = Buffer.alloc(100000, 'x');"
        "while (size < 16_000_000) {"
        "  size += part.length; fs.writeFileSync(event.note, `${size}`);"
        "  if (!stream.write(part)) await new Promise((done) => stream.once('drain', done));"
        "} stream.end();",
    )
    note = project.folder / "note"

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            stub.takes = False
            call = asyncio.ensure_future(stub.invoke({"note": str(note)}))
            before = await steady(session, note)
            assert before < 15_000_000
            stub.takes = True
            stub._changed.set()
            assert await call == Ended(b"")
            assert stub.taken == b"x" * 16_000_000

    run(scenario())


async def steady(session: Session, note: Path) -> int:
    """Return what a file says once it has not changed for a while."""
    known, since = "", 0.0
    while True:
        text = note.read_text() if note.exists() else ""
        now = asyncio.get_running_loop().time()
        if text != known or not text:
            known, since = text, now
        elif now - since > 0.5:
            return int(text)
        await asyncio.sleep(0.02)


@needs_node
def test_lost_packets_cost_time_and_no_byte(project: Project, run: Run) -> None:
    handler(
        project,
        "for (let at = 0; at < 40; at += 1) {"
        "  if (!stream.write(randomBytes(50_000))) await once(stream, 'drain');"
        "} stream.end(createHash('sha256').update(all).digest('hex'));",
        head='import { createHash } from "node:crypto"; import { once } from "node:events";'
        "let state = 7; let all = Buffer.alloc(0);"
        "function randomBytes(size) { const part = Buffer.alloc(size);"
        "  for (let at = 0; at < size; at += 1) {"
        "    state = (state * 1103515245 + 12345) % 2147483648; part[at] = state >> 16; }"
        "  all = Buffer.concat([all, part]); return part; }",
    )
    chance = random.Random(1)

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            lost = 0

            def lose(packet: Publish) -> bool:
                nonlocal lost
                strikes = not packet.retain and bool(stub.taken) and chance.random() < 0.1
                lost += strikes
                return strikes

            session.broker.lose = lose
            assert await stub.invoke({}) == Ended(b"")
            body, digest = stub.taken[:-64], stub.taken[-64:].decode()
            assert len(body) == 2_000_000
            assert hashlib.sha256(body).hexdigest() == digest
            assert lost > 0

    run(scenario())


@needs_node
def test_a_session_that_ends_says_so_in_the_middle_of_a_response(
    project: Project, run: Run
) -> None:
    handler(project, "stream.write('first'); await opened('never');")

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            begun = asyncio.Event()
            stub.on_part = lambda part: begun.set()
            call = asyncio.ensure_future(failed(stub))
            await begun.wait()
            await session.relay.stop(0)
            assert (await call)["errorType"] == "SamLive.RelayAbsent"

    run(scenario())


@needs_node
def test_a_saved_file_is_seen_by_the_next_streaming_request(project: Project, run: Run) -> None:
    handler(project, "stream.end('one');")

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            assert await stub.invoke({}) == Ended(b"")
            handler(project, "stream.end('two');")
            assert await stub.invoke({}) == Ended(b"")
            assert stub.taken == b"two"

    run(scenario())


@needs_node
def test_a_function_can_do_without_the_global(project: Project, run: Run) -> None:
    project.write("app.mjs", "export const handler = async () => typeof awslambda;")
    project.add(runtime="nodejs20.x")

    async def scenario() -> None:
        async with project.session() as session:
            assert await session.stub().ask({}) == "object"
            stub = session.stub(AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA="1")
            assert await stub.ask({}) == "undefined"

    run(scenario())


BOOTSTRAP = f"""#!{sys.executable}
import base64, json, os, socket, urllib.request
address, _, path = os.environ["AWS_LAMBDA_RUNTIME_API"].partition("/")
host, port = address.split(":")
root = f"/{{path}}/2018-06-01/runtime/invocation/".replace("//", "/")
while True:
    with urllib.request.urlopen(f"http://{{address}}{{root}}next") as reply:
        request, event = reply.headers["Lambda-Runtime-Aws-Request-Id"], json.load(reply)
    with socket.create_connection((host, int(port))) as out:
        head = f"POST {{root}}{{request}}/response HTTP/1.1\\r\\nHost: {{address}}\\r\\n"
        head += "Lambda-Runtime-Function-Response-Mode: streaming\\r\\n"
        head += "Content-Type: text/plain\\r\\n"
        out.sendall(head.encode() + b"Transfer-Encoding: chunked\\r\\n\\r\\n")
        for part in event["parts"]:
            out.sendall(b"%x\\r\\n%b\\r\\n" % (len(part), part.encode()))
        if event.get("hang up"):
            continue
        out.sendall(b"0\\r\\n")
        if event.get("fail"):
            body = base64.b64encode(json.dumps({{"errorType": "Go.Panic"}}).encode()).decode()
            out.sendall(b"Lambda-Runtime-Function-Error-Type: Go.Panic\\r\\n")
            out.sendall(f"Lambda-Runtime-Function-Error-Body: {{body}}\\r\\n".encode())
        out.sendall(b"\\r\\n")
        out.recv(1000)
"""


def test_a_bootstrap_streams(project: Project, run: Run) -> None:
    path = project.write("bootstrap", BOOTSTRAP)
    path.chmod(0o755)
    project.add(runtime="provided.al2023", handler="orders")

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            error = await failed(stub, {"parts": ["first"], "hang up": True})
            assert error["errorType"] == "Runtime.TruncatedResponse"
            assert stub.taken == b"first"
            error = await failed(stub, {"parts": ["first"], "fail": True})
            assert error == {"errorType": "Go.Panic"}
            assert await stub.invoke({"parts": ["a", "b" * 70_000]}) == Ended(b"")
            assert stub.taken == b"a" + b"b" * 70_000
            assert stub.side.stream_fields == {"content-type": "text/plain"}
            assert not isinstance(stub.side.outcome, Answer)

    run(scenario())


@needs_node
@pytest.mark.parametrize("broken", ["", "put"])
def test_what_is_written_faster_than_the_broker_takes_it_goes_through_the_storage(
    project: Project, run: Run, broken: str
) -> None:
    data = random.Random(7).randbytes(1_000_000 if broken else 2_500_000)
    (project.code / "data").write_bytes(data)
    handler(project, "fs.createReadStream('data').pipe(stream);")

    async def scenario() -> None:
        memory = Memory()
        memory.broken.add(broken)
        async with project.session(storage=memory) as session:
            stub = session.stub()
            stub.transfer = carrier(stub, memory)
            stub.takes = False  # as much is written as may be under way
            call = asyncio.create_task(stub.invoke({}))
            await session.until(lambda: "put" in memory.log)
            stub.takes = True
            stub._changed.set()
            assert await call == Ended(b"")
            assert stub.taken == data
            if broken:
                (warning,) = session.seen(Warned)
                assert "put is not allowed" in warning.text
                return
            stored = set(memory.objects)
            assert len(stored) == memory.log.count("put")
            assert await stub.invoke({}) == Ended(b"")
            assert stub.taken == data
            await session.until(lambda: stored.isdisjoint(memory.objects))
            assert session.seen(Warned) == []

    run(scenario())
