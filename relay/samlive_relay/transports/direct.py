"""AWS IoT over MQTT 5 and WebSocket, by the same codec as the stub's.

    dial (a thread) -> handshake -> CONNECT -> SUBSCRIBE -> ready
       ^                                                      |
       '------------------ pause, a fresh will <------- lost -'

Everything after the TLS handshake runs on the relay's loop: no second thread
has to be woken for a message, and none is imported for 70 ms at the start.
`iot` does the same by way of awscrt, see `connections`.

A publish leaves at once. While others are under way, the first of a turn of the loop
does, and the rest of that turn follows in one write. An acknowledgement waits
`ACK_SECONDS` for a publish to travel with.
Credentials are asked for at every connect, on the dialling thread, because
refreshing them may use the network.
"""

import asyncio
import contextlib
import random
import socket
import threading
import time

from samlive_relay.config import Broker
from samlive_relay.errors import RelayError
from samlive_relay.events import ConnectionChanged
from samlive_stub.protocol import Publish
from samlive_stub.sigv4 import presign

from . import refusals
from .dial import describe, dial
from .link import Connector, Link
from .refusals import Refusal
from .session import CONNECT, HANDSHAKE, SUBSCRIBE, Denied, Session
from .wire import Wire

CONNECT_SECONDS = 12.0
"""The first connection is given up after this; later ones are tried for ever."""

MAX_FAILURES = 3
"""The first connection is given up after so many failures in a row."""

HANDSHAKE_SECONDS = 10.0
RECONNECT_SECONDS = (0.5, 20.0)
STOP_SECONDS = 3.0
TICK_SECONDS = 3.0
ACK_SECONDS = 0.003

BUSY = (0x88, 0x89, 0x97, 0x9F)
"""Reasons of a CONNACK that pass by themselves: unavailable, busy, over a quota or rate."""


def connector_for(broker: Broker) -> Connector:
    """Return what makes connections to a broker.

    Args:
        broker: Endpoint, credentials, trust and proxy.
    """
    return lambda link: DirectTransport(broker, link)


class Unsigned(Exception):
    """There are no credentials to sign a handshake with; its cause says why."""


class DirectTransport:
    """One connection to AWS IoT.

    Args:
        broker: Where to connect to.
        link: What to subscribe to and whom to tell.
    """

    def __init__(self, broker: Broker, link: Link) -> None:
        self._broker = broker
        self._link = link
        self._keeper: asyncio.Task[None] | None = None
        self._session: Session | None = None
        self._wire: Wire | None = None
        self._joining = False
        self._acking = False
        self._owing_since = 0.0
        self._last_problem = ""
        self._refused: Refusal | None = None

    async def connect(self) -> None:
        """Connect and subscribe; see `Transport`."""
        self._loop = asyncio.get_running_loop()
        self._first: asyncio.Future[None] = self._loop.create_future()
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._lost: asyncio.Future[Exception] = self._loop.create_future()
        self._drained = asyncio.Event()
        self._hurry = asyncio.Event()
        self._keeper = self._loop.create_task(self._keep())
        done, _ = await asyncio.wait((self._first,), timeout=CONNECT_SECONDS)
        if not done:
            self._keeper.cancel()
            raise self._unreachable()
        self._first.result()

    def publish(self, *packets: Publish) -> None:
        """Publish at QoS 1; see `Transport`."""
        session = self._session
        if session is not None and session.ready:
            alone = not session.unanswered
            session.publish(*packets)
            if alone:  # others of this turn will find it unanswered
                self._send()
            else:
                self._send_or_join()

    def renew(self, reason: str) -> None:
        """Connect anew now; see `Transport`."""
        if self._keeper is None:
            return
        self._hurry.set()
        if self._session is not None and self._session.ready:
            self._lose(ConnectionResetError(reason))

    async def flush(self) -> None:
        """Wait for the broker's acknowledgements; see `Transport`."""
        if self._session is not None and self._session.unanswered:
            self._drained.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._drained.wait(), 1.0)

    async def close(self) -> None:
        """Disconnect cleanly; see `Transport`."""
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return
        keeper.cancel()
        await asyncio.wait((keeper,))
        if self._session is not None and self._wire is not None and self._session.ready:
            # The broker hangs up on DISCONNECT. Hanging up first might overtake it.
            self._session.leave()
            self._send()
            await asyncio.wait((self._lost,), timeout=STOP_SECONDS)
        self._hang_up()

    async def _keep(self) -> None:
        """Be connected for as long as the transport lives."""
        failures = 0
        while True:
            try:
                await self._open()
            except (Denied, Unsigned, OSError) as problem:
                failures += 1
                self._hang_up()
                self._on_failure(problem, failures)
            else:
                failures = 0
                self._on_open()
                end = await self._until_lost()
                self._hang_up()
                self._link.on_state(ConnectionChanged("reconnecting", str(end)))
            least, most = RECONNECT_SECONDS
            pause = min(most, least * 2 ** max(0, failures - 1))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), pause * random.uniform(0.8, 1.0))
            self._hurry.clear()

    async def _open(self) -> None:
        path, connection = await self._dial()
        will = None if self._link.will is None else self._link.will()
        session = Session(
            self._broker.endpoint, path, self._link.client_id, self._link.topics, will
        )
        self._session = session
        self._ready, self._lost = self._loop.create_future(), self._loop.create_future()
        self._wire = Wire(connection, self._on_data, self._lose)
        self._send()
        ends = (self._ready, self._lost)
        await asyncio.wait(ends, timeout=HANDSHAKE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if self._ready.done():
            return
        if not self._lost.done():
            raise TimeoutError(f"the broker did not answer ({session.phase})")
        problem = self._lost.result()
        if isinstance(problem, OSError) and session.phase in (CONNECT, SUBSCRIBE):
            # AWS IoT hangs up on what a policy does not allow.
            raise Denied(session.phase, None, str(problem))
        raise problem

    async def _dial(self) -> tuple[str, socket.socket]:
        """Get credentials and connect, on a thread that nothing waits for at the end."""
        found: asyncio.Future[tuple[str, socket.socket]] = self._loop.create_future()

        def settle(result: tuple[str, socket.socket] | Exception) -> None:
            if isinstance(result, Exception):
                if not found.done():
                    found.set_exception(result)
            elif found.done():
                result[1].close()
            else:
                found.set_result(result)

        def work() -> None:
            result: tuple[str, socket.socket] | Exception
            try:
                result = (_signed(self._broker), dial(self._broker))
            except Exception as problem:  # whatever the owner's credentials raise
                result = problem
            try:
                self._loop.call_soon_threadsafe(settle, result)
            except RuntimeError:  # the loop has been closed: nobody is left to tell
                if not isinstance(result, Exception):
                    result[1].close()

        threading.Thread(target=work, name="samlive-dial", daemon=True).start()
        return await found

    async def _until_lost(self) -> Exception:
        """Return what ended the connection."""
        assert self._session is not None
        while True:
            done, _ = await asyncio.wait((self._lost,), timeout=TICK_SECONDS)
            if done:
                return self._lost.result()
            try:
                self._session.tick(self._loop.time())
            except TimeoutError as problem:
                return problem
            self._send()

    def _on_data(self, data: bytes) -> None:
        session = self._session
        assert session is not None
        was_ready, owed = session.ready, session.owes_acks
        try:
            messages = session.feed(data)
        except (Denied, OSError) as problem:
            self._lose(problem)
            return
        if not was_ready:
            self._send()
            if session.ready:
                self._ready.set_result(None)
        for message in messages:
            self._link.on_message(message.topic, message.payload)
        if session.refused:
            self._on_refused_publish(session)
        if session.owes_acks and not owed:
            self._owing_since = self._loop.time()
            if not self._acking:
                self._acking = True
                self._loop.call_later(ACK_SECONDS, self._acknowledge)
        if not session.unanswered:
            self._drained.set()

    def _on_refused_publish(self, session: Session) -> None:
        for topic in session.refused:
            self._refuse(refusals.of_message(self._broker.endpoint, topic))
        session.refused.clear()

    def _lose(self, problem: Exception) -> None:
        """Note why the connection is over."""
        if not self._lost.done():
            self._lost.set_result(problem)

    def _send_or_join(self) -> None:
        """Send the first of a turn of the loop at once; the others join and follow."""
        if not self._joining:
            self._joining = True
            self._loop.call_soon(self._send_joined)
            self._send()

    def _send_joined(self) -> None:
        self._joining = False
        self._send()

    def _acknowledge(self) -> None:
        """Send the acknowledgements that have waited; others go on waiting for a publish."""
        self._acking = False
        if self._session is None or not self._session.owes_acks:
            return
        left = self._owing_since + ACK_SECONDS - self._loop.time()
        if left > ACK_SECONDS / 10:
            self._acking = True
            self._loop.call_later(left, self._acknowledge)
        else:
            self._session.flush()
            self._send()

    def _send(self) -> None:
        if self._session is not None and self._wire is not None:
            self._wire.send(self._session.take_output(self._loop.time()))

    def _hang_up(self) -> None:
        if self._wire is not None:
            self._wire.close()
        self._wire = self._session = None
        self._drained.set()

    def _on_open(self) -> None:
        self._refused = None
        self._link.on_state(ConnectionChanged("connected"))
        if self._first.done():
            self._link.on_ready()
        else:
            self._first.set_result(None)

    def _on_failure(self, problem: Exception, failures: int) -> None:
        refusal = self._refusal(problem)
        if refusal is not None:
            self._refuse(refusal)
            return
        self._last_problem = describe(problem) if isinstance(problem, OSError) else str(problem)
        if self._first.done():
            self._link.on_state(ConnectionChanged("reconnecting", self._last_problem))
        elif failures >= MAX_FAILURES:
            self._first.set_exception(self._unreachable())

    def _refusal(self, problem: Exception) -> Refusal | None:
        """Return what the broker's no means; None when it was not reached."""
        endpoint = self._broker.endpoint
        if isinstance(problem, Unsigned):
            return refusals.of_credentials(problem.__cause__ or problem)
        if not isinstance(problem, Denied):
            return None
        if problem.phase == SUBSCRIBE:
            if problem.reason is None:
                return refusals.of_session(endpoint, problem.detail)
            return refusals.of_subscription(endpoint, self._link.topics[-1])
        if problem.phase == HANDSHAKE:
            known = problem.reason in (400, 401, 403)
            return refusals.of_connection(endpoint, None, "WEBSOCKET_UPGRADE" if known else "")
        if problem.reason is None:
            return refusals.of_connection(endpoint, None, "UNEXPECTED_HANGUP")
        if problem.reason in BUSY:
            return None
        return refusals.of_connection(endpoint, f"reason {problem.reason:#x}", "")

    def _refuse(self, refusal: Refusal) -> None:
        """End the first connect; later, tell once and go on trying."""
        if not self._first.done():
            self._first.set_exception(RelayError(refusal.message, refusal.hint))
        elif refusal != self._refused:
            self._refused = refusal
            self._link.on_state(ConnectionChanged("refused", str(refusal)))

    def _unreachable(self) -> RelayError:
        return refusals.unreachable(self._broker.endpoint, self._last_problem)


def _signed(broker: Broker) -> str:
    """Return the signed path of a handshake.

    Raises:
        Unsigned: There are no credentials.
    """
    try:
        found = broker.credentials()
    except Exception as problem:  # whatever its owner raises
        raise Unsigned from problem
    return presign(
        broker.endpoint,
        broker.region,
        found.access_key_id,
        found.secret_access_key,
        found.session_token,
        time.time(),
    )
