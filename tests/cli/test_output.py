"""The events: described, stable, and the same for scripts and for people."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from samlive import output
from samlive.console import TextOutput
from samlive.narrator import Narrator
from samlive_relay import events

SOURCES = Path(output.__file__).parent

STAMP = "2026-11-25T14:45:52.134Z\t798308fd-7416-4632-bfce-89b617765375"
EXAMPLES: dict[str, dict[str, Any]] = {
    "starting": {"version": "1", "app": "orders", "stage": "ana", "stack": "s", "region": "r",
                 "offline": False},
    "offline": {"endpoint_url": "http://127.0.0.1:1"},
    "deploy": {"status": "started", "stack": "orders-ana"},
    "ready": {"urls": {"Api": "https://a"}, "outputs": {"Queue": "q"},
              "functions": {"Orders": "live", "Seed": "kept: because"}, "seconds": 1.0},
    "invocation_started": {"function": "Orders", "request_id": "0123456789", "cold": True},
    "invocation": {"function": "Orders", "request_id": "1", "status": "error", "duration_ms": 3.2,
                   "cold": False, "over_timeout": True, "error": {"type": "E", "message": "boom"}},
    "log": {"function": "Orders", "request_id": "1", "stream": "stdout", "text": "[bold]x[/bold]"},
    "edit": {"files": ["/x/template.yaml"], "changes": ["+ Queue (AWS::SQS::Queue)"]},
    "reload": {"functions": ["Orders"], "files": ["/x/app.py"]},
    "build": {"function": "Orders", "status": "failed", "seconds": 1.5, "problem": "a.go:1: no"},
    "connection": {"state": "reconnecting", "detail": "gone"},
    "note": {"text": "template.yaml:3: Orders: odd"},
    "warning": {"function": "Orders", "text": "odd"},
    "error": {"message": "broken", "hint": "mend it"},
    "stopping": {"reason": "Ctrl-C", "waiting_for": ["Orders"]},
    "stopped": {"stage": "ana", "stack": "s", "left": "kept", "text": "it stays"},
    "plan": {"lines": ["create s"]},
    "status": {"stage": "ana", "functions": {"Orders": "live"}},
    "stage": {"stage": "ana", "stack": "s", "state": "CREATE_COMPLETE", "current": True},
    "check": {"name": "iot", "ok": False, "state": "fail", "text": "closed", "hint": "open it"},
}  # fmt: skip


def told() -> Iterator[str]:
    """Yield the name of every event that the code tells."""
    for path in SOURCES.rglob("*.py"):
        yield from re.findall(r'\.tell\(\s*"(\w+)"', path.read_text(encoding="utf-8"))


def text(*said: tuple[str, dict[str, Any]]) -> str:
    stream = io.StringIO()
    out = TextOutput(Console(file=stream, width=100, soft_wrap=True))
    for name, fields in said:
        out.tell(name, **fields)
    return stream.getvalue()


def test_every_event_that_is_told_is_described_and_the_other_way_round() -> None:
    assert set(told()) == set(output.EVENTS) == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_event_has_a_text_and_a_line_of_json(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert text((name, EXAMPLES[name])).strip()
    output.make("json").tell(name, **EXAMPLES[name])
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line) for line in lines] == [{"event": name, **EXAMPLES[name]}]


def test_what_functions_write_is_never_markup() -> None:
    assert "[bold]x[/bold]" in text(("log", EXAMPLES["log"]))


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        pytest.param("order 7 taken", "order 7 taken", id="a plain line"),
        pytest.param("[INFO] of the user", "[INFO] of the user", id="looks a bit like it"),
        pytest.param(f"[INFO]\t{STAMP}\torder 7", "INFO order 7", id="Python"),
        pytest.param(f"{STAMP}\tERROR\torder 7", "ERROR order 7", id="Node.js"),
        pytest.param(f"[ERROR]\t{STAMP}\t", "ERROR", id="nothing but a level"),
    ],
)
def test_log_lines_are_shown_without_what_the_terminal_says_anyway(line: str, shown: str) -> None:
    printed = text(("log", EXAMPLES["log"] | {"text": line}))
    assert printed.rstrip().endswith(f"|  {shown}")


def test_failures_of_a_deploy_stay_and_progress_does_not() -> None:
    resource = {"stack": "s", "logical_id": "Q", "type": "AWS::SQS::Queue", "reason": "no"}
    good = text(("deploy", {**resource, "status": "CREATE_COMPLETE"}))
    bad = text(("deploy", {**resource, "status": "CREATE_FAILED"}))
    assert good == ""
    assert "CREATE_FAILED Q (AWS::SQS::Queue): no" in bad


@pytest.mark.parametrize(("count", "shown"), [(1, "1 event that"), (2, "2 events that")])
def test_events_that_had_waited_are_counted(count: int, shown: str) -> None:
    said = {"status": "redelivered", "stack": "s", "events": count}
    assert text(("deploy", said)) == f"gave back {shown} had waited\n"


def test_rows_are_not_wrapped_where_nobody_has_a_terminal() -> None:
    reason = "because " + "it is so " * 30
    functions = {"Orders": "live", "AnotherFunction": f"kept: {reason}"}
    shown = text(("ready", {**EXAMPLES["ready"], "functions": functions}))
    assert f"kept  AnotherFunction  {reason.rstrip()}\n" in shown
    assert "live  Orders\n" in shown


def test_what_called_is_shown_before_the_request_id() -> None:
    shown = text(("invocation_started", {**EXAMPLES["invocation_started"], "caller": "GET /a"}))
    assert "-> GET /a 01234567  cold start" in shown


def test_advice_is_given_once() -> None:
    first, again = (
        text(("ready", {**EXAMPLES["ready"], "again": again})) for again in (False, True)
    )
    assert "Ctrl-C" in first
    assert "after 1.0 s.\n" in again


def test_address_is_shown_once_under_its_outputs_name() -> None:
    urls = {"HttpApi": "https://a", "ApiUrl": "https://a", "AdminApi": "https://b"}
    shown = text(("ready", {**EXAMPLES["ready"], "urls": urls}))
    assert shown.count("https://a") == 1
    assert "ApiUrl  https://a" in shown
    assert "AdminApi  https://b" in shown


class Told:
    """An output that remembers."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def tell(self, event: str, **fields: Any) -> None:
        self.events.append({"event": event, **fields})


class TestNarrator:
    @pytest.fixture
    def out(self) -> Told:
        return Told()

    @pytest.fixture
    def owners(self) -> list[str]:
        return []

    @pytest.fixture
    def narrator(self, out: Told, owners: list[str]) -> Narrator:
        return Narrator(out, owners.append)

    def test_running_invocations_are_known(self, narrator: Narrator) -> None:
        narrator(events.InvocationStarted("Orders", "1", "w", True))
        assert narrator.running == ("Orders",)
        narrator(events.InvocationEnded("Orders", "1", "w", "ok", 1.0, True))
        assert not narrator.running

    def test_error_is_told_only_when_there_is_one(self, narrator: Narrator, out: Told) -> None:
        narrator(events.InvocationEnded("Orders", "1", "w", "ok", 1.23456, False))
        narrator(
            events.InvocationEnded(
                "Orders", "2", "w", "error", 1.0, False, error_type="E", error_message="boom"
            )
        )
        assert "error" not in out.events[0]
        assert out.events[0]["duration_ms"] == 1.235
        assert out.events[1]["error"] == {"type": "E", "message": "boom"}

    def test_take_over_reaches_the_session(self, narrator: Narrator, owners: list[str]) -> None:
        narrator(events.TakenOver("ben@laptop"))
        assert owners == ["ben@laptop"]

    def test_everything_else_is_told(self, narrator: Narrator, out: Told) -> None:
        narrator(events.LogLine("Orders", "1", "stdout", "hi"))
        narrator(events.Reloaded(("Orders",), ("app.py",)))
        narrator(events.BuildStarted("Orders"))
        narrator(events.BuildEnded("Orders", 1.5, "a.go:1: no"))
        narrator(events.ConnectionChanged("connected"))
        narrator(events.Warned("", "odd"))
        assert [event["event"] for event in out.events] == [
            "log",
            "reload",
            "build",
            "build",
            "connection",
            "warning",
        ]
