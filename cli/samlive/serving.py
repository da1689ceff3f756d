"""The relay of a stage: what it has to know, from settings and the way to the stage."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from samlive import names
from samlive.settings import Settings
from samlive.state import StageState

if TYPE_CHECKING:
    from samlive_relay.config import Broker, LocalFunction
    from samlive_relay.events import Observer
    from samlive_relay.relay import Relay
    from samlive_relay.storage import Storage

    Functions = Mapping[str, LocalFunction]


@dataclass(frozen=True, slots=True)
class Way:
    """How a stage is reached.

    Args:
        broker: How the relay reaches AWS IoT.
        key: The stage's key.
        storage: Where payloads go that are too large for it.
    """

    broker: "Broker"
    key: bytes = field(repr=False)
    storage: "Storage"


def relay(
    settings: Settings,
    stage: str,
    state: StageState,
    way: Way,
    functions: "Functions",
    observer: "Observer",
) -> "Relay":
    """Return the relay of a stage; it has not been started.

    Args:
        settings: What the user wants.
        stage: Name of the stage.
        state: Its state on this machine.
        way: How it is reached.
        functions: Live functions by logical id.
        observer: Told what happens.
    """
    from samlive_relay.config import RelayConfig
    from samlive_relay.relay import Relay

    config = RelayConfig(
        app=settings.app,
        stage=stage,
        key=way.key,
        owner=f"{names.os_user() or 'somebody'}@{socket.gethostname()}",
        broker=way.broker,
        functions=functions,
        project=settings.folder,
        state=state.folder,
        takeover=settings.flag("takeover"),
        storage=way.storage,
    )
    return Relay(config, observer)
