"""`samlive invoke FUNCTION`: one call of a function on this machine, without any cloud.

The answer goes to standard output and everything else to standard error, so
that a pipe gets the answer alone. Exit status 1 when the function fails.
"""

import difflib
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samlive import debug_ports, layer_cache, local_call, rewriting, sample_events, toolchains
from samlive.access import Access
from samlive.errors import SamliveError, reason
from samlive.layer_cache import Fetch, LayerCache
from samlive.output import JsonOutput, Output
from samlive.printable import printable
from samlive.settings import Settings
from samlive.state import Project
from samlive_stub.contract import MAX_PAYLOAD_BYTES

if TYPE_CHECKING:
    from samlive_relay.config import LocalFunction
    from samlive_relay.workers.worker import Outcome
    from samlive_transform.declared import Declared


def run(
    settings: Settings,
    environment: Mapping[str, str],
    function: str,
    event_file: str | None,
    kind: str | None,
    debug_port: int | None = None,
) -> int:
    """Call a function; return the exit status.

    Args:
        settings: What the user wants.
        environment: Environment variables.
        function: Its logical id, "Child/Function" when nested.
        event_file: File with the event (or, with a kind, its message); "-" for
            standard input.
        kind: Kind of the sample event; None for none.
        debug_port: Port where a debugger attaches; the call waits for one.
    """
    out: Output = JsonOutput() if settings.output == "json" else _Plain()
    found = _find(settings, function)
    region = settings.text("region") or rewriting.DEFAULT_REGION
    event = _event(event_file, kind, region, found)
    variables = _variables(settings, found, region, environment)
    _tell_unknown(out, found, variables, function)
    call = local_call.LocalCall(
        _local(settings, found, debug_port, out, environment),
        event,
        variables,
        f"arn:aws:lambda:{region}:{sample_events.ACCOUNT}:function:{found.name}",
        settings.folder,
        _state(settings),
    )
    outcome, seconds = _run(call, function, out)
    out.tell(
        "invocation",
        function=function,
        status="error" if outcome.error else "ok",
        duration_ms=round(seconds * 1000, 3),
        cold=True,
        over_timeout=outcome.seconds > found.report.timeout,
        payload=_payload(outcome.body),
    )
    return 1 if outcome.error else 0


def _run(call: local_call.LocalCall, function: str, out: Output) -> tuple["Outcome", float]:
    """Run a call and tell what it logs; return its answer and how long it took (seconds)."""
    began = time.monotonic()
    outcome = local_call.run(
        call,
        lambda request, stream, text: out.tell(
            "log", function=function, request_id=request, stream=stream, text=text
        ),
        lambda name, text: out.tell("warning", function=name, text=text),
    )
    return outcome, time.monotonic() - began


class _Plain:
    """The answer on standard output, everything else on standard error."""

    def tell(self, event: str, **fields: Any) -> None:
        """Print an event."""
        if event == "invocation":
            text = fields["payload"]
            print(
                text if isinstance(text, str) else json.dumps(text, indent=2, ensure_ascii=False),
                flush=True,
            )
        elif event == "log":
            print(printable(fields["text"]), file=sys.stderr, flush=True)
        else:
            print(f"samlive: {fields['text']}", file=sys.stderr, flush=True)


def _find(settings: Settings, name: str) -> "Declared":
    from samlive_transform.declared import declared

    known = declared(rewriting.read(settings), settings.pairs("parameter_overrides"))
    if name not in known:
        close = difflib.get_close_matches(name, known, 1)
        listed = ", ".join(known) or "none"
        raise SamliveError(
            f"{settings.template} has no function {name}.",
            f"Did you mean {close[0]}?" if close else f"It has: {listed}.",
        )
    if reason := toolchains.obstacle(known[name].report):
        raise SamliveError(f"{name} cannot run here: {reason}.")
    return known[name]


def _event(file: str | None, kind: str | None, region: str, found: "Declared") -> bytes:
    text = None if file is None else _read(file)
    if kind is not None:
        text = json.dumps(sample_events.sample(kind, text, region, _route(kind, found)))
    elif text is None:
        text = "{}"
    else:
        _refuse_other_than_json(text, file)
    event = text.encode()
    if len(event) > MAX_PAYLOAD_BYTES:
        raise SamliveError(
            f"The event has {len(event):,} bytes; Lambda takes {MAX_PAYLOAD_BYTES:,} at most.",
            "Send a smaller one: Lambda refuses it as RequestTooLargeException.",
        )
    return event


def _refuse_other_than_json(text: str, file: str | None) -> None:
    try:
        json.loads(text)
    except ValueError as error:
        raise SamliveError(
            f"{_named(file)} is not JSON: {error}.",
            "Mend it, or name the --event whose message it is.",
        ) from None


def _route(kind: str, found: "Declared") -> sample_events.Route | None:
    """Return the function's own first route of a kind of API."""
    wanted = {"apigw": "Api", "httpapi": "HttpApi"}.get(kind)
    for event, method, path in found.routes:
        if event == wanted:
            return sample_events.Route(method, path)
    return None


def _read(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SamliveError(
            f"The event {_named(file)} cannot be read: {reason(error)}.",
            "Name a file that holds it with -e, or send a sample with --event.",
        ) from None


def _named(file: str | None) -> str:
    return "standard input" if file == "-" else str(file)


def _variables(
    settings: Settings, found: "Declared", region: str, environment: Mapping[str, str]
) -> dict[str, str]:
    """Return the variables as an execution environment of the function has them."""
    variables = {
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_LAMBDA_FUNCTION_NAME": found.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{found.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "TZ": ":UTC",
        **found.logging,
        **found.variables,
        **settings.pairs("variables"),
    }
    if settings.flag("use_my_credentials"):
        variables |= _credentials(settings, environment)
    return variables


def _credentials(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    from samlive.deploy.aws import Aws

    access = Access(environment, settings.text("region"), settings.text("profile"))
    keys = Aws(access).keys()
    found = {
        "AWS_ACCESS_KEY_ID": keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
    }
    if keys.session_token:
        found["AWS_SESSION_TOKEN"] = keys.session_token
    for name in ("AWS_ENDPOINT_URL", "AWS_CA_BUNDLE"):
        if environment.get(name):
            found[name] = environment[name]
    return found


def _tell_unknown(
    out: Output, found: "Declared", variables: Mapping[str, str], function: str
) -> None:
    missing = [name for name in found.unknown if name not in variables]
    if missing:
        text = (
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set: only a deploy "
            f"knows the value. Give it: --variables {missing[0]}=..."
        )
        out.tell("warning", function=function, text=text)


def _local(
    settings: Settings,
    found: "Declared",
    debug_port: int | None,
    out: Output,
    environment: Mapping[str, str],
) -> "LocalFunction":
    from samlive.local_functions import from_report, layer_arns

    cache = LayerCache(layer_cache.home(environment), _fetch(settings, environment))
    layers = cache.get(
        layer_arns((found.report,)),
        lambda arn, why: out.tell(
            "warning", function=found.report.logical_id, text=f"runs without the layer {arn}: {why}"
        ),
    )
    (local,) = from_report(
        (found.report,),
        settings.folder,
        _state(settings) / "inline",
        lambda name, text: out.tell("warning", function=name, text=text),
        layers,
    ).values()
    return debug_ports.with_port(local, debug_port)


def _fetch(settings: Settings, environment: Mapping[str, str]) -> Fetch | None:
    """Return what fetches layers: nothing does, unless the developer's credentials may be used."""
    if not settings.flag("use_my_credentials"):
        return None
    from samlive.deploy.aws import Aws

    return Aws(Access(environment, settings.text("region"), settings.text("profile"))).layer_version


def _state(settings: Settings) -> Path:
    project = Project(settings.folder)
    project.make()
    folder = project.root / "invoke"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _payload(body: bytes) -> Any:
    text = body.decode(errors="replace")
    try:
        return json.loads(text)
    except ValueError:
        return text
