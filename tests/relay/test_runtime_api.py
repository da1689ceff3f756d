"""The Runtime API on loopback: who is refused, and what a client gets."""

import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

import pytest

from relay_session import Run
from samlive_relay.workers import doors
from samlive_relay.workers.runtime_api import RuntimeApi, Slot
from samlive_relay.workers.worker import Call
from samlive_stub.responder import TOO_LARGE

NEXT = "/2018-06-01/runtime/invocation/next"


class Seen:
    """A slot and what it was told."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, bytes, bool]] = []
        self.loaded: list[bytes] = []
        self.faults: list[bytes] = []
        self.slot = Slot(
            on_answer=lambda *answer: self.answers.append(answer),
            on_init_error=self.faults.append,
            on_ready=lambda: None,
            on_loaded=self.loaded.append,
        )


async def request(
    port: int,
    method: str,
    path: str,
    body: bytes = b"",
    headers: Mapping[str, str] = MappingProxyType({}),
) -> tuple[int, dict[str, str], bytes]:
    """Send one request as raw bytes, so that nothing about it is implied."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    given = {"Host": f"127.0.0.1:{port}", "Content-Length": str(len(body)), **headers}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    status, *fields = head.strip().split("\r\n")
    got = dict(field.lower().split(": ", 1) for field in fields)
    text = await reader.readexactly(int(got.get("content-length", "0")))
    writer.close()
    return int(status.split()[1]), got, text


Act = Callable[[int, str, Seen], Awaitable[None]]


def serving(act: Act) -> Awaitable[None]:
    async def scenario() -> None:
        api, seen = RuntimeApi(), Seen()
        address, _, token = (await api.add(seen.slot)).partition("/")
        host, _, port = address.partition(":")
        assert host == "127.0.0.1"
        try:
            await act(int(port), f"/{token}", seen)
        finally:
            await api.close()

    return scenario()


REFUSED: dict[str, tuple[str | None, dict[str, str], int]] = {
    "no token": ("", {}, 403),
    "another token": ("/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", {}, 403),
    "a foreign host": (None, {"Host": "attacker.example"}, 403),
    "a web page": (None, {"Origin": "https://attacker.example"}, 403),
}


@pytest.mark.parametrize("case", REFUSED)
def test_strangers_are_refused(run: Run, case: str) -> None:
    root, headers, status = REFUSED[case]

    async def act(port: int, own: str, seen: Seen) -> None:
        seen.slot.calls.put_nowait(Call("id", {}, b"secret", None))
        path = (own if root is None else root) + NEXT
        got, _, body = await request(port, "GET", path, headers=headers)
        assert got == status
        assert b"secret" not in body

    run(serving(act))


def test_an_answer_to_another_request_is_refused(run: Run) -> None:
    async def act(port: int, own: str, seen: Seen) -> None:
        status, _, _ = await request(
            port, "POST", f"{own}/2018-06-01/runtime/invocation/other/response", b"x"
        )
        assert status == 400
        assert seen.answers == []

    run(serving(act))


@pytest.mark.parametrize("path", ["/2018-06-01/runtime/nothing", "/elsewhere", ""])
def test_unknown_paths_are_not_found(run: Run, path: str) -> None:
    async def act(port: int, own: str, seen: Seen) -> None:
        status, _, _ = await request(port, "GET", own + path)
        assert status == 404

    run(serving(act))


@pytest.mark.parametrize(
    "bad", [b"nonsense\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n"]
)
def test_malformed_requests_are_refused(run: Run, bad: bytes) -> None:
    async def act(port: int, own: str, seen: Seen) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(bad)
        assert (await reader.readline()).startswith(b"HTTP/1.1 400")
        writer.close()

    run(serving(act))


def test_what_comes_in_one_piece_is_served_in_its_order(run: Run) -> None:
    async def act(port: int, own: str, seen: Seen) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 2\r\n\r\n"
        posts = [f"POST {own}/samlive/{name} {head}[]" for name in ("unknown", "loaded")]
        writer.write("".join([*posts, f"GET {own}{NEXT} {head}[]"]).encode())
        seen.slot.calls.put_nowait(Call("id", {}, b"event", None))
        statuses = []
        for _ in range(3):
            lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            statuses.append(lines[0].split()[1])
            length = next(line for line in lines if line.startswith("Content-Length: "))
            body = await reader.readexactly(int(length.split()[1]))
        assert statuses == ["404", "202", "200"]
        assert body == b"event"
        assert seen.loaded == [b"[]"]
        writer.close()

    run(serving(act))


def test_an_invocation_goes_out_with_its_headers_and_comes_back(run: Run) -> None:
    async def act(port: int, own: str, seen: Seen) -> None:
        fields = {
            "request-id": "id",
            "deadline-ms": "123",
            "invoked-function-arn": "arn",
            "trace-id": "Root=1",
            "aws-tenant-id": "acme",
            "now-ms": "1",
        }
        seen.slot.calls.put_nowait(Call("id", fields, b'{"a": 1}', None))
        status, headers, event = await request(port, "GET", own + NEXT)
        assert (status, event) == (200, b'{"a": 1}')
        expected = {
            "lambda-runtime-aws-request-id": "id",
            "lambda-runtime-deadline-ms": "123",
            "lambda-runtime-invoked-function-arn": "arn",
            "lambda-runtime-trace-id": "root=1",
            "lambda-runtime-aws-tenant-id": "acme",
        }
        assert {n: v for n, v in headers.items() if n.startswith("lambda-")} == expected
        answer = f"{own}/2018-06-01/runtime/invocation/id/response"
        chunks = b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
        status, _, _ = await request(port, "POST", answer, chunks, {"Transfer-Encoding": "chunked"})
        assert status == 202
        assert seen.answers == [("id", b"abc", False)]
        assert (await request(port, "POST", answer, b"again"))[0] == 400

    run(serving(act))


def test_init_errors_and_loaded_files_are_told(run: Run) -> None:
    async def act(port: int, own: str, seen: Seen) -> None:
        error = json.dumps({"errorType": "Runtime.ImportModuleError"}).encode()
        await request(port, "POST", f"{own}/2018-06-01/runtime/init/error", error)
        await request(port, "POST", f"{own}/samlive/loaded", b"[]")
        assert (seen.faults, seen.loaded) == ([error], [b"[]"])

    run(serving(act))


def with_door(act: Act) -> Awaitable[None]:
    async def scenario() -> None:
        api, seen = RuntimeApi(), Seen()
        host, _, port = (await api.add_door(seen.slot)).partition(":")
        assert (host, port.isdigit()) == ("127.0.0.1", True)
        try:
            await act(int(port), "", seen)
        finally:
            await api.close()

    return scenario()


@pytest.mark.skipif(not doors.AVAILABLE, reason="no /proc/net/tcp")
@pytest.mark.parametrize("case", ["another user", "a foreign host", "a web page"])
def test_a_door_without_a_token_refuses_strangers(
    run: Run, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    headers = REFUSED[case][1] if case in REFUSED else {}
    if case == "another user":
        own = os.getuid()
        monkeypatch.setattr(os, "getuid", lambda: own + 1)

    async def act(port: int, root: str, seen: Seen) -> None:
        seen.slot.calls.put_nowait(Call("id", {}, b"secret", None))
        got, _, body = await request(port, "GET", root + NEXT, headers=headers)
        assert got == 403
        assert b"secret" not in body

    run(with_door(act))


@pytest.mark.skipif(not doors.AVAILABLE, reason="no /proc/net/tcp")
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_the_owner_of_a_connection_is_known(family: socket.AddressFamily) -> None:
    """Java's sockets are of IPv6 also where they speak to an address of IPv4."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(family) as client:
        host = "127.0.0.1" if family == socket.AF_INET else "::ffff:127.0.0.1"
        try:
            client.connect((host, server.getsockname()[1]))
        except OSError:
            pytest.skip("no IPv6")
        with server.accept()[0] as ours:
            assert doors.owner(ours.getpeername(), ours.getsockname()) == os.getuid()
            assert doors.owner(("127.0.0.1", 1), ours.getsockname()) is None


@pytest.mark.skipif(not doors.AVAILABLE, reason="no /proc/net/tcp")
def test_a_door_serves_its_own_worker_and_closes_with_it(run: Run) -> None:
    async def scenario() -> None:
        api, seen = RuntimeApi(), Seen()
        port = int((await api.add_door(seen.slot)).partition(":")[2])
        seen.slot.calls.put_nowait(Call("id", {}, b"{}", None))
        status, _, body = await request(port, "GET", NEXT)
        assert (status, body) == (200, b"{}")
        api.remove(seen.slot)
        with pytest.raises(ConnectionError):
            await request(port, "GET", NEXT)
        await api.close()

    run(scenario())


STREAMED = {"Lambda-Runtime-Function-Response-Mode": "streaming", "Transfer-Encoding": "chunked"}
HTTP_TYPE = "application/vnd.awslambda.http-integration-response"
TRAILER = b"Lambda-Runtime-Function-Error-"

WHOLE: dict[str, tuple[str, bytes, bytes, bool]] = {
    "an error": (
        "text/plain",
        b"1\r\na\r\n0\r\n" + TRAILER + b"Type: Go.Panic\r\n\r\n",
        b'{"errorType": "Go.Panic", "errorMessage": ""}',
        True,
    ),
    "an error with a body": (
        "text/plain",
        b"0\r\n" + TRAILER + b"Type: X\r\n" + TRAILER + b"Body: e30=\r\n\r\n",
        b"{}",
        True,
    ),
    "too much": (
        "text/plain",
        b"7A1200\r\n" + bytes(8_000_000) + b"\r\n0\r\n\r\n",
        TOO_LARGE,
        True,
    ),
    "text": ("text/plain", b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", b"abc", False),
    "HTTP": (
        HTTP_TYPE,
        b'12\r\n{"statusCode":404}\r\n8\r\n' + bytes(8) + b"\r\n1\r\nx\r\n0\r\n\r\n",
        b'{"statusCode": 404, "body": "eA==", "isBase64Encoded": true}',
        False,
    ),
    "HTTP without a prelude": (HTTP_TYPE, b"1\r\nx\r\n0\r\n\r\n", b"x", False),
}


@pytest.mark.parametrize("case", WHOLE)
def test_who_wants_a_streamed_answer_whole_gets_it_as_one(run: Run, case: str) -> None:
    content, posted, body, error = WHOLE[case]

    async def act(port: int, own: str, seen: Seen) -> None:
        seen.slot.calls.put_nowait(Call("id", {}, b"{}", None))
        await request(port, "GET", own + NEXT)
        path = f"{own}/2018-06-01/runtime/invocation/id/response"
        headers = {**STREAMED, "Content-Type": content}
        status, _, _ = await request(port, "POST", path, posted, headers)
        assert status == 202
        assert seen.answers == [("id", body, error)]

    run(serving(act))
