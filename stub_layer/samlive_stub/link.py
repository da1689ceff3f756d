"""Carries one request at a time to the relay and its outcome back.

Joins `requester` (what to say) and `connection` (how it gets there), and owns
the clock. The connection is opened during Init, used for as long as it lives,
and opened again whenever it turns out to be dead.

IAM is eventually consistent: a role that was made together with the function
may be refused at first. So refusals are tried again for `GRACE_SECONDS` after
the environment started, while the invocation waits, and then reported with the
statement that is missing.
"""

import select
import sys
import time
from collections.abc import Mapping

from .contract import Settings
from .environment import for_local_process
from .init import Early
from .outcomes import Absent, Ended, Outcome, Transfer
from .protocol import ACCEPTED, STREAMING
from .requester import StubSide
from .session import CONNECT, PUBLISH, SUBSCRIBE, UPGRADE, Refused

TYPE_CHECKING = False  # typing's own would cost an import
if TYPE_CHECKING:
    from collections.abc import Callable

    from .store import Courier
    from .streaming import StreamedResponse

    BeginStream = Callable[[dict[str, str]], StreamedResponse]

GRACE_SECONDS = 60.0
"""How long after its start an environment takes refusals for IAM's delay."""

REFUSAL_SECONDS = 3.0
"""How long a refusal is tried again after that."""

OUTAGE_SECONDS = 20.0
"""How long an invocation waits for a broker that cannot be reached."""

HTTP_SECONDS = 20.0
"""How long an HTTP caller waits at the most: API Gateway gives up after 29."""

SPARE_SECONDS = 1.0
"""What is left of the timeout to answer in, when nobody listens."""

_PAUSES = (0.1, 0.2, 0.5, 1.0)

_ACTIONS = {
    UPGRADE: "iot:Connect on client/samlive:{app}:{stage}:stub:*",
    CONNECT: "iot:Connect on client/samlive:{app}:{stage}:stub:*",
    SUBSCRIBE: "iot:Subscribe on topicfilter/samlive/{app}/{stage}/reply/* and "
    "topicfilter/samlive/{app}/{stage}/presence",
    PUBLISH: "iot:Publish on topic/samlive/{app}/{stage}/request/*",
}


class LinkError(Exception):
    """The broker could not be used for the request.

    Args:
        kind: Error type of the answer, "SamLive.…".
        message: What happened and what to do.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


class Link:
    """The way to the relay, for the life of an execution environment.

    Args:
        settings: What the transform wrote for this function.
        key: The stage's key.
        environ: Environment of this process.
        early: The connection that Init opened; without one `prepare` opens it.
    """

    def __init__(
        self,
        settings: Settings,
        key: bytes,
        environ: Mapping[str, str],
        early: Early | None = None,
    ) -> None:
        self._early = early
        opened = early or Early(settings, environ)
        self._settings = settings
        self._key = key
        self._courier: Courier | None = None
        self._abilities: dict[str, str] = {}
        self._side = StubSide(
            key,
            settings.app,
            settings.stage,
            opened.worker,
            settings.function,
            for_local_process(environ),
        )
        self._connection = opened.connection
        self._grace_until = time.monotonic() + GRACE_SECONDS
        self._event = b""
        self._refusal: Refused | None = None
        self._down_since: float | None = None
        self._setbacks = 0
        self._begin_stream: BeginStream | None = None
        self._stream: StreamedResponse | None = None
        self._told: set[str] = set()

    def prepare(self) -> None:
        """Connect ahead of the first request; a failure is left for it to meet again."""
        problem = None
        if self._early:
            problem = self._early.problem
            if self._connection.open:
                self._side.connected(time.monotonic())
        else:
            try:
                self._connect()
            except (Refused, OSError) as failure:
                problem = failure
        if problem:
            self._tell(f"not connected yet: {problem}")

    def idle_until(self, descriptor: int) -> None:
        """Keep the connection alive until something can be read from a descriptor."""
        while True:
            waiting = [descriptor]
            timeout = None
            if self._connection.open:
                waiting.append(self._connection.fileno())
                timeout = max(0.0, self._connection.next_wakeup() - time.monotonic())
            ready = select.select(waiting, (), (), timeout)[0]
            if ready != [descriptor]:
                # Time for a ping, or something has come, perhaps an end of file in a freeze.
                self._listen(0.0)
            if descriptor in ready:
                return

    def settle(self) -> None:
        """Acknowledge what came in, after the answer was posted and before the freeze."""
        try:
            self._connection.flush()
        except OSError as problem:
            self._lost(problem)

    def exchange(
        self,
        fields: dict[str, str],
        event: bytes,
        deadline: float,
        stream: "BeginStream",
    ) -> Outcome:
        """Take a request to the relay and wait for its outcome.

        Args:
            fields: What the relay must know beside the event.
            event: The raw event.
            deadline: When Lambda ends the invocation (monotonic clock, seconds).
            stream: Begins a response that comes in parts, given what the relay says of it.

        Raises:
            LinkError: The broker refused or could not be reached.
        """
        self._connection.check()
        self._event = event
        self._progress()
        now = time.monotonic()
        spare = min(SPARE_SECONDS, (deadline - now) / 4)
        self._side.begin(fields | self._abilities, event, now, deadline - spare)
        self._begin_stream, self._stream = stream, None
        try:
            while (outcome := self._side.outcome) is None:
                if self._connection.open:
                    self._turn()
                else:
                    self._reconnect(deadline)
        except LinkError:
            self._side.abandon()
            raise
        if isinstance(outcome, Ended):
            self._pass_on()
            self._publish()
        if isinstance(outcome, Absent):
            # A relay's message may have been lost on this connection. The next one
            # brings the retained presence anew, so nobody is taken for absent for long.
            self._connection.close()
            self._side.disconnected()
        return outcome

    def _turn(self) -> None:
        if not self._publish():
            return
        now = time.monotonic()
        self._side.tick(now)  # what it brings leaves in the next turn
        if self._side.outcome is None:
            due = min(self._side.next_wakeup(now), self._connection.next_wakeup())
            self._listen(max(0.0, min(due - time.monotonic(), 60.0)))
        if self._side.transfer and self._side.stream_fields is None:
            self._transfer(self._side.transfer)
        if self._side.state in (ACCEPTED, STREAMING):
            self._progress()
        self._pass_on()

    def _publish(self) -> bool:
        """Send what is due; False when the connection is lost."""
        try:
            for packet in self._side.take_publishes(time.monotonic()):
                self._connection.publish(packet.topic, packet.payload)
            self._connection.flush()
        except OSError as problem:
            self._lost(problem)
            return False
        return True

    def _pass_on(self) -> None:
        """Give Lambda what has come of a streamed response."""
        fields = self._side.stream_fields
        if fields is None or self._begin_stream is None:
            return
        try:
            if self._stream is None:
                self._stream = self._begin_stream(fields)
            while (data := self._side.take_parts(time.monotonic())) or self._side.transfer:
                if data:
                    self._stream.write(data)
                elif wanted := self._side.transfer:
                    self._publish()  # what was taken, so that more comes meanwhile
                    self._transfer(wanted)
        except OSError as problem:
            self._tell(f"Lambda takes no more of a response: {problem}")
            self._begin_stream = None
            self._side.refuse_parts(time.monotonic())

    def _transfer(self, wanted: Transfer) -> None:
        """Move a large payload by way of S3; when that fails it goes in frames."""
        from .store import ABILITIES, Courier

        found = None
        self._courier = self._courier or Courier(self._key)
        self._abilities = ABILITIES
        try:
            found = self._courier.carry(wanted)
        except (OSError, ValueError) as problem:
            self._tell(f"S3 is not used for a large payload: {problem}")
        self._side.transferred(found, time.monotonic())

    def _listen(self, timeout: float) -> None:
        try:
            messages = self._connection.receive(timeout)
        except (Refused, OSError) as problem:
            self._lost(problem)
            return
        for message in messages:
            refused = self._side.receive(message.topic, message.payload, time.monotonic())
            if refused:
                self._tell(f"refused a packet on {message.topic}: {refused}")
        if not self._connection.open:
            self._side.disconnected()

    def _lost(self, problem: Exception) -> None:
        self._connection.close()
        self._side.disconnected()
        self._refusal = problem if isinstance(problem, Refused) else None
        self._tell(f"connection lost: {problem}")

    def _connect(self) -> None:
        self._side.disconnected()
        self._connection.connect()
        self._side.connected(time.monotonic())

    def _reconnect(self, deadline: float) -> None:
        """Try once to be connected, after a pause when the try before was refused."""
        if self._refusal:
            # The last connection worked until a publish was refused.
            self._pause(self._refusal, deadline)
            self._refusal = None
        try:
            self._connect()
        except (Refused, OSError) as problem:
            self._pause(problem, deadline)

    def _progress(self) -> None:
        """Forget setbacks: the way to the relay works."""
        self._setbacks = 0
        self._down_since = None

    def _pause(self, problem: Exception, deadline: float) -> None:
        """Wait before the next try.

        Raises:
            LinkError: There is no time for one.
        """
        now = time.monotonic()
        if self._down_since is None:
            self._down_since = now
        pause = _PAUSES[min(self._setbacks, len(_PAUSES) - 1)]
        self._setbacks += 1
        if now + pause > min(self._patience(problem, self._down_since), deadline - 2.0):
            raise self._error(problem)
        self._tell(f"not connected, trying again: {problem}")
        time.sleep(pause)

    def _patience(self, problem: Exception, since: float) -> float:
        """Return until when it is worth trying again."""
        if not isinstance(problem, Refused):
            return since + OUTAGE_SECONDS
        from .absence import is_http

        # An old environment's refusal may be a broker that restarted.
        until = max(self._grace_until, since + REFUSAL_SECONDS)
        return min(until, since + HTTP_SECONDS) if is_http(self._event) else until

    def _error(self, problem: Exception) -> LinkError:
        if isinstance(problem, Refused):
            stage = {"app": self._settings.app, "stage": self._settings.stage}
            action = _ACTIONS[problem.phase].format(**stage)
            return LinkError(
                "SamLive.BrokerRefused",
                f"AWS IoT refused the stub of {self._settings.function} ({problem.detail}). "
                f"Its role needs {action}; permissions boundaries and service control policies "
                "must allow it too. Deploy again with samlive dev to add the statement.",
            )
        return LinkError(
            "SamLive.BrokerUnreachable",
            f"The stub of {self._settings.function} cannot reach {self._settings.endpoint}: "
            f"{problem}. A function in a VPC needs a NAT gateway or an endpoint for iot.data; "
            "a new account's endpoint can take minutes to appear in DNS.",
        )

    def _tell(self, text: str) -> None:
        """Write a line to the function's log, each text once."""
        if text not in self._told and len(self._told) < 100:
            self._told.add(text)
            sys.stderr.write(f"samlive: {text}\n")
