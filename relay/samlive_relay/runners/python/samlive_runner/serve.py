"""The life of one environment: boot, import, then one invocation after another.

1. BOOT brings environment variables, handler, folders. The process was started
   without them, so that no secret is in its arguments.
2. The handler's module is imported; READY says how that went and which files
   were read. After a failed import the process ends: as in Lambda, the next
   request starts a new one.
3. INVOKE is answered by RESPONSE or ERROR, after LOADED when more files were
   read. End of file on the channel ends the process: the relay retired it, or died.

What the function writes goes to the ordinary descriptors 1 and 2, so that its
child processes are heard as well; they are flushed before each answer.
"""

import functools
import itertools
import json
import os
import socket
import sys
import sysconfig
import time
from collections.abc import Sequence
from typing import Any, Optional, Union

from . import botocore_loader, debugging, faults, fresh, handler, logs, payload
from .channel import (
    BOOT,
    DEPENDENCIES,
    ERROR,
    LOADED,
    READY,
    RELOAD,
    RESPONSE,
    Channel,
    split_invocation,
)
from .context import LambdaContext


def serve(connection: socket.socket, preloaded: int = 0, before: int = 0) -> None:
    """Serve one environment until the relay closes the channel.

    Args:
        connection: This end of the channel.
        preloaded: How many modules were there before, in a fork.
        before: KB of memory that the process has of its own already, in a fork that waited.
    """
    channel = Channel(connection)
    message = channel.receive()
    if message is None or message[0] != BOOT:
        return
    boot = json.loads(message[1])
    ledger = prepare(boot)
    debugged = "debug" in boot
    if debugged:
        debugging.wait_for_debugger(**boot["debug"])
    function = _load(channel, ledger, boot["handler"], before)
    told = debugged
    while function or debugged:
        message = channel.receive()
        if message is None:
            return
        if message[0] == RELOAD:
            debugging.forget(ledger)
            function = _load(channel, ledger, boot["handler"], before)
        elif function:  # else the relay has answered from the fault
            _invoke(channel, ledger, function, message[1])
            if not told:
                # After the answer: clients made in the handler count as well.
                imported = dependencies(preloaded, boot["runtime"])
                learned = {"modules": imported, "loader": botocore_loader.calls()}
                channel.send_json(DEPENDENCIES, learned)
                told = True


def _load(
    channel: Channel, ledger: fresh.Ledger, name: str, before: int
) -> Optional[handler.Handler]:
    """Import the handler and report how that went; None when it failed."""
    report: dict[str, Any] = {"before": before} if before else {}
    function = None
    try:
        function = handler.find(name)
    except Exception as problem:
        report["fault"] = faults.as_error(problem, "")
        faults.log_problem(report["fault"], problem)
    logs.flush()
    channel.send_json(READY, {"files": ledger.take(), **report})
    return function


def prepare(boot: dict[str, Any]) -> fresh.Ledger:
    """Make this process look like the function's environment; return its ledger."""
    set_variables(boot["environment"])
    os.chdir(boot["code"])
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    ledger = import_from(boot)
    ledger.watch_opens()
    logs.install()
    return ledger


def set_variables(variables: dict[str, str]) -> None:
    """Have just these environment variables."""
    os.environ.clear()
    os.environ.update(variables)
    time.tzset()


def import_from(boot: dict[str, Any]) -> fresh.Ledger:
    """Find the function's modules first, and compile them; return the ledger of its files."""
    extra = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    own = [boot["code"], *boot["path"], *extra]
    given = {*own, *boot["runtime"]}
    sys.path[:] = own + [path for path in sys.path if path not in given] + boot["runtime"]
    ledger = fresh.Ledger(boot["roots"])
    fresh.install(ledger)
    return ledger


def _invoke(
    channel: Channel, ledger: fresh.Ledger, function: handler.Handler, message: bytes
) -> None:
    fields, event = split_invocation(message)
    logs.begin(fields["request-id"], fields.get("tenant-id"))
    if "trace-id" in fields:
        os.environ["_X_AMZN_TRACE_ID"] = fields["trace-id"]
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    kind: bytes = RESPONSE
    body: Union[bytes, str]
    try:
        context = LambdaContext(fields)
        parsed = payload.parse_event(event, fields.get("content-type", "application/json"))
        body = payload.format_response(function(parsed, context))
    except Exception as problem:
        error = faults.as_error(problem, fields["request-id"])
        faults.log_problem(error, problem, function)
        kind, body = ERROR, payload.format_error(error)
    logs.flush()
    files = ledger.take()
    if files:
        channel.send_json(LOADED, files)
    if isinstance(body, str):
        body = body.encode()  # half of a surrogate pair ends the process, as it does in Lambda
    channel.send(kind, body)


def dependencies(preloaded: int = 0, runtime: Sequence[str] = ()) -> list[str]:
    """Return the modules of the interpreter and its packages that were imported, in order.

    Args:
        preloaded: How many modules a fork began with. They are not even looked at:
            a glance counts a reference, and so copies a page shared with the zygote.
        runtime: Folders of what Lambda's runtime would bring.
    """
    places = installed() | {path + os.sep for path in runtime}
    newest = itertools.islice(reversed(sys.modules.items()), max(0, len(sys.modules) - preloaded))
    return [
        name
        for name, module in reversed(list(newest))
        if name != "__main__" and not name.startswith("samlive_runner") and _is_in(module, places)
    ]


@functools.lru_cache(None)
def installed() -> frozenset[str]:
    """Return the folders of the interpreter and its packages, each with a separator.

    A zygote asks ahead: the answer reads a megabyte of build settings.
    """
    # Both as named and as resolved: a virtual environment may be a link to one.
    named = set(sysconfig.get_paths().values())
    return frozenset(path + os.sep for path in named | set(map(os.path.realpath, named)))


def _is_in(module: Any, places: frozenset[str]) -> bool:
    spec = getattr(module, "__spec__", None)
    if spec is None or spec.name != getattr(module, "__name__", None):
        return False
    if spec.origin in ("built-in", "frozen"):
        return True
    return bool(spec.origin) and any(spec.origin.startswith(place) for place in places)
