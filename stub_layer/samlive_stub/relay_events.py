"""What `responder.RelaySide` tells the relay; not part of the layer."""

from .record import Quick, Record


class Hello(Record):
    """A worker told its function and environment; sent again when they change."""

    __slots__ = ("environment", "function", "worker")
    worker: str
    function: str
    environment: dict[str, str]

    def __init__(self, worker: str, function: str, environment: dict[str, str]) -> None:
        self._set(worker=worker, function=function, environment=environment)

    def __repr__(self) -> str:
        # The environment holds the role's credentials.
        return f"Hello({self.worker!r}, {self.function!r}, <{len(self.environment)} variables>)"


class Invocation(Quick):
    """A request was accepted; the relay owes it exactly one `RelaySide.answer`.

    Args:
        worker: Execution environment that waits.
        request_id: Lambda's request id; a retry of an asynchronous one has it again.
        fields: The Runtime API's headers in lower case without "lambda-runtime-",
            such as "deadline-ms" and "invoked-function-arn", and "now-ms", the
            stub's clock when it sent them.
        event: The raw event.
    """

    __slots__ = ("event", "fields", "request_id", "worker")
    worker: str
    request_id: str
    fields: dict[str, str]
    event: bytes

    def __init__(self, worker: str, request_id: str, fields: dict[str, str], event: bytes) -> None:
        self.worker = worker
        self.request_id = request_id
        self.fields = fields
        self.event = event


class UploadWanted(Record):
    """A worker has a large request; the relay owes it one `RelaySide.offer`."""

    __slots__ = ("number", "worker")
    worker: str
    number: bytes

    def __init__(self, worker: str, number: bytes) -> None:
        self._set(worker=worker, number=number)


class FetchWanted(Record):
    """A request was put into S3; the relay owes it one `RelaySide.fetched`."""

    __slots__ = ("name", "number", "worker")
    worker: str
    number: bytes
    name: str

    def __init__(self, worker: str, number: bytes, name: str) -> None:
        self._set(worker=worker, number=number, name=name)


class ForeignPresence(Record):
    """Another relay session spoke on the stage's presence topic.

    Args:
        session: Its session id.
        owner: Who runs it.
        host: On which machine.
        since: When it started, epoch milliseconds; orders sessions.
        state: "here" or "gone".
        newer: Whether stubs turn from this session, once announced, to that one.
    """

    __slots__ = ("host", "newer", "owner", "session", "since", "state")
    session: str
    owner: str
    host: str
    since: int
    state: str
    newer: bool

    def __init__(
        self, session: str, owner: str, host: str, since: int, state: str, newer: bool
    ) -> None:
        self._set(session=session, owner=owner, host=host, since=since, state=state, newer=newer)


class Refused(Record):
    """A packet was refused and had no effect; the reason is one of a few fixed texts."""

    __slots__ = ("reason",)
    reason: str

    def __init__(self, reason: str) -> None:
        self._set(reason=reason)


RelayEvent = Hello | Invocation | UploadWanted | FetchWanted | ForeignPresence | Refused
