"""A session's connections to the broker: as many as the load asks for.

AWS IoT counts 100 publishes and 512 KiB a second per connection, both
directions together, and discards what exceeds them. The relay paces what it
sends, but not what a crowd of stubs sends to it, so there must be connections
before they are needed:

- one to claim the stage, three more in the background as soon as it is ours;
  the deploy takes longer than that;
- twice as many whenever the busiest one stays near its limits;
- one for each `CROWD` environments, which are heard of before they are warm.

Each has a client id of its own and reconnects by itself. While one is down and
another is up, the protocol goes around it and the user hears nothing.

They are made by `transports.direct`; SAMLIVE_TRANSPORT=awscrt has them made by
AWS's own client, for a network that the first cannot get through.
"""

import asyncio
import os
from collections.abc import Callable

from samlive_stub.contract import relay_client_id
from samlive_stub.protocol import Publish
from samlive_stub.responder import RelaySide

from .config import Broker, RelayConfig
from .errors import RelayError
from .events import ConnectionChanged
from .transports.link import Connector, Link, Transport

FIRST = 4
MOST = 16

BUSY = 0.6
"""Part of the limits from which on a connection counts as busy."""

LOOKS = 3
"""A connection that was busy so often in a row has a load that stays."""

LOOK_SECONDS = 0.1
CROWD = 8
RETRY_SECONDS = 30.0
"""After a connection could not be opened, the present ones do for so long."""


class Connections:
    """All connections of one session.

    Args:
        config: The stage and the broker.
        session: Id of the session.
        side: The protocol's end; told which connections there are.
        on_message: Called with topic and payload of each message.
        on_state: Called when the way to the broker is lost, back, or refused.
        changed: Called when the protocol has something new to publish.
        warn: Called with what the user should know.
        connector: Makes connections; `connector_for` says which when None.
    """

    def __init__(
        self,
        config: RelayConfig,
        session: str,
        side: RelaySide,
        on_message: Callable[[str, bytes], None],
        on_state: Callable[[ConnectionChanged], None],
        changed: Callable[[], None],
        warn: Callable[[str], None],
        connector: Connector | None = None,
    ) -> None:
        self._config = config
        self._session = session
        self._side = side
        self._on_message = on_message
        self._tell = on_state
        self._changed = changed
        self._warn = warn
        self._connector = connector
        self._transports: list[Transport] = []
        self._down: set[int] = set()
        self._opening: asyncio.Task[None] | None = None
        self._next_look = 0.0
        self._busy = 0
        self._closing = False
        self._told: ConnectionChanged | None = None

    def __len__(self) -> int:
        return len(self._transports)

    async def open_first(self) -> None:
        """Open the connection that claims the stage.

        Raises:
            RelayError: The broker refuses, or cannot be reached.
        """
        self._loop = asyncio.get_running_loop()
        transport = self._connect(0)
        self._transports.append(transport)
        await transport.connect()

    def open_more(self, wanted: int = FIRST) -> None:
        """Have more connections opened, in the background."""
        if self._opening is None and not self._closing:
            self._opening = self._loop.create_task(self._open(min(wanted, MOST)))

    def look(self, now: float) -> None:
        """See whether the load asks for more connections."""
        if now < self._next_look or self._opening is not None:
            return
        self._next_look = now + LOOK_SECONDS
        count = len(self._transports)
        self._busy = self._busy + 1 if self._side.usage(now) >= BUSY else 0
        wanted = 2 * count if self._busy >= LOOKS else -(-self._side.crowd(now) // CROWD)
        if count < min(wanted, MOST):
            self._busy = 0
            self.open_more(wanted)

    def publish(self, *packets: Publish) -> None:
        """Publish by the connections that the protocol chose."""
        if len(packets) == 1:  # nearly always
            self._transports[packets[0].shard].publish(*packets)
            return
        by_shard: dict[int, list[Publish]] = {}
        for packet in packets:
            by_shard.setdefault(packet.shard, []).append(packet)
        for shard, those in by_shard.items():
            self._transports[shard].publish(*those)

    def renew(self, reason: str) -> None:
        """Make every connection anew: the present ones are dead, though nothing says so."""
        for transport in self._transports:
            transport.renew(reason)

    def stay(self) -> None:
        """Open no more."""
        self._closing = True
        if self._opening is not None:
            self._opening.cancel()

    async def flush(self) -> None:
        """Wait until the broker has taken everything."""
        await asyncio.gather(*(transport.flush() for transport in self._transports))

    async def close(self) -> None:
        """Close all of them."""
        self.stay()
        if self._opening is not None:
            await asyncio.gather(self._opening, return_exceptions=True)
        await asyncio.gather(*(transport.close() for transport in self._transports))

    async def _open(self, wanted: int) -> None:
        fresh = [self._connect(number) for number in range(len(self._transports), wanted)]
        try:
            tries = await asyncio.gather(
                *(transport.connect() for transport in fresh), return_exceptions=True
            )
            # Shards are numbered without gaps, so those after a failure are given up.
            for found in tries:
                if found is not None:
                    self._next_look = self._loop.time() + RETRY_SECONDS
                    self._warn(f"{len(self._transports)} connections must do: {found}")
                    break
                self._use(fresh.pop(0))
        finally:
            self._opening = None
            await asyncio.gather(*(transport.close() for transport in fresh))
        self._changed()

    def _connect(self, number: int) -> Transport:
        if self._connector is None:
            self._connector = connector_for(self._config.broker)
        config = self._config
        return self._connector(
            Link(
                client_id=relay_client_id(config.app, config.stage, self._session, number),
                topics=self._side.topics(number),
                will=None if number else lambda: self._side.presence("gone"),
                on_message=lambda topic, payload: self._on_message(topic, payload),
                on_state=lambda change: self._on_state(number, change),
                on_ready=lambda: self._on_back(number),
            )
        )

    def _use(self, transport: Transport) -> None:
        """Take a connection into use; it may be lost by now."""
        number = len(self._transports)
        self._transports.append(transport)
        self._side.open_shard()
        if number in self._down:
            self._side.lose_shard(number)
        else:
            self._say(ConnectionChanged("connected"))

    def _on_state(self, number: int, change: ConnectionChanged) -> None:
        if change.state == "reconnecting" and number not in self._down:
            self._down.add(number)
            if number < len(self._transports):
                self._side.lose_shard(number)
                self._changed()
        if number < len(self._transports):  # else `connect` says how it went
            self._say(change)

    def _say(self, change: ConnectionChanged) -> None:
        """Tell what concerns the whole session: each state once, whoever brought it."""
        lost = self._down.issuperset(range(len(self._transports)))
        if change.state == "reconnecting" and not lost:
            return
        again = self._told is not None and change.state == self._told.state
        if again and (change.state != "refused" or change == self._told):
            return
        self._told = change
        self._tell(change)

    def _on_back(self, number: int) -> None:
        self._down.discard(number)
        if number < len(self._transports):
            self._side.regain_shard(number)
            self._changed()


def connector_for(broker: Broker) -> Connector:
    """Return what makes connections to a broker, the way that the environment asks for.

    Raises:
        RelayError: It asks for something unknown.
    """
    way = os.environ.get("SAMLIVE_TRANSPORT") or "direct"
    if way == "awscrt":
        from .transports import iot

        return iot.connector_for(broker)
    if way == "direct":
        from .transports import direct

        return direct.connector_for(broker)
    raise RelayError(
        f"SAMLIVE_TRANSPORT is {way!r}.", "Set it to direct or awscrt, or leave it out."
    )
