"""A broker, a Runtime API and a relay, small enough to be broken on purpose."""

import asyncio
import base64
import contextlib
import hashlib
import io
import json
import os
import queue
import ssl
import struct
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from samlive_stub.contract import Settings
from samlive_stub.layer import build_layer
from samlive_stub.responder import Hello, Invocation, RelaySide

KEY = bytes(range(32))


class Broker:
    """MQTT 5 over WebSocket on loopback: exact topics, QoS 1, retained messages."""

    def __init__(self) -> None:
        self.refuse: Callable[[str, str], int] = lambda phase, name: 0
        self.drop: Callable[[str, bytes], bool] = lambda topic, payload: False
        self.hang_up_on_pipelining = False
        self.mute: set[asyncio.StreamWriter] = set()
        self.connects: list[str] = []
        self.paths: list[str] = []
        self.retained: dict[str, bytes] = {}
        self.port = 0
        self.tls: ssl.SSLContext | None = None
        self._subscribers: dict[str, list[asyncio.StreamWriter]] = {}
        self._listeners: dict[str, list[Callable[[str, bytes], None]]] = {}
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.start()

    def call(self, function: Callable[..., Any], *args: Any) -> Any:
        """Run a function, plain or async, on the broker's loop."""

        async def run() -> Any:
            result = function(*args)
            return await result if asyncio.iscoroutine(result) else result

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(60)

    def start(self) -> None:
        self.call(self._start)

    def stop(self) -> None:
        self.call(self._stop)

    def cut(self) -> None:
        """Break every connection."""
        self.call(self._cut)

    def go_mute(self) -> None:
        """Say nothing any more on the connections there are, and keep them open."""
        self.call(self.mute.update, self._writers)

    def close(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        self.call(self._publish, topic, payload, retain)

    def listen(self, topic: str, listener: Callable[[str, bytes], None]) -> None:
        """Subscribe within this process; called on the broker's loop."""
        self._listeners.setdefault(topic, []).append(listener)

    def _cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        if self._server:
            self._server.close()
            for writer in list(self._writers):
                writer.transport.abort()
            await self._server.wait_closed()
            self._server = None
            while self._writers:
                await asyncio.sleep(0.001)

    def _publish(self, topic: str, payload: bytes, retain: bool) -> None:
        if retain:
            self.retained[topic] = payload
        if self.drop(topic, payload):
            return
        for listener in self._listeners.get(topic, []):
            listener(topic, payload)
        for writer in self._subscribers.get(topic, []):
            self._send(writer, publish_packet(topic, payload))

    def _send(self, writer: asyncio.StreamWriter, packet: bytes) -> None:
        if writer not in self.mute:
            writer.write(server_frame(packet))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await self._converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, EOFError):
            pass
        finally:
            self._writers.discard(writer)
            for writers in self._subscribers.values():
                if writer in writers:
                    writers.remove(writer)
            writer.transport.abort()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split(" ")[1]
        self.paths.append(path)
        if self.refuse("upgrade", path):
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        key = head.lower().split("sec-websocket-key: ")[1].split("\r\n")[0]
        start = head.lower().index(key)
        key = head[start : start + len(key)]
        digest = hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Accept: "
            + base64.b64encode(digest)
            + b"\r\n\r\n"
        )
        buffer = b""
        while True:
            payload = await read_frame(reader)
            buffer += payload
            packets, buffer = split_packets(buffer)
            if self.hang_up_on_pipelining and len(packets) > 1 and packets[0][0] >> 4 == 1:
                return
            for first, body in packets:
                if not self._packet(writer, first, body):
                    await writer.drain()
                    return

    def _packet(self, writer: asyncio.StreamWriter, first: int, body: bytes) -> bool:
        kind = first >> 4
        if writer in self.mute:
            return True
        if kind == 1:
            size = body[10]
            client = body[
                13 + size : 13 + size + int.from_bytes(body[11 + size : 13 + size], "big")
            ]
            self.connects.append(client.decode())
            reason = self.refuse("connect", client.decode())
            self._send(writer, bytes((0x20, 3, 0, reason, 0)))
            return reason == 0
        if kind == 8:
            at, topics = 3, []
            while at < len(body):
                size = int.from_bytes(body[at : at + 2], "big")
                topics.append(body[at + 2 : at + 2 + size].decode())
                at += 3 + size
            reasons = bytes(self.refuse("subscribe", topic) or 1 for topic in topics)
            self._send(writer, bytes((0x90, 3 + len(reasons))) + body[:2] + b"\0" + reasons)
            for topic, reason in zip(topics, reasons, strict=True):
                if reason == 1:
                    self._subscribers.setdefault(topic, []).append(writer)
                    if topic in self.retained:
                        self._send(writer, publish_packet(topic, self.retained[topic]))
            return True
        if kind == 3:
            size = int.from_bytes(body[:2], "big")
            topic, rest = body[2 : 2 + size].decode(), body[2 + size :]
            reason = self.refuse("publish", topic)
            ack = rest[:2] + (bytes((reason, 0)) if reason else b"")
            self._send(writer, bytes((0x40, len(ack))) + ack)
            if not reason:
                self._publish(topic, rest[3:], bool(first & 1))
            return True
        if kind == 12:
            self._send(writer, b"\xd0\x00")
        return kind != 14


def publish_packet(topic: str, payload: bytes) -> bytes:
    body = struct.pack("!H", len(topic)) + topic.encode() + b"\x00\x07\x00" + payload
    size = bytearray()
    left = len(body)
    while left >= 0x80:
        size.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes((0x32, *size, left)) + body


def server_frame(payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((0x82, size)) + payload
    if size < 1 << 16:
        return b"\x82\x7e" + struct.pack("!H", size) + payload
    return b"\x82\x7f" + struct.pack("!Q", size) + payload


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    first, second = await reader.readexactly(2)
    assert second & 0x80, "a client must mask"
    size = second & 0x7F
    if size == 126:
        size = int.from_bytes(await reader.readexactly(2), "big")
    elif size == 127:
        size = int.from_bytes(await reader.readexactly(8), "big")
    mask = await reader.readexactly(4)
    data = await reader.readexactly(size)
    if first & 0x0F == 8:
        raise EOFError
    return bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))


def split_packets(buffer: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    packets = []
    while len(buffer) >= 2:
        size = shift = 0
        at = 1
        while at < len(buffer):
            size |= (buffer[at] & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if buffer[at - 1] < 0x80:
                break
        else:
            break
        if len(buffer) < at + size:
            break
        packets.append((buffer[0], buffer[at : at + size]))
        buffer = buffer[at + size :]
    return packets, buffer


class Relay:
    """A `RelaySide` on the broker's loop, with a handler that answers."""

    def __init__(
        self, broker: Broker, session: str = "s1", shards: int = 1, since: int = 1
    ) -> None:
        self.side = RelaySide(KEY, "shop", "ana", session, shards, "ana", "laptop", since)
        self.events: list[Any] = []
        self.handler: Callable[[Invocation], tuple[bytes, bool] | None] = lambda i: (i.event, False)
        self._broker = broker
        self._alive = True
        for shard in range(shards):
            for topic in self.side.topics(shard):
                broker.listen(topic, self._hear)
        self.announce()

    def announce(self) -> None:
        presence = self.side.announce()
        self._broker.publish(presence.topic, presence.payload, True)

    def leave(self) -> None:
        presence = self.side.leave()
        self._broker.publish(presence.topic, presence.payload, True)

    def kill(self) -> None:
        self._alive = False

    def answer(self, invocation: Invocation, body: bytes, error: bool = False) -> None:
        self._broker.call(self._answer, invocation, body, error)

    def stream(self, invocation: Invocation, storage: bool = False, **fields: str) -> "Streamed":
        """Begin to answer part by part."""
        named = {n.replace("_", "-"): v for n, v in fields.items()}
        return Streamed(self, invocation, named, storage)

    def act(self, action: Callable[[float], Any]) -> Any:
        """Do something with the protocol's side, on the broker's loop."""

        def run() -> Any:
            found = action(time.monotonic())
            self._flush()
            return found

        return self._broker.call(run)

    def invocations(self) -> list[Invocation]:
        return [event for event in self.events if isinstance(event, Invocation)]

    def hellos(self) -> list[Hello]:
        return [event for event in self.events if isinstance(event, Hello)]

    def _hear(self, topic: str, payload: bytes) -> None:
        if not self._alive:
            return
        for event in self.side.receive(topic, payload, time.monotonic()):
            self.events.append(event)
            if isinstance(event, Invocation) and (result := self.handler(event)) is not None:
                self.side.answer(event.worker, event.request_id, *result, time.monotonic())
        self._flush()

    def _answer(self, invocation: Invocation, body: bytes, error: bool) -> None:
        now = time.monotonic()
        assert self.side.answer(invocation.worker, invocation.request_id, body, error, now)
        self._flush()

    def _flush(self) -> None:
        if not self._alive:
            return
        now = time.monotonic()
        self.side.tick(now)
        for packet in self.side.take_publishes(now):
            self._broker._publish(packet.topic, packet.payload, packet.retain)
        due = self.side.next_wakeup(now)
        if due < now + 60:
            asyncio.get_running_loop().call_later(max(0.0, due - now), self._flush)


class Streamed:
    """A response that a handler streams."""

    def __init__(
        self, relay: Relay, invocation: Invocation, fields: dict[str, str], storage: bool
    ) -> None:
        self._relay = relay
        self._worker = invocation.worker
        request = invocation.request_id
        self.number: bytes = relay.act(
            lambda now: relay.side.streams.open(self._worker, request, fields, now, storage)
        )

    def write_run(self, data: bytes) -> tuple[int, bytes]:
        """Write much at once; return what of it has to be put into S3."""
        streams = self._relay.side.streams

        def act(now: float) -> tuple[int, bytes] | None:
            streams.write(self._worker, self.number, data, now)
            return streams.take_run(self._worker, self.number)

        run: tuple[int, bytes] = self._relay.act(act)
        return run

    def put(self, first: int, size: int, place: dict[str, str] | None) -> None:
        """Say where a run was put."""
        streams = self._relay.side.streams
        self._relay.act(lambda _: streams.put(self._worker, self.number, first, size, place))

    def write(self, data: bytes) -> None:
        side = self._relay.side
        self._relay.act(lambda now: side.streams.write(self._worker, self.number, data, now))

    def end(self, error: bytes = b"") -> None:
        side = self._relay.side
        self._relay.act(lambda now: side.streams.end(self._worker, self.number, error, now))


class RuntimeApi:
    """Lambda's Runtime API for one execution environment."""

    def __init__(self) -> None:
        self.next: queue.Queue[tuple[dict[str, str], bytes] | None] = queue.Queue()
        self.results: queue.Queue[tuple[str, str, dict[str, str], bytes]] = queue.Queue()
        self.polled = threading.Event()
        self.chunked = False
        self.pieces: queue.Queue[bytes] = queue.Queue()
        self.takes: Callable[[bytes], bool] = lambda piece: True
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                assert self.path == "/2018-06-01/runtime/invocation/next"
                api.polled.set()
                item = api.next.get()
                if item is None:
                    self.close_connection = True
                    return
                headers, body = item
                self.send_response(200)
                for name, value in headers.items():
                    self.send_header(name, value)
                if api.chunked:
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    for at in range(0, len(body), 1000):
                        part = body[at : at + 1000]
                        self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
                    self.wfile.write(b"0\r\n\r\n")
                else:
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def do_POST(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                if headers.get("transfer-encoding") == "chunked":
                    body, trailers = self._chunks()
                    if trailers is None:
                        self.close_connection = True
                        return
                    headers |= trailers
                else:
                    body = self.rfile.read(int(headers["content-length"]))
                parts = self.path.removeprefix("/2018-06-01/runtime/").split("/")
                api.results.put((parts[-2], parts[-1], headers, body))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def _chunks(self) -> tuple[bytes, dict[str, str] | None]:
                body = b""
                while size := int(self.rfile.readline(), 16):
                    piece = self.rfile.read(size)
                    self.rfile.readline()
                    body += piece
                    api.pieces.put(piece)
                    if not api.takes(body):
                        return body, None
                lines = iter(self.rfile.readline, b"\r\n")
                pairs = (line.decode().partition(":") for line in lines)
                return body, {name.lower(): value.strip() for name, _, value in pairs}

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def send(self, event: bytes, request_id: str, seconds: float = 60, **headers: str) -> None:
        self.next.put(
            (
                {
                    "Lambda-Runtime-Aws-Request-Id": request_id,
                    "Lambda-Runtime-Deadline-Ms": str(int((time.time() + seconds) * 1000)),
                    "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-west-1:1:function:f",
                    "Content-Type": "application/json",
                    **headers,
                },
                event,
            )
        )

    def result(self, timeout: float = 60) -> tuple[str, str, dict[str, str], bytes]:
        return self.results.get(timeout=timeout)

    def invoke(self, event: bytes, request_id: str, **options: Any) -> tuple[str, bytes]:
        """Send an event; return "response" or "error", and the body."""
        self.send(event, request_id, **options)
        identity, kind, _, body = self.result()
        assert identity == request_id
        return kind, body

    def close(self) -> None:
        self.next.put(None)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


class Environment:
    """An execution environment: the layer, unpacked, started through its wrapper."""

    def __init__(self, opt: Path, api: RuntimeApi, settings: Settings, **extra: str) -> None:
        self.log = opt.parent / f"log-{os.urandom(4).hex()}.txt"
        variables = {
            "PATH": os.environ["PATH"],
            "AWS_LAMBDA_RUNTIME_API": api.address,
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/25/[$LATEST]" + os.urandom(16).hex(),
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_SESSION_TOKEN": "to/ken+=",
            "AWS_REGION": "eu-west-1",
            "SAMLIVE": settings.encode(),
            **extra,
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [str(opt / "samlive" / "start"), sys.executable, "/var/runtime/bootstrap.py"],
                env=variables,
                stdout=log,
                stderr=log,
                cwd=opt.parent,
            )

    def output(self) -> str:
        return self.log.read_text()

    def close(self) -> None:
        self.process.kill()
        self.process.wait(60)


def settings_for(port: int, **changes: str) -> Settings:
    values = {
        "app": "shop",
        "stage": "ana",
        "function": "Orders",
        "endpoint": f"abc-ats.iot.eu-west-1.localhost:{port}",
        "region": "eu-west-1",
        "key": base64.urlsafe_b64encode(KEY).decode().rstrip("="),
        **changes,
    }
    return Settings(**values)


@pytest.fixture
def broker() -> Iterator[Broker]:
    broker = Broker()
    yield broker
    broker.close()


@pytest.fixture
def api() -> Iterator[RuntimeApi]:
    api = RuntimeApi()
    yield api
    api.close()


@pytest.fixture
def make_relay(broker: Broker) -> Callable[..., Relay]:
    """Return a function that starts a relay session."""
    return lambda *args, **options: Relay(broker, *args, **options)


@pytest.fixture(scope="session")
def opt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that holds what Lambda would unpack at /opt."""
    folder = tmp_path_factory.mktemp("layer") / "opt"
    with zipfile.ZipFile(io.BytesIO(build_layer().zip)) as archive:
        archive.extractall(folder)
        for info in archive.infolist():
            (folder / info.filename).chmod(info.external_attr >> 16 & 0o777)
    return folder


@pytest.fixture
def start(opt: Path, api: RuntimeApi, broker: Broker) -> Iterator[Callable[..., Environment]]:
    """Return a function that starts an execution environment."""
    with contextlib.ExitStack() as stack:

        def begin(settings: Settings | None = None, **extra: str) -> Environment:
            environment = Environment(opt, api, settings or settings_for(broker.port), **extra)
            stack.callback(environment.close)
            return environment

        yield begin


@pytest.fixture
def settings(broker: Broker) -> Callable[..., Settings]:
    return lambda **changes: settings_for(broker.port, **changes)


@pytest.fixture
def error_of() -> Callable[[bytes], tuple[str, str]]:
    def read(body: bytes) -> tuple[str, str]:
        parsed = json.loads(body)
        return parsed["errorType"], parsed["errorMessage"]

    return read
