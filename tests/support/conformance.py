"""The same calls under AWS's runtime interface client and under our runner.

Both are processes of the relay's own: what differs is the program alone. What
each answers and writes is noted with times masked, since nothing else may differ
that is not listed in docs/fidelity.md.
"""

import asyncio
import fnmatch
import json
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from samlive_relay.config import LocalFunction
from samlive_relay.workers import environment
from samlive_relay.workers.runtime_api import RuntimeApi
from samlive_relay.workers.worker import Boot, Call, Hooks, Worker

LIST = Path(__file__).parents[2] / "docs" / "fidelity.md"
HEADING = "## Against AWS's runtime interface clients"
REQUEST = "8c6f0f2a-0000-4000-8000-{:012d}"
_TIMES = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")

_RETURNS = re.compile("\r(?!$)")
"""CloudWatch is given the lines of one message with carriage returns between them."""

_OF = r"(?:aws-lambda-ric|rapid_client|samlive_relay/runners|node:|\[eval\d|/_$|/_(?=[\\\"]))"
_FRAME = rf'(?: +at |- )[^\n\\"]*{_OF}[^\n\\"]*| +at new Promise \(<anonymous>\)'
_RUNTIME = re.compile(rf',? ?"(?:{_FRAME})"|(?:^|\\n|\n)(?:{_FRAME})')
"""Frames of a runtime in a JavaScript stack: entries of JSON, lines in its text, lines."""

_CALLERS = re.compile(r"(?<=at )(?:Runtime|\w+InvokeProcessor)\.| \[as handler\]")
"""Whose method a handler is for Node.js when it is called."""

MakeWorker = Callable[[Boot, Hooks, RuntimeApi], Worker]


@dataclass(frozen=True)
class Ask:
    """One invocation: the raw event, and headers beside the usual ones."""

    event: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def ask(kind: str, name: str, **headers: str) -> Ask:
    """Ask the handlers of these tests for something that they know."""
    return Ask(json.dumps({"ask": [kind, name]}).encode(), headers)


@dataclass(frozen=True)
class Place:
    """The process of a call: handler and runtime of its function, and variables."""

    handler: str = "app.handler"
    variables: tuple[tuple[str, str], ...] = ()
    runtime: str = ""


class Case:
    """One call; alone in its process, or with all others of the same place."""

    def __init__(
        self,
        ask: Ask,
        handler: str = "app.handler",
        variables: tuple[tuple[str, str], ...] = (),
        alone: bool = False,
        runtime: str = "",
    ) -> None:
        self.ask = ask
        self.place = Place(handler, variables, runtime)
        self.alone = alone


def company(cases: Mapping[str, Case], name: str) -> tuple[str, ...]:
    """Return the calls that share a process with this one, in order."""
    case = cases[name]
    if case.alone:
        return (name,)
    return tuple(n for n, each in cases.items() if each.place == case.place and not each.alone)


@dataclass(frozen=True)
class Observed:
    """What came of an invocation: error or not, raw body, lines of output."""

    error: bool
    body: bytes
    lines: tuple[tuple[str, str], ...]


def observe(
    make: MakeWorker,
    function: LocalFunction,
    asks: Sequence[Ask],
    variables: Mapping[str, str],
    folder: Path,
) -> list[Observed]:
    """Run calls one after another in one process, and note what comes of them."""
    return asyncio.run(_observe(make, function, asks, variables, folder))


async def _observe(
    make: MakeWorker,
    function: LocalFunction,
    asks: Sequence[Ask],
    variables: Mapping[str, str],
    folder: Path,
) -> list[Observed]:
    remote = {
        "AWS_LAMBDA_FUNCTION_NAME": "orders",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/orders",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[$LATEST]00",
        "AWS_REGION": "eu-west-1",
        **variables,
    }
    boot = Boot(function, environment.build(function, remote, os.environ), folder, folder)
    lines: list[tuple[str, str]] = []

    def on_line(_: str, stream: str, text: str) -> None:
        for part in _RETURNS.split(text):
            if shown := _masked(part):
                lines.append((stream, shown))

    hooks = Hooks(on_line, lambda files: None)
    api = RuntimeApi()
    worker = make(boot, hooks, api)
    await worker.start()
    seen = []
    try:
        for number, ask in enumerate(asks):
            lines.clear()
            outcome = await worker.invoke(_call(ask, number))
            if outcome.error and not worker.alive:  # what it writes at its end counts as well
                await asyncio.wait_for(worker.gone(), 60)
            body = _masked(outcome.body.decode()).encode() if outcome.error else outcome.body
            seen.append(Observed(outcome.error, body, tuple(lines)))
    finally:
        worker.kill()
        await worker.gone()
        await api.close()
    return seen


def _call(ask: Ask, number: int) -> Call:
    request_id = REQUEST.format(number)
    fields = {
        "request-id": request_id,
        "deadline-ms": str(int((time.time() + 100) * 1000)),
        "invoked-function-arn": "arn:aws:lambda:eu-west-1:123456789012:function:orders",
        "trace-id": "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1",
        **ask.headers,
    }
    if "aws-tenant-id" in fields:
        fields["tenant-id"] = fields["aws-tenant-id"]
    return Call(request_id, {k: v for k, v in fields.items() if v}, ask.event, 100)


def _masked(text: str) -> str:
    return _CALLERS.sub("", _TIMES.sub("<time>", _RUNTIME.sub("", text)))


def listed(client: str) -> dict[tuple[str, str], str]:
    """Return the differences that the documentation lists for a client.

    Returns:
        Reasons by what differs ("answer" or "log") and pattern of the case's name.
    """
    part = LIST.read_text().partition(HEADING)[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([\w. -]+) \| (\w+) \| `([^`]+)` \| ([^|]+) \|$", part, re.M)
    return {(what, case): reason for name, what, case, reason in rows if name == client}


def differing(theirs: Observed, ours: Observed) -> set[str]:
    """Return what of two observations differs: "answer", "log"."""
    found = {"answer"} if (ours.error, ours.body) != (theirs.error, theirs.body) else set()
    return found | ({"log"} if ours.lines != theirs.lines else set())


def compare(client: str, case: str, theirs: Observed, ours: Observed) -> None:
    """Fail when two observations differ and the list does not say so, or the reverse."""
    rows = [row for row in listed(client) if fnmatch.fnmatchcase(case, row[1])]
    if not {"answer"} & {what for what, _ in rows}:
        assert (ours.error, ours.body) == (theirs.error, theirs.body)
    if not {"log"} & {what for what, _ in rows}:
        assert ours.lines == theirs.lines
    gone = {what for what, name in rows if name == case} - differing(theirs, ours)
    assert not gone, f"the {gone} of {case!r} is the same by now: take it off {LIST.name}"
