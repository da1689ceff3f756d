"""How a session ends: the relay drains, then the stage is left as the user wants it.

    park      disable what would call it (the default)
    keep      as it is
    remove    the stack is deleted
    restore   an adopted stack gets its own code back

A second Ctrl-C ends running invocations and leaves the stage as it is. An embedded
cloud is gone in any case, and a deploy that was interrupted is CloudFormation's.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from samlive.deployment import Deployment
from samlive.output import Output
from samlive.signals import Stop

if TYPE_CHECKING:
    from samlive_relay.relay import Relay

_PARKED = (
    "Stage {stage} stays deployed as {stack}. {count} disabled until the next start, so queues and "
    "streams wait; API calls get 503, other calls fail. `samlive unpark` enables them now, "
    "`samlive remove` deletes the stage."
)
_KEPT = (
    "Stage {stage} stays deployed as {stack}. While nobody listens, API calls get 503 and queues "
    "keep their messages. `samlive remove` deletes it."
)
_UNFINISHED = (
    "The stack {stack} is left to CloudFormation as it is; the next start goes on from it."
)


@dataclass(frozen=True, slots=True)
class Last:
    """A session at its end.

    Args:
        deployment: The stage in the account.
        finished: Whether its first deploy has ended.
        offline: Whether it ran on an embedded cloud.
        on_exit: What the user wants.
        live: Logical ids of its live functions.
    """

    deployment: Deployment
    finished: bool
    offline: bool
    on_exit: str
    live: tuple[str, ...]


async def stop_relay(
    relay: "Relay", running: Sequence[str], drain: float, stop: Stop, out: Output
) -> None:
    """Let running invocations finish, unless the user forces the end.

    Args:
        relay: Serves the functions.
        running: Functions that have invocations under way.
        drain: How long they may take (seconds).
        stop: The wish to stop.
        out: Where events go.
    """
    reason = stop.reason or "the session has ended"
    out.tell("stopping", reason=reason, waiting_for=list(running))
    draining = asyncio.ensure_future(relay.stop(drain))
    forced = asyncio.ensure_future(stop.forced.wait())
    await asyncio.wait((draining, forced), return_when=asyncio.FIRST_COMPLETED)
    forced.cancel()
    if draining.done():
        draining.result()
        return
    draining.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await draining
    await relay.stop(0)


async def settle(last: Last, stop: Stop) -> tuple[str, str]:
    """Leave the stage as the user wants it; return how it is left, in a word and in words.

    Args:
        last: The session.
        stop: The wish to stop.
    """
    deployment = last.deployment
    stack, stage = deployment.stack_name, deployment.stage
    if last.offline:
        return "gone", "The embedded cloud and everything in it are gone."
    if not last.finished:
        return "unfinished", _UNFINISHED.format(stack=stack)
    wanted = "keep" if stop.forced.is_set() else last.on_exit
    if wanted == "remove":
        stop.threads.clear()
        await asyncio.to_thread(deployment.remove)
        return "removed", f"The stack {stack} is deleted."
    if wanted == "restore":
        stop.threads.clear()
        await asyncio.to_thread(deployment.restore)
        return "restored", f"The stack {stack} runs its own code again."
    if wanted == "park":
        parked = await asyncio.to_thread(deployment.parking().park, last.live)
        if parked:
            count = f"{parked} event source mapping{' is' if parked == 1 else 's are'}"
            return "parked", _PARKED.format(stage=stage, stack=stack, count=count)
    return "kept", _KEPT.format(stage=stage, stack=stack)
