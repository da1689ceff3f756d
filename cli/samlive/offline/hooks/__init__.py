"""The places where the emulator is made to behave like AWS, or to use our sandbox.

Each hook is a module with `REQUIRES`, the names of ministack it replaces or
calls, and `install(parts)`. All names are looked up before the first hook is
installed. To add one: a module here, its line in `HOOKS`, its test.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from samlive.offline import identity, pinned
from samlive.offline.hooks import (
    async_events,
    breakdown,
    broker,
    conditions,
    http_api,
    inline_code,
    lambda_actions,
    lambda_executor,
    lambda_limits,
    macros,
    nested,
    payload_version,
    response_streams,
    rest_api,
    template_url,
    unknown_types,
)

if TYPE_CHECKING:
    from samlive.offline.mqtt.breakdown import Breakdown
    from samlive.offline.mqtt.faults import Faults
    from samlive.offline.mqtt.ledger import Ledger
    from samlive.offline.sandbox.pool import Pool

HOOKS = (
    lambda_executor,
    lambda_actions,
    async_events,
    inline_code,
    lambda_limits,
    http_api,
    payload_version,
    rest_api,
    response_streams,
    template_url,
    conditions,
    macros,
    nested,
    unknown_types,
    broker,
    breakdown,
)


@dataclass(frozen=True, slots=True)
class Parts:
    """What hooks lead to.

    Args:
        pool: Runs functions.
        ledger: Takes breaches of limits.
        faults: Strikes MQTT deliveries.
        breakdown: Breaks connections of the broker.
    """

    pool: "Pool"
    ledger: "Ledger"
    faults: "Faults"
    breakdown: "Breakdown"


def install(parts: Parts) -> None:
    """Check the names of all hooks, then install them.

    Raises:
        SamliveError: The installed ministack lacks a name.
    """
    names = [name for hook in HOOKS for name in hook.REQUIRES]
    pinned.check_names([*names, *identity.REQUIRES])
    for hook in HOOKS:
        hook.install(parts)
