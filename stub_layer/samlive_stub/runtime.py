"""The runtime loop: takes events from Lambda, gives them to the relay, posts the answers.

Events and answers pass through as raw bytes: nothing is parsed unless no relay
takes a request, and json, logging, urllib and asyncio are not imported before
that, because an import costs each cold start more than the connection does.

Runtime API: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import binascii
import sys
import time
from collections.abc import Mapping

from .contract import VARIABLE, Settings
from .http1 import HttpConnection, Response
from .init import Early
from .link import Link, LinkError
from .outcomes import Absent, Ended, Failure, Outcome
from .protocol import REQUEST_ID_FIELD

TYPE_CHECKING = False  # typing's own would cost an import
if TYPE_CHECKING:
    from .streaming import StreamedResponse

_PREFIX = "lambda-runtime-"
_BASE = "/2018-06-01/runtime"
_JSON = ("Content-Type", "application/json")
_ERROR_TYPE = "Lambda-Runtime-Function-Error-Type"


class Runtime:
    """One execution environment.

    Args:
        environ: Environment of this process.
        early: The connection that Init opened, if it could read the settings.
    """

    def __init__(self, environ: Mapping[str, str], early: Early | None = None) -> None:
        self._environ = environ
        self._early = early
        self._api = HttpConnection(environ["AWS_LAMBDA_RUNTIME_API"])
        self._policy = self._streams = ""
        self._streamed: StreamedResponse | None = None

    def run(self) -> int:
        """Serve until the process is ended; return an exit status when it cannot start."""
        try:
            settings = Settings.decode(self._environ.get(VARIABLE, ""))
            link = Link(settings, _key_of(settings), self._environ, self._early)
        except ValueError as problem:
            return self._init_error(problem)
        self._policy, self._streams = settings.absence, settings.streams
        link.prepare()
        while True:
            self._api.send("GET", f"{_BASE}/invocation/next")
            link.idle_until(self._api.fileno())
            self._serve(link, self._api.receive())
            link.settle()

    def _serve(self, link: Link, invocation: Response) -> None:
        if invocation.status != 200:
            raise SystemExit(f"samlive: the Runtime API answered {invocation.status} to /next")
        fields = fields_of(invocation.headers)
        event = bytes(invocation.body)
        self._streamed = None
        try:
            outcome = link.exchange(
                fields, event, _deadline(fields), lambda found: self._stream(fields, found)
            )
        except LinkError as problem:
            self._tell(fields, event, problem.kind, problem.message)
        else:
            self._answer(fields, event, outcome)

    def _answer(self, fields: dict[str, str], event: bytes, outcome: Outcome) -> None:
        if isinstance(outcome, Absent):
            text = (
                f"Nobody runs this function: {outcome.reason}. "
                "Start samlive dev for its stage, or deploy the real code."
            )
            self._tell(fields, event, "SamLive.RelayAbsent", text)
        elif not isinstance(outcome, Ended):
            self._post(fields, isinstance(outcome, Failure), outcome.body)
        elif self._streamed is not None:
            self._streamed.end(outcome.error)
        else:  # it broke off before the first byte
            self._post(fields, True, outcome.error)

    def _stream(self, fields: dict[str, str], found: dict[str, str]) -> "StreamedResponse":
        """Begin a response that comes in parts."""
        from .streaming import StreamedResponse

        path = f"{_BASE}/invocation/{fields[REQUEST_ID_FIELD]}/response"
        self._streamed = StreamedResponse(self._api, path)
        self._streamed.begin(found)
        return self._streamed

    def _tell(self, fields: dict[str, str], event: bytes, kind: str, message: str) -> None:
        """Answer that nobody has run the function, in the form that its caller takes."""
        from . import absence

        if self._streamed is not None:
            self._streamed.end(absence.error(kind, message))
            return
        is_error, body = self._absence(event, kind, message)
        found = b"" if is_error else absence.as_stream(event, body, self._streams)
        if found:
            response = self._stream(fields, {"content-type": absence.HTTP_TYPE})
            response.write(found)
            response.end()
        else:
            self._post(fields, is_error, body)

    def _absence(self, event: bytes, kind: str, message: str) -> tuple[bool, bytes]:
        from . import absence

        sys.stderr.write(f"samlive: {kind}: {message}\n")
        policy = self._policy if kind == "SamLive.RelayAbsent" else ""
        try:
            return absence.answer(event, kind, message, policy)
        except OSError as problem:
            return True, absence.error(kind, f"{message} CloudFormation was not told: {problem}")

    def _post(self, fields: dict[str, str], is_error: bool, body: bytes) -> None:
        path = f"{_BASE}/invocation/{fields[REQUEST_ID_FIELD]}/"
        headers: tuple[tuple[str, str], ...] = (_JSON,)
        if is_error:
            from .absence import error_type

            headers += ((_ERROR_TYPE, error_type(body)),)
        self._api.send("POST", path + ("error" if is_error else "response"), body, headers)
        # A refusal (the invocation timed out, the answer is too large) is between
        # Lambda and the caller: the next event comes all the same.
        self._api.receive()

    def _init_error(self, problem: ValueError) -> int:
        from .absence import error

        text = (
            f"This function was deployed as a stub of samlive, but its settings are broken: "
            f"{problem}. Deploy it again with samlive dev, or deploy the real code."
        )
        sys.stderr.write(f"samlive: {text}\n")
        headers = (_JSON, (_ERROR_TYPE, "SamLive.InvalidSettings"))
        self._api.send(
            "POST", f"{_BASE}/init/error", error("SamLive.InvalidSettings", text), headers
        )
        self._api.receive()
        return 1


def fields_of(headers: dict[str, str]) -> dict[str, str]:
    """Return what the relay must know of an invocation, from the headers of /next.

    Args:
        headers: Names in lower case.
    """
    fields = {
        name[len(_PREFIX) :]: value for name, value in headers.items() if name.startswith(_PREFIX)
    }
    if "content-type" in headers:
        fields["content-type"] = headers["content-type"]
    fields["now-ms"] = str(int(time.time() * 1000))
    return fields


def _key_of(settings: Settings) -> bytes:
    text = settings.key.translate({ord("-"): "+", ord("_"): "/"})
    try:
        key = binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)
    except binascii.Error:
        key = b""
    if len(key) != 32:
        raise ValueError(f"{VARIABLE} does not hold the stage's key")
    return key


def _deadline(fields: dict[str, str]) -> float:
    """Return the deadline on the monotonic clock."""
    left = int(fields.get("deadline-ms", "0")) / 1000 - time.time()
    return time.monotonic() + left
