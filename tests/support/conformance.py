"""The same calls under AWS's runtime interface client and under our runner.

Both are processes of the relay's own: what differs is the program alone. What
each answers and writes is noted with times masked, since nothing else may differ
that is not listed in docs/fidelity.md.
"""

import asyncio
import fnmatch
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

MakeWorker = Callable[[Boot, Hooks, RuntimeApi], Worker]


@dataclass(frozen=True)
class Ask:
    """One invocation: the raw event, and headers beside the usual ones."""

    event: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


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
        lines.extend((stream, _TIMES.sub("<time>", part)) for part in _RETURNS.split(text))

    hooks = Hooks(on_line, lambda files: None)
    api = RuntimeApi()
    worker = make(boot, hooks, api)
    await worker.start()
    seen = []
    try:
        for number, ask in enumerate(asks):
            lines.clear()
            outcome = await worker.invoke(_call(ask, number))
            if outcome.error and not worker.alive:
                worker.kill()
                await worker.gone()  # what it wrote at its end counts as well
            seen.append(Observed(outcome.error, outcome.body, tuple(lines)))
    finally:
        worker.kill()
        await worker.gone()
        await api.close()
    return seen


def _call(ask: Ask, number: int) -> Call:
    request_id = REQUEST.format(number)
    fields = {
        "request-id": request_id,
        "deadline-ms": str(int((time.time() + 30) * 1000)),
        "invoked-function-arn": "arn:aws:lambda:eu-west-1:123456789012:function:orders",
        "trace-id": "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1",
        **ask.headers,
    }
    if "aws-tenant-id" in fields:
        fields["tenant-id"] = fields["aws-tenant-id"]
    return Call(request_id, {k: v for k, v in fields.items() if v}, ask.event, 30)


def listed(client: str) -> dict[tuple[str, str], str]:
    """Return the differences that the documentation lists for a client.

    Returns:
        Reasons by what differs ("answer" or "log") and pattern of the case's name.
    """
    part = LIST.read_text().partition(HEADING)[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([\w. -]+) \| (\w+) \| `([^`]+)` \| ([^|]+) \|$", part, re.M)
    return {(what, case): reason for name, what, case, reason in rows if name == client}


def compare(client: str, case: str, theirs: Observed, ours: Observed) -> None:
    """Fail when two observations differ and the list does not say so, or the reverse."""
    different = {what for what, name in listed(client) if fnmatch.fnmatchcase(case, name)}
    both = {"answer": (_answer(theirs), _answer(ours)), "log": (theirs.lines, ours.lines)}
    for what, (wanted, found) in both.items():
        if what in different:
            text = f"the {what} of {case!r} is the same by now: take it off the list in {LIST.name}"
            assert found != wanted, text
        else:
            assert found == wanted


def _answer(seen: Observed) -> tuple[bool, bytes]:
    return seen.error, seen.body
