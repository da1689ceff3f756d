"""Clients of the two debugger protocols, for tests that really attach."""

import asyncio
import base64
import contextlib
import json
import os
import random
import socket
import struct
import urllib.request
from collections.abc import AsyncIterator, Callable
from typing import Any

Message = dict[str, Any]


def free_port() -> int:
    """Return a port that nobody has, and that the kernel gives to nobody who wants just any."""
    while True:
        port = random.randrange(12_000, 30_000)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


class Client:
    """What the two debugger protocols have in common: numbered requests and events."""

    def __init__(self) -> None:
        self.number = 0
        self.seen: list[Message] = []
        self.arrived = asyncio.Event()

    def note(self, message: Message) -> None:
        self.seen.append(message)
        self.arrived.set()

    async def expect(self, holds: Callable[[Message], bool], start: int = 0) -> Message:
        async def wait() -> Message:
            while True:
                for message in self.seen[start:]:
                    if holds(message):
                        return message
                self.arrived.clear()
                await self.arrived.wait()

        return await asyncio.wait_for(wait(), 60)


class Debugpy(Client):
    """The Debug Adapter Protocol over TCP."""

    async def connect(self, port: int) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        self.task = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await self.reader.readuntil(b"\r\n\r\n")
                size = int(head.split(b":")[1])
                self.note(json.loads(await self.reader.readexactly(size)))

    def send(self, command: str, **arguments: Any) -> int:
        self.number += 1
        message = {"seq": self.number, "type": "request", "command": command}
        body = json.dumps({**message, "arguments": arguments}).encode()
        self.writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        return self.number

    async def ask(self, command: str, **arguments: Any) -> Message:
        number = self.send(command, **arguments)
        found = await self.expect(lambda message: message.get("request_seq") == number)
        assert found["success"], found
        body: Message = found.get("body", {})
        return body

    async def event(self, name: str, start: int = 0) -> Message:
        found = await self.expect(lambda message: message.get("event") == name, start)
        body: Message = found.get("body", {})
        return body

    async def attach(self, file: str, line: int) -> None:
        await self.ask("initialize", adapterID="python", pathFormat="path")
        self.send("attach", justMyCode=False)
        await self.event("initialized")
        breakpoints = [{"line": line}]
        await self.ask("setBreakpoints", source={"path": file}, breakpoints=breakpoints)
        await self.ask("configurationDone")

    async def variable(self, name: str, start: int) -> str:
        thread = (await self.event("stopped", start))["threadId"]
        frame = (await self.ask("stackTrace", threadId=thread))["stackFrames"][0]["id"]
        scope = (await self.ask("scopes", frameId=frame))["scopes"][0]["variablesReference"]
        found = (await self.ask("variables", variablesReference=scope))["variables"]
        (value,) = [entry["value"] for entry in found if entry["name"] == name]
        await self.ask("continue", threadId=thread)
        text: str = value
        return text

    async def close(self) -> None:
        self.writer.close()
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


class Inspector(Client):
    """Chrome's DevTools protocol over a WebSocket (RFC 6455), as Node's inspector speaks it."""

    async def connect(self, port: int) -> None:
        address = f"http://127.0.0.1:{port}/json"
        listed = await asyncio.to_thread(lambda: urllib.request.urlopen(address).read())
        path = "/" + json.loads(listed)[0]["webSocketDebuggerUrl"].split("/", 3)[3]
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
        ]
        self.writer.write("\r\n".join([*lines, "", ""]).encode())
        await self.reader.readuntil(b"\r\n\r\n")
        self.task = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                _, size = await self.reader.readexactly(2)
                if size == 126:
                    (size,) = struct.unpack("!H", await self.reader.readexactly(2))
                elif size == 127:
                    (size,) = struct.unpack("!Q", await self.reader.readexactly(8))
                self.note(json.loads(await self.reader.readexactly(size)))

    async def ask(self, method: str, **params: Any) -> Message:
        self.number += 1
        number = self.number
        body = json.dumps({"id": number, "method": method, "params": params}).encode()
        head = struct.pack("!BBH", 0x81, 0x80 | 126, len(body)) + bytes(4)
        self.writer.write(head + body)  # masked with zeros
        found = await self.expect(lambda message: message.get("id") == number)
        result: Message = found["result"]
        return result

    async def evaluate_at_breakpoint(self, expression: str) -> Any:
        found = await self.expect(lambda message: message.get("method") == "Debugger.paused")
        frame = found["params"]["callFrames"][0]["callFrameId"]
        result = await self.ask(
            "Debugger.evaluateOnCallFrame", callFrameId=frame, expression=expression
        )
        await self.ask("Debugger.resume")
        return result["result"]["value"]

    async def attach(self, file: str, line: int) -> None:
        await self.ask("Runtime.enable")
        await self.ask("Debugger.enable")
        await self.ask("Debugger.setBreakpointByUrl", urlRegex=f".*{file}", lineNumber=line - 1)
        await self.ask("Runtime.runIfWaitingForDebugger")

    async def close(self) -> None:
        self.writer.close()
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@contextlib.asynccontextmanager
async def debugging(client: Debugpy, port: int) -> AsyncIterator[Debugpy]:
    await client.connect(port)
    try:
        yield client
    finally:
        await client.close()


class Terminal:
    """A debugger that is driven by its own commands: jdb, `dlv connect`."""

    def __init__(self, *command: str) -> None:
        self.command = command
        self.seen = ""

    async def connect(self) -> None:
        pipe = asyncio.subprocess.PIPE
        self.process = await asyncio.create_subprocess_exec(
            *self.command, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.STDOUT
        )

    async def expect(self, text: str) -> str:
        """Return what was written up to a text, and forget it."""

        async def wait() -> str:
            assert self.process.stdout is not None
            while text not in self.seen:
                data = await self.process.stdout.read(4096)
                assert data, f"{self.command[0]} ended without {text!r}: {self.seen}"
                self.seen += data.decode()
            before, _, self.seen = self.seen.partition(text)
            return before

        try:
            return await asyncio.wait_for(wait(), 60)
        except TimeoutError:
            raise AssertionError(f"no {text!r} in {self.seen!r}") from None

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())

    async def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            await asyncio.wait_for(self.process.wait(), 60)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
