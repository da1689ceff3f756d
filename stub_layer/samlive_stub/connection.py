"""The socket to the broker: opens, sends, receives; `session` does the thinking.

Credentials are read from the environment at each connect.

An environment may have been frozen since the last invocation, for hours. The
broker has hung up by then, perhaps without a packet that could reach us. So
`check` compares how long the connection was quiet, by both clocks (the
monotonic one may stand still meanwhile), and looks for an end of file.
"""

import select
import time
from collections.abc import Mapping

from . import mqtt
from .session import CONNECT, KEEP_ALIVE, SUBSCRIBE, BrokerSession, Refused
from .sigv4 import presign
from .sockets import CONNECT_SECONDS, Socket, open_socket

SEND_SECONDS = 15.0

_CHUNK = 64 * 1024
"""More would be mapped and unmapped by the kernel for each read."""

_TLS_WANTS_MORE, _TLS_WANTS_ROOM = 2, 3
"""errno of ssl.SSLWantReadError and SSLWantWriteError; the names would cost an import."""


class Connection:
    """A connection that can be opened again and again.

    Args:
        endpoint: Host of the broker, ":port" when not 443.
        region: Region that signs.
        client_id: MQTT client id.
        topics: Topics to subscribe to.
        environ: Where the credentials are.
    """

    def __init__(
        self,
        endpoint: str,
        region: str,
        client_id: str,
        topics: tuple[str, ...],
        environ: Mapping[str, str],
    ) -> None:
        self._endpoint = endpoint
        self._region = region
        self._client_id = client_id
        self._topics = topics
        self._environ = environ
        self._socket: Socket | None = None
        self._session: BrokerSession | None = None
        self._pipelined = True
        self._early: list[mqtt.Incoming] = []
        self._wall = 0.0

    @property
    def open(self) -> bool:
        """Whether the subscriptions are in effect and nothing has failed since."""
        return self._socket is not None

    def fileno(self) -> int:
        """Return the descriptor to wait on; -1 when closed."""
        return self._socket.fileno() if self._socket else -1

    def connect(self) -> None:
        """Open the connection and subscribe.

        Raises:
            Refused: The broker refused, which may be a permission that is not in effect yet.
            OSError: It cannot be reached.
        """
        self.close()
        try:
            self._dial(self._pipelined)
        except (Refused, OSError):
            phase = self._session.phase if self._session else ""
            self.close()
            if not self._pipelined or phase not in (CONNECT, SUBSCRIBE):
                raise
            # In sequence the phase of the refusal is certain; and some broker
            # might not like the pipelining itself.
            try:
                self._dial(False)
            except BaseException:
                self.close()
                raise
            self._pipelined = False

    def close(self) -> None:
        """Close the socket, if there is one."""
        if self._socket:
            self._socket.close()
        self._socket = self._session = None
        self._early.clear()

    def check(self) -> bool:
        """Tell whether the connection can still be alive after a freeze; closes it if not."""
        if not self._session:
            return False
        quiet = max(time.monotonic() - self._session.heard_at, time.time() - self._wall)
        if quiet > KEEP_ALIVE * 1.5:
            self.close()
        return self.open

    def publish(self, topic: str, payload: bytes) -> None:
        """Queue a publish for `flush`."""
        if self._session:
            self._session.publish(topic, payload, time.monotonic())

    def flush(self) -> None:
        """Send what is queued.

        Raises:
            OSError: The connection broke; it is closed.
        """
        if self._session:
            self._session.flush()
            self._send()

    def next_wakeup(self) -> float:
        """Return when `receive` should be called even without data (monotonic clock)."""
        return self._session.next_wakeup() if self._session else float("inf")

    def receive(self, timeout: float) -> list[mqtt.Incoming]:
        """Wait for messages, keep the connection alive.

        Args:
            timeout: Seconds to wait at the most; 0 to take all that has come, up to
                the end of file.

        Raises:
            Refused: The broker refused a publish.
            OSError: The connection broke; it is closed.
        """
        messages = self._early
        self._early = []
        until = 0.0 if messages or timeout <= 0 else time.monotonic() + timeout
        left = timeout if until else 0.0
        try:
            while self._socket and self._readable(left):
                messages += self._read()
                if until:
                    if messages:
                        break  # more of them can be read in the next turn
                    # An acknowledgement: nothing for the owner.
                    left = until - time.monotonic()
            if self._session:
                if not messages:
                    self._session.tick(time.monotonic())
                self._send()
        except (Refused, OSError):
            self.close()
            if not messages:
                raise
        return messages

    def _dial(self, pipelined: bool) -> None:
        host = self._endpoint
        path = presign(
            host,
            self._region,
            self._environ.get("AWS_ACCESS_KEY_ID", ""),
            self._environ.get("AWS_SECRET_ACCESS_KEY", ""),
            self._environ.get("AWS_SESSION_TOKEN"),
            time.time(),
        )
        self._socket = open_socket(host)
        self._socket.settimeout(0.0)
        self._session = BrokerSession(host, path, self._client_id, self._topics, pipelined)
        until = time.monotonic() + CONNECT_SECONDS
        self._send()
        while not self._session.ready:
            left = until - time.monotonic()
            if left <= 0 or not self._readable(left):
                raise TimeoutError(f"the broker did not answer ({self._session.phase})")
            self._early += self._read()

    def _readable(self, timeout: float) -> bool:
        assert self._socket
        pending = getattr(self._socket, "pending", None)
        if pending and pending():
            return True
        return bool(select.select([self._socket], (), (), max(0.0, timeout))[0])

    def _read(self) -> list[mqtt.Incoming]:
        assert self._socket and self._session
        try:
            data = self._socket.recv(_CHUNK)
        except ConnectionError:
            data = b""
        except OSError as problem:
            # TLS has bytes of its own, such as session tickets: readable, yet nothing for us.
            if isinstance(problem, BlockingIOError) or problem.errno == _TLS_WANTS_MORE:
                return []
            raise
        if not data:
            if self._session.waiting:
                # AWS IoT hangs up on what a policy does not allow.
                raise Refused(self._session.phase, "the broker hung up")
            raise ConnectionResetError("the broker hung up")
        self._wall = time.time()
        try:
            messages = self._session.feed(data, time.monotonic())
        except ValueError as problem:
            raise ConnectionResetError(str(problem)) from None
        if not self._session.ready:
            self._send()
        return messages

    def _send(self) -> None:
        assert self._socket and self._session
        if not self._session.out:
            return
        left = memoryview(self._session.take_output(time.monotonic()))
        try:
            while left:
                try:
                    left = left[self._socket.send(left) :]
                except OSError as problem:
                    if not isinstance(problem, BlockingIOError) and (
                        problem.errno != _TLS_WANTS_ROOM
                    ):
                        raise
                    if not select.select((), [self._socket], (), SEND_SECONDS)[1]:
                        raise TimeoutError("the broker takes nothing any more") from None
        except OSError:
            self.close()
            raise
