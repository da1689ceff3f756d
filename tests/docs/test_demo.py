"""The demo does what README.md and the page for newcomers say of it, word for word."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from doc_pages import ROOT, blocks
from live_session import Live, Ready, clean_environment, edit, offline_variables

PAGE = (ROOT / "docs" / "getting-started.md").read_text(encoding="utf-8")
APP = Path("examples", "orders", "src", "orders_api", "app.py")

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout's folder, as far as the demo needs it."""
    root = tmp_path_factory.mktemp("checkout")
    ignored = shutil.ignore_patterns(".samlive", "__pycache__")
    shutil.copytree(ROOT / "examples", root / "examples", ignore=ignored)
    return root


@pytest.fixture(scope="module")
def demo(folder: Path) -> Iterator[Ready]:
    """What `make demo` runs, in the folder that it runs it in."""
    command = re.search(r"samlive dev (.+)", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert command
    template, *options = shlex.split(command[1])
    live = Live(Path(template), *options, environment=clean_environment(), folder=folder)
    try:
        ready = live.expect("ready", timeout=180)
        yield Ready(live, ready, offline_variables(folder / template))
    finally:
        live.stop()


def calls() -> list[str]:
    """The page's calls of the API, as a reader would paste them."""
    lines = "\n".join(blocks(PAGE)).splitlines()
    return [line for line in lines if line.startswith("curl ")]


def pasted(line: str, demo: Ready) -> str:
    """Run a line of the page in a shell; return what it prints."""
    environment = clean_environment() | {"API_URL": demo.urls["ApiUrl"], "no_proxy": "*"}
    done = subprocess.run(
        ["sh", "-c", line], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not shutil.which("curl"), reason="the page's calls are made with curl")
def test_the_pages_calls_are_answered(demo: Ready) -> None:
    health, order = (pasted(line, demo) for line in calls())
    assert "ok" in health
    assert "Thank you, Ada!" in order


def test_every_live_function_that_the_page_names_runs_here(demo: Ready) -> None:
    demo.fetch_json(
        "ApiUrl", "/orders", {"customer": "Ada", "items": [{"sku": "tea", "quantity": 1}]}
    )
    for function in ("OrdersFunction", "WorkerFunction", "StreamFunction"):
        demo.live.seen_or_expect("invocation", lambda event, f=function: event["function"] == f)  # type: ignore[misc]


def test_an_edit_shows_at_the_next_call(demo: Ready, folder: Path) -> None:
    edit(folder / APP, '{"status": "ok"}', '{"status": "edited"}')
    assert demo.fetch_json("ApiUrl", "/health") == (200, {"status": "edited"})


def test_the_queue_can_be_fed_with_the_variables_that_the_page_names(demo: Ready) -> None:
    assert "offline.env" in PAGE
    queue = demo.ready["outputs"].get("FulfilmentQueueUrl") or demo.urls["FulfilmentQueueUrl"]
    demo.client("sqs").send_message(QueueUrl=queue, MessageBody='{"order_id": "nobody-knows"}')
    demo.live.expect("log", where=lambda event: "failed" in event["text"])
