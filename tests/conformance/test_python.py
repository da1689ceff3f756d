"""Our Python runner against awslambdaric, AWS's own client: the same calls, the same outcome."""

import fnmatch
import runpy
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

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
from samlive_relay.workers.api_worker import ApiWorker
from samlive_relay.workers.python import PythonWorker
from samlive_relay.workers.runtime_api import RuntimeApi
from samlive_relay.workers.worker import Boot, Hooks, Worker

pytest.importorskip("awslambdaric", reason="awslambdaric is not installed")

CLIENT = "awslambdaric"
HANDLERS = Path(__file__).parent / "handlers" / "python"
KNOWN = runpy.run_path(str(HANDLERS / "app.py"))
ENDING = {"exit", "exit with text", "interrupt", "hard exit"}


IDENTITY = '{"cognitoIdentityId": "me", "cognitoIdentityPoolId": "pool"}'
FROM_APP = (
    '{"client": {"app_title": "shop", "installation_id": "1"}, '
    '"custom": {"a": [1]}, "env": {"locale": "de"}}'
)
JSON_LOG = (("AWS_LAMBDA_LOG_FORMAT", "JSON"),)
LEVELS = {
    "text": (),
    "text WARN": (("AWS_LAMBDA_LOG_LEVEL", "WARN"),),
    "json": JSON_LOG,
    "json DEBUG": (*JSON_LOG, ("AWS_LAMBDA_LOG_LEVEL", "DEBUG")),
    "json ERROR": (*JSON_LOG, ("AWS_LAMBDA_LOG_LEVEL", "ERROR")),
    "json TRACE": (*JSON_LOG, ("AWS_LAMBDA_LOG_LEVEL", "TRACE")),
    "json FATAL": (*JSON_LOG, ("AWS_LAMBDA_LOG_LEVEL", "FATAL")),
}

FAILING = (
    "lost.handler",
    "broken.handler",
    "app.lost",
    "app",
    "sys.handler",
    "raises.handler",
    "imports.handler",
    "late.handler",
    "deep/inner.Class.handler",
    "/app.handler",
    "empty.handler",
)

CASES: dict[str, Case] = {
    **{f"answer: {name}": Case(ask("answer", name)) for name in KNOWN["ANSWERS"]},
    "answer: unicode, 3.12": Case(ask("answer", "unicode"), runtime="python3.12"),
    "answer: half a surrogate pair, 3.12": Case(
        ask("answer", "half a surrogate pair"), alone=True, runtime="python3.12"
    ),
    **{
        f"error: {name}": Case(ask("error", name), alone=name in ENDING) for name in KNOWN["ERRORS"]
    },
    **{
        f"error as json: {name}": Case(ask("error", name), variables=JSON_LOG)
        for name in ("exception", "chained", "no message")
    },
    **{
        f"log {mode}: {name}": Case(ask("log", name), variables=variables)
        for mode, variables in LEVELS.items()
        for name in (KNOWN["LOGS"] if mode in ("text", "json") else ["levels as they are"])
    },
    "log json: tenant": Case(ask("log", "root", **{"aws-tenant-id": "acme"}), variables=JSON_LOG),
    "context": Case(ask("context", "fields")),
    "context as text": Case(ask("context", "repr")),
    "context: identity": Case(ask("context", "fields", **{"cognito-identity": IDENTITY})),
    "context: client": Case(ask("context", "fields", **{"client-context": FROM_APP})),
    "context: empty client": Case(ask("context", "fields", **{"client-context": "{}"})),
    "context: tenant": Case(ask("context", "fields", **{"aws-tenant-id": "acme"})),
    "context: bad client": Case(ask("context", "fields", **{"client-context": "{"})),
    "context: bad identity": Case(ask("context", "fields", **{"cognito-identity": "{"})),
    "surroundings": Case(ask("around", "")),
    "surroundings: no trace": Case(ask("around", "", **{"trace-id": ""})),
    "surroundings: json": Case(ask("around", ""), variables=JSON_LOG),
    "event: numbers": Case(Ask(b'[1.0, 1e400, -0, 123456789012345678901234567890, "\\ud800"]')),
    "event: NaN": Case(Ask(b"[NaN]")),
    "event: twice the same key": Case(Ask(b'{"a": 1, "a": 2}')),
    "event: text": Case(Ask('"é \U0001f389"'.encode())),
    "event: null": Case(Ask(b"null")),
    "event: no JSON": Case(Ask(b"{'a': 1}")),
    "event: nothing": Case(Ask(b"")),
    "event: cut off": Case(Ask(b'{"a": ')),
    "event: more than one": Case(Ask(b"{} {}")),
    "event: no UTF-8": Case(Ask(b'"\xff"')),
    "event: other content": Case(Ask(b"plain", {"content-type": "text/plain"})),
    **{
        f"handler: {name}": Case(Ask(b"{}"), handler=name, alone=True)
        for name in ("deep/inner.handler", "deep.inner.handler")
    },
    "exit at import": Case(Ask(b"{}"), handler="exits.handler", alone=True),
    **{f"init: {name}": Case(Ask(b"{}"), handler=name, alone=True) for name in FAILING},
}


def theirs(boot: Boot, hooks: Hooks, api: RuntimeApi) -> Worker:
    command = (sys.executable, "-m", "awslambdaric", boot.function.handler)
    extra = {"PYTHONPATH": str(boot.function.code)}
    return ApiWorker(boot, hooks, command, api, extra=extra, door=True)


def ours(boot: Boot, hooks: Hooks, api: RuntimeApi) -> Worker:
    return PythonWorker(boot, hooks, sys.executable)


@cache
def observed(side: str, place: Place, names: tuple[str, ...]) -> Mapping[str, Observed]:
    """Run the calls of one process, once for all tests."""
    function = LocalFunction("Orders", place.runtime or "python3.11", place.handler, HANDLERS)
    make = theirs if side == "theirs" else ours
    asks = [CASES[name].ask for name in names]
    variables = {"SHOP": "é", **dict(place.variables)}
    return dict(zip(names, observe(make, function, asks, variables, HANDLERS), strict=True))


def outcomes(name: str) -> tuple[Observed, Observed]:
    place, names = CASES[name].place, company(CASES, name)
    theirs, ours = (observed(side, place, names)[name] for side in ("theirs", "ours"))
    return theirs, ours


@pytest.mark.parametrize("name", CASES)
def test_a_call_ends_as_under_awslambdaric(name: str) -> None:
    compare(CLIENT, name, *outcomes(name))


@pytest.mark.parametrize("row", listed(CLIENT))
def test_every_listed_difference_is_there(row: tuple[str, str]) -> None:
    what, pattern = row
    assert any(what in differing(*outcomes(name)) for name in fnmatch.filter(CASES, pattern))
