"""The place where a live call happens: broker, relay and stub, real but for the cloud.

    stub (this process)  --WSS-->  broker  <--WSS--  relay  --  worker

The stub's part is `samlive_stub.link.Link`, what the layer's runtime loop uses:
the protocol, its own WebSocket and MQTT, TLS. Only the Runtime API's two
loopback requests are left out. The relay is a process of its own, without the
command around it. Everything is sealed and goes over TLS, as with AWS.
"""

import json
import os
import secrets
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from . import certificate
from .processes import Bench, Child

APP, STAGE, REGION = "bench", "dev", "eu-central-1"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
}
LOOPBACK = "127.0.0.1"


@dataclass(slots=True)
class Place:
    """A broker, and what is needed to reach it.

    Args:
        endpoint: "address:port".
        ca: File to trust.
        folder: Folder of the run.
        broker: Its process.
    """

    endpoint: str
    ca: Path
    folder: Path
    broker: Child
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    @property
    def root(self) -> Path:
        """What to trust as a stub reads it."""
        return self.ca.with_suffix(".der")


def broker(bench: Bench, address: str = LOOPBACK, namespace: str | None = None) -> Place:
    """Start a broker.

    Args:
        bench: The run.
        address: Address to listen on.
        namespace: Network namespace to run in.
    """
    ca, key = certificate.write(bench.folder, address)
    arguments = ("--bind", address, "--certificate", str(ca), "--key", str(key))
    child = bench.python("support.broker", *arguments, namespace=namespace)
    return Place(f"{address}:{child.hear()['port']}", ca, bench.folder, child)


def relay(
    bench: Bench,
    place: Place,
    functions: dict[str, dict[str, Any]],
    project: Path,
    *,
    paced: bool = True,
    namespace: str | None = None,
    interpreter: str | None = None,
    cloud: Mapping[str, str] | None = None,
    **settings: Any,
) -> Child:
    """Start a relay and wait until it serves.

    Args:
        bench: The run.
        place: Its broker.
        functions: Fields of `LocalFunction` by logical id; "code" is a path.
        project: Folder of the project.
        paced: Whether it keeps below AWS IoT's rate limits, as it always does for users.
        namespace: Network namespace to run in.
        interpreter: Python of the active virtual environment; none is active when None.
        cloud: What points at the cloud whose S3 takes large payloads; none does when None.
        settings: Further fields of `RelayConfig`.
    """
    environment = {name: text for name, text in os.environ.items() if name != "VIRTUAL_ENV"}
    if interpreter is not None:
        environment["VIRTUAL_ENV"] = str(Path(interpreter).parents[1])
    child = bench.python("support.relay_host", namespace=namespace, environment=environment)
    child.tell(
        {
            "app": APP,
            "stage": STAGE,
            "key": place.key.hex(),
            "endpoint": place.endpoint,
            "region": REGION,
            "ca": str(place.ca),
            "credentials": CREDENTIALS,
            "functions": functions,
            "project": str(project),
            "state": str(place.folder / f"state-{secrets.token_hex(4)}"),
            "paced": paced,
            "cloud": dict(cloud or {}),
            "settings": settings,
        }
    )
    ready = child.hear()
    if "error" in ready:
        raise SystemExit(f"The relay did not start: {ready['error']}")
    return child


class CallFailed(Exception):
    """A call was answered by an error, or not at all."""


def unpace() -> None:
    """Take the rate limits out of this process's end of the protocol."""
    from samlive_stub import outbox
    from samlive_stub.pacing import Pacer

    class Unpaced(Pacer):
        def delay(self, size: int, now: float) -> float:
            return 0.0

        def received(self, size: int, now: float) -> None:
            pass

        def usage(self, now: float) -> float:
            return 0.0

    setattr(outbox, "Pacer", Unpaced)  # noqa: B010  (mypy takes the name for a type)


class Stub:
    """One execution environment's way to the relay.

    Args:
        place: The broker.
        function: Logical id of the function it stands for.
        variables: Further environment variables of the function.
    """

    def __init__(self, place: Place, function: str, **variables: str) -> None:
        from samlive_stub import link, sockets
        from samlive_stub.contract import Settings
        from samlive_stub.requester import Answer

        self._answer = Answer
        sockets.ROOTS = str(place.root)
        settings = Settings(
            app=APP,
            stage=STAGE,
            function=function,
            endpoint=place.endpoint,
            region=REGION,
            key="",
        )
        log_stream = f"2026/01/01/[$LATEST]{secrets.token_hex(16)}"
        environ = {
            **CREDENTIALS,
            **variables,
            "AWS_LAMBDA_FUNCTION_NAME": f"{APP}-{function}",
            "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        }
        self._link = link.Link(settings, place.key, environ)
        self._link.prepare()

    def call(
        self, event: bytes, seconds: float = 60.0, given: dict[str, str] | None = None
    ) -> bytes:
        """Invoke the function and return its raw answer.

        Args:
            event: The raw event.
            seconds: Time it may take.
            given: Its `fields`, made before: that is Lambda's part and not the stub's.

        Raises:
            CallFailed: It was not answered by the function.
        """
        until = time.monotonic() + seconds
        outcome = self._link.exchange(given or fields(seconds), event, until, _no_stream)
        if not isinstance(outcome, self._answer):
            raise CallFailed(failure(outcome))
        return outcome.body

    def close(self) -> None:
        """Hang up."""
        self._link._connection.close()


def _no_stream(found: dict[str, str]) -> NoReturn:
    raise OSError("benchmarked functions answer whole")


def failure(outcome: object) -> str:
    """Return what an outcome that is no answer says."""
    body = getattr(outcome, "body", None)
    if body is None:
        return str(getattr(outcome, "reason", outcome))
    return str(json.loads(body).get("errorMessage"))


def fields(seconds: float) -> dict[str, str]:
    """Return the fields of a new request, as the Runtime API's headers give them."""
    now = int(time.time() * 1000)
    return {
        "aws-request-id": str(uuid.uuid4()),
        "deadline-ms": str(now + int(seconds * 1000)),
        "invoked-function-arn": f"arn:aws:lambda:{REGION}:123456789012:function:bench",
        "trace-id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1",
        "content-type": "application/json",
        "now-ms": str(now),
    }
