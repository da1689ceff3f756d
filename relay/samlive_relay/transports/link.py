"""What the relay expects of a connection to the broker.

A transport is one MQTT connection (a shard) that keeps itself alive: it
reconnects with fresh credentials, subscribes again, and tells. All callbacks
of a `Link` run on the relay's event loop.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from samlive_relay.events import ConnectionChanged
from samlive_stub.protocol import Publish


@dataclass(frozen=True, slots=True)
class Link:
    """One connection to be made.

    Args:
        client_id: MQTT client id.
        topics: Topic filters to subscribe to, at QoS 1, after every connect.
        will: Makes the last will, anew for every connect; None without one.
        on_message: Called with topic and payload of each message.
        on_state: Called when the connection is lost, back, or refused.
        on_ready: Called after each subscription that follows a reconnect.
    """

    client_id: str
    topics: tuple[str, ...]
    will: Callable[[], Publish] | None = field(repr=False)
    on_message: Callable[[str, bytes], None] = field(repr=False)
    on_state: Callable[[ConnectionChanged], None] = field(repr=False)
    on_ready: Callable[[], None] = field(repr=False)


class Transport(Protocol):
    """One connection to the broker."""

    async def connect(self) -> None:
        """Connect and subscribe.

        Raises:
            RelayError: The broker refuses, or cannot be reached.
        """
        ...

    def publish(self, *packets: Publish) -> None:
        """Publish at QoS 1, in this order, without waiting; what is lost is asked for again."""
        ...

    def renew(self, reason: str) -> None:
        """Give the present connection up and make another one now; tells the reason."""
        ...

    async def flush(self) -> None:
        """Wait until the broker has taken every publish, or the link is down."""
        ...

    async def close(self) -> None:
        """Disconnect cleanly, so that the will is not sent."""
        ...


Connector = Callable[[Link], Transport]
"""Makes the transport for a link."""
