"""One call of one function on this machine, by the relay's own workers; no cloud.

The process is the one that a live stage would start: the project's interpreter,
layers, log format and error JSON are the same. It ends with its call.
"""

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from samlive.errors import SamliveError

if TYPE_CHECKING:
    from samlive_relay.config import AwsCredentials, LocalFunction
    from samlive_relay.workers.worker import Call, Outcome

Line = Callable[[str, str, str], None]
"""Told of (request id, stream, text)."""


@dataclass(frozen=True, slots=True)
class LocalCall:
    """What is called, and with what.

    Args:
        function: The function.
        event: The raw event.
        variables: The environment's variables, as the cloud would have them.
        arn: ARN that the context names.
        project: Folder of the project.
        state: Folder for caches, readable by the user alone.
    """

    function: "LocalFunction"
    event: bytes = field(repr=False)
    variables: Mapping[str, str] = field(repr=False)
    arn: str
    project: Path
    state: Path


def run(wanted: LocalCall, line: Line, warn: Callable[[str, str], None]) -> "Outcome":
    """Run a call and return its one answer.

    Args:
        wanted: The call.
        line: Told of every line that the function writes.
        warn: Told what the user should know: logical id, text.

    Raises:
        RelayError: Nothing on this machine can run the function.
    """
    return asyncio.run(_run(wanted, line, warn))


async def _run(wanted: LocalCall, line: Line, warn: Callable[[str, str], None]) -> "Outcome":
    from samlive_relay.config import Broker, RelayConfig
    from samlive_relay.workers.starter import Starter
    from samlive_relay.workers.worker import Hooks

    config = RelayConfig(
        app="local",
        stage="local",
        key=b"",
        owner="",
        broker=Broker("", "", _no_credentials),
        functions={},
        project=wanted.project,
        state=wanted.state,
    )
    starter = Starter(config, warn)
    try:
        hooks = Hooks(line, lambda files: None)
        worker = await starter.start(wanted.function, wanted.variables, hooks)
        try:
            outcome = await worker.invoke(_call(wanted))
            outcome = _within_limits(outcome)
            starter.judge(worker, outcome)
            worker.retire()
        except BaseException:
            worker.kill()
            raise
        finally:
            await worker.gone()
        return outcome
    finally:
        await starter.close()


def _within_limits(outcome: "Outcome") -> "Outcome":
    """Return an answer, or Lambda's error when Lambda would not take it."""
    from samlive_stub.responder import MAX_RESPONSE_BYTES, TOO_LARGE

    if len(outcome.body) <= MAX_RESPONSE_BYTES:
        return outcome
    return replace(outcome, body=TOO_LARGE, error=True)


def _call(wanted: LocalCall) -> "Call":
    from samlive_relay.workers.worker import Call

    request_id = str(uuid.uuid4())
    seconds = float(wanted.function.timeout)
    fields = {
        "request-id": request_id,
        "deadline-ms": str(int((time.time() + seconds) * 1000)),
        "invoked-function-arn": wanted.arn,
        "trace-id": f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};Sampled=0",
    }
    return Call(request_id, fields, wanted.event, seconds)


def _no_credentials() -> "AwsCredentials":
    raise SamliveError("A local call has no broker.")
