"""Our Node.js runner against aws-lambda-ric, AWS's own client, in two generations.

Version 3 is what runtimes up to nodejs22.x have; version 4, without callbacks,
came with nodejs24.x.
"""

import fnmatch
import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import node_client
from conformance import (
    Ask,
    Case,
    Observed,
    Place,
    ask,
    company,
    compare,
    differing,
    listed,
    observe,
)
from samlive_relay.config import LocalFunction
from samlive_relay.workers import node
from samlive_relay.workers.api_worker import ApiWorker
from samlive_relay.workers.runtime_api import RuntimeApi
from samlive_relay.workers.worker import Boot, Hooks, Worker

if shutil.which("node") is None:
    pytest.skip("no node on the PATH", allow_module_level=True)

HANDLERS = Path(__file__).parent / "handlers" / "node"
CLIENTS = {"aws-lambda-ric 3": ("3.3.0", "nodejs20.x"), "aws-lambda-ric 4": ("4.0.2", "nodejs24.x")}
JSON_LOG = (("AWS_LAMBDA_LOG_FORMAT", "JSON"),)
LEVELS = {
    "text": (),
    "text WARN": (("AWS_LAMBDA_LOG_LEVEL", "WARN"),),
    "json": JSON_LOG,
    "json DEBUG": (*JSON_LOG, ("AWS_LAMBDA_LOG_LEVEL", "DEBUG")),
    "json WARN": (*JSON_LOG, ("AWS_LAMBDA_LOG_LEVEL", "WARN")),
    "json FATAL": (*JSON_LOG, ("AWS_LAMBDA_LOG_LEVEL", "FATAL")),
}


def names(module: str, group: str) -> list[str]:
    """Return what a handler module can be asked for."""
    text = (HANDLERS / module).read_text()
    part = text.partition(f"const {group} = {{\n")[2].partition("\n};")[0]
    found = re.findall(r'^  (?:"([^"]+)"|(\w+)): ', part, re.M)
    return [quoted or plain for quoted, plain in found]


IDENTITY = '{"cognitoIdentityId": "me", "cognitoIdentityPoolId": "pool"}'
FROM_APP = '{"client": {"app_title": "shop"}, "custom": {"a": [1]}, "env": {"locale": "de"}}'
FAILING = (
    "lost.handler",
    "app.lost",
    "app",
    "app.names",
    "../app.handler",
    "old.number",
    "broken.handler",
    "throws.handler",
    "throwstext.handler",
    "imports.handler",
    "requires.handler",
    "lostname.handler",
)
LOADED = (
    "toplevel.handler",
    "default.handler",
    "deep/inner.handler",
    "deep/type/index.handler",
    "./toplevel.handler",
    "old.nested.handler",
)

CASES: dict[str, Case] = {
    **{f"answer: {name}": Case(ask("ANSWERS", name)) for name in names("app.mjs", "ANSWERS")},
    **{f"error: {name}": Case(ask("ERRORS", name)) for name in names("app.mjs", "ERRORS")},
    **{
        f"error as json: {name}": Case(ask("ERRORS", name), variables=JSON_LOG)
        for name in ("error", "custom", "text thrown", "object thrown")
    },
    **{
        f"end: {name}": Case(ask("ENDINGS", name), alone=True)
        for name in names("app.mjs", "ENDINGS")
    },
    **{
        f"log {mode}: {name}": Case(ask("LOGS", name), variables=variables)
        for mode, variables in LEVELS.items()
        for name in (names("app.mjs", "LOGS") if mode in ("text", "json") else ["levels"])
    },
    **{f"around: {name}": Case(ask("AROUND", name)) for name in names("app.mjs", "AROUND")},
    "around: no trace": Case(ask("AROUND", "variables", **{"trace-id": ""})),
    "log json: tenant": Case(ask("LOGS", "lines", **{"aws-tenant-id": "acme"}), variables=JSON_LOG),
    "context": Case(ask("context", "")),
    "context: identity": Case(ask("context", "", **{"cognito-identity": IDENTITY})),
    "context: client": Case(ask("context", "", **{"client-context": FROM_APP})),
    "context: tenant": Case(ask("context", "", **{"aws-tenant-id": "acme"})),
    "event: numbers": Case(Ask(b"[1.0, 1e400, -0, 123456789012345678901234567890]")),
    "event: text": Case(Ask('"é \U0001f389"'.encode())),
    "event: null": Case(Ask(b"null")),
    **{
        f"callback: {name}": Case(ask("FORMS", name), "old.handler", alone="twice" in name)
        for name in names("old.js", "FORMS")
    },
    "callback: done, without the argument": Case(ask("FORMS", "done"), "old.two"),
    **{
        f"stream: {name}": Case(ask("FORMS", name), "streams.handler", alone=name == "throws")
        for name in names("streams.mjs", "FORMS")
    },
    **{f"handler: {name}": Case(Ask(b"{}"), name, alone=True) for name in LOADED},
    **{f"init: {name}": Case(Ask(b"{}"), name, alone=True) for name in FAILING},
    "exit at import": Case(Ask(b"{}"), "exits.handler", alone=True),
}


def theirs(version: str, native: bool, boot: Boot, hooks: Hooks, api: RuntimeApi) -> Worker:
    command = node_client.command(version, boot.function.handler, native)
    return ApiWorker(boot, hooks, command, api, door=True)


def ours(boot: Boot, hooks: Hooks, api: RuntimeApi) -> Worker:
    return ApiWorker(boot, hooks, (shutil.which("node") or "", str(node.RUNNER)), api)


@cache
def observed(client: str, side: str, place: Place, names: tuple[str, ...]) -> list[Observed]:
    """Run the calls of one process, once for all tests."""
    version, runtime = CLIENTS[client]
    function = LocalFunction("Orders", runtime, place.handler, HANDLERS)

    def make(boot: Boot, hooks: Hooks, api: RuntimeApi) -> Worker:
        if side == "ours":
            return ours(boot, hooks, api)
        return theirs(version, side == "native", boot, hooks, api)

    asks = [CASES[name].ask for name in names]
    return observe(make, function, asks, {"SHOP": "é", **dict(place.variables)}, HANDLERS)


def outcome(client: str, side: str, name: str) -> Observed:
    together = company(CASES, name)
    return observed(client, side, CASES[name].place, together)[together.index(name)]


def pairs() -> Iterator[Any]:
    """Yield clients and cases; of the second client those are slow that take a process each."""
    for client in CLIENTS:
        for name, case in CASES.items():
            slow = case.alone and client != next(iter(CLIENTS))
            yield pytest.param(client, name, marks=[pytest.mark.slow] * slow)


@pytest.mark.parametrize(("client", "name"), list(pairs()))
def test_a_call_ends_as_under_awss_client(client: str, name: str) -> None:
    compare(client, name, outcome(client, "theirs", name), outcome(client, "ours", name))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("client", "row"), [(client, row) for client in CLIENTS for row in listed(client)]
)
def test_every_listed_difference_is_there(client: str, row: tuple[str, str]) -> None:
    what, pattern = row
    assert any(
        what in differing(outcome(client, "theirs", name), outcome(client, "ours", name))
        for name in fnmatch.filter(CASES, pattern)
    )


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", CASES)
def test_the_stand_in_for_the_native_part_changes_nothing(name: str) -> None:
    client = "aws-lambda-ric 4"
    assert outcome(client, "native", name) == outcome(client, "theirs", name)
