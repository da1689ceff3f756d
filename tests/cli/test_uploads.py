"""How far an upload is: told while it goes on, and shown as a bar."""

import io
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from rich.console import Console

from samlive.console import TextOutput
from samlive.deploy.sent import STEP_BYTES, Sent


def test_steps_are_told_once_however_often_a_body_is_read() -> None:
    told: list[int] = []
    body = Sent(b"x" * (4 * STEP_BYTES), told.append)
    for _ in range(2):
        body.seek(0)
        while body.read(STEP_BYTES // 2):
            pass
    assert told == [STEP_BYTES, 2 * STEP_BYTES, 3 * STEP_BYTES, 4 * STEP_BYTES]


def test_a_small_body_tells_nothing_and_is_read_whole() -> None:
    told: list[int] = []
    assert Sent(b"x" * (STEP_BYTES - 1), told.append).read() == b"x" * (STEP_BYTES - 1)
    assert told == []


def test_botocore_sends_such_a_body_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    boto3 = pytest.importorskip("boto3")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    received: list[bytes] = []

    class Bucket(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    content, told = bytes(range(256)) * (3 * STEP_BYTES // 256), list[int]()
    with ThreadingHTTPServer(("127.0.0.1", 0), Bucket) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        client = boto3.client("s3", endpoint_url=url, region_name="eu-west-1")
        client.put_object(Bucket="kept", Key="a", Body=Sent(content, told.append))
        server.shutdown()
        thread.join()
    assert content in received[0] and told[-1] == len(content)


def test_the_bar_is_that_of_all_uploads_under_way() -> None:
    screen = io.StringIO()
    out = TextOutput(Console(file=screen, force_terminal=True, width=120, highlight=False))
    out.tell("deploy", status="started", stack="orders-ana")
    for origin, sent in (("src/a", 0), ("src/b", 1_000_000), ("src/a", 2_000_000)):
        out.tell(
            "deploy", status="uploading", stack="orders-ana", origin=origin, bytes=3_000_000,
            sent=sent,
        )  # fmt: skip
    shown = out._progress.renderable.text.plain  # type: ignore[union-attr]
    assert shown.startswith("orders-ana: uploading src/a, src/b ")
    assert shown.endswith(" 3.0 of 6.0 MB") and shown.count("━") == shown.count("╌") == 12
    out.tell("deploy", status="uploaded", stack="orders-ana", origin="src/a", bytes=3_000_000)
    shown = out._progress.renderable.text.plain  # type: ignore[union-attr]
    assert shown.startswith("orders-ana: uploading src/b ") and shown.endswith(" 1.0 of 3.0 MB")
    out.tell("deploy", status="uploaded", stack="orders-ana", origin="src/b", bytes=3_000_000)
    left = out._progress.renderable.text  # type: ignore[union-attr]
    assert getattr(left, "plain", left) == "deploying orders-ana"
    out.tell("deploy", status="complete", stack="orders-ana")
    assert "uploaded src/a" in screen.getvalue()
