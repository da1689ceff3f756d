"""Does before it counts what makes the first time slow, and leaves nothing behind.

After a fork each page that is written to is copied first, at 4 us: some 450 of
them until a plain handler has answered, 2,500 more when it makes two clients of
AWS services at module scope. Those find caches empty besides (regular
expressions, modules that load late). So a fork that waits for its environment
goes through one life as a function of ours (`rehearsed/`), then makes the
clients that functions have made before, which is told by what botocore's loader
was asked for (`botocore_loader`). The zygote has made them once, for the caches.

It is tried in a child first: packages can have clients start threads, which would
be lost to every fork, or load modules late, whose reads of variables are watched
like those of all others.

Clients are made with credentials that are none and without configuration files,
and thrown away: none of them opens a connection. Of the life remains no module,
no path, no variable. What an environment gets is what it makes itself.
"""

import contextlib
import gc
import json
import os
import signal
import sys
import warnings
from collections.abc import Iterator
from typing import Any, Callable, Optional

from . import handler, payload, serve
from .context import LambdaContext

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "rehearsed")
MODULE = "samlive_rehearsed"
SESSION = "boto3.session"
THREADS = "/proc/self/task"
TRIAL_SECONDS = 20
NOBODY = {
    "aws_access_key_id": "rehearsal",
    "aws_secret_access_key": "rehearsal",
    "region_name": "us-east-1",
}
NOWHERE = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def rehearse_life() -> None:
    """Go through what an environment does until its first answer, and undo it."""
    environment = dict(os.environ)
    paths, hooks = list(sys.path), list(sys.path_hooks)
    boot = {"code": FOLDER, "path": [], "runtime": [], "roots": [FOLDER]}
    boot = json.loads(json.dumps({**boot, "environment": environment}))
    fields = {"request-id": "rehearsal", "deadline-ms": "0"}
    try:
        serve.set_variables(environment)
        ledger = serve.import_from(boot)
        function = handler.find(f"{MODULE}.handler")
        event = payload.parse_event(b"{}", "application/json")
        payload.format_response(function(event, LambdaContext(fields)))
        json.dumps({"files": ledger.take()}).encode()
    except Exception:
        return  # the function meets it again
    finally:
        sys.modules.pop(MODULE, None)
        sys.path[:], sys.path_hooks[:] = paths, hooks
        sys.path_importer_cache.pop(FOLDER, None)


def trial(recorded: list[Any]) -> Optional[list[str]]:
    """Make the clients in a child; return the modules that loads, None when it does harm.

    A package that is not loaded yet was left out of this zygote, for its reasons.
    """
    if SESSION not in sys.modules or not any(_plans(recorded)):
        return []
    readable, writable = os.pipe()
    try:
        pid = os.fork()
    except OSError:
        os.close(readable)
        os.close(writable)
        return None
    if pid == 0:
        status = 1
        try:
            signal.alarm(TRIAL_SECONDS)
            before, modules = len(os.listdir(THREADS)), set(sys.modules)
            rehearse_clients(recorded)
            late = [name for name in sys.modules if name not in modules]
            alone = len(os.listdir(THREADS)) == before
            if alone and all(name.partition(".")[0] in modules for name in late):
                os.write(writable, json.dumps(late).encode())
                status = 0
        finally:
            os._exit(status)
    os.close(writable)
    with open(readable, "rb") as pipe:
        answer = pipe.read()
    unharmed = os.waitpid(pid, 0)[1] == 0 and answer
    return json.loads(answer) if unharmed else None


def rehearse_clients(recorded: list[Any], wanted: Callable[[], bool] = lambda: False) -> None:
    """Make each client and resource that functions made before, and throw it away.

    Args:
        recorded: Calls of botocore's data loader.
        wanted: Whether there is something better to do by now; asked between two clients.
    """
    boto3 = sys.modules.get(SESSION)
    plans = list(dict.fromkeys(_plans(recorded)))
    if boto3 is None or not plans:
        return
    with _nowhere(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whoever makes them first is to be warned
        try:
            session = boto3.Session(**NOBODY)
        except Exception:
            return
        for kind, service, version in plans:
            if wanted():
                return
            try:
                getattr(session, kind)(service, api_version=version)
            except Exception:
                continue  # the function meets it again, and is told
        del session
        gc.collect()  # clients are cycles: whoever looks at all objects is to find none of these


def _plans(recorded: list[Any]) -> Iterator[tuple[str, str, Any]]:
    """Find "client" or "resource", service and API version in calls of the loader."""
    for call in recorded:
        if len(call) < 4 or call[0] != "load_service_model":
            continue
        version = call[-1]
        if call[2] == "resources-1":
            yield "resource", call[1], version
        elif call[2] == "service-2":
            yield "client", call[1], version


@contextlib.contextmanager
def _nowhere() -> Iterator[None]:
    """Keep what is read of the developer's own configuration out."""
    before = dict(os.environ)
    os.environ.update(NOWHERE)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
