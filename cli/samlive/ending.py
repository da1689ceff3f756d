"""How a session ends: the relay drains, then the stage is left as the user wants it.

    park      let what would call it wait (the default)
    keep      as it is
    remove    the stack is deleted
    restore   an adopted stack gets its own code back

A second Ctrl-C ends running invocations and leaves the stage as it is. An embedded
cloud is gone in any case, and a deploy that was interrupted is CloudFormation's.
"""

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from samlive.deployment import Deployment
from samlive.errors import SamliveError
from samlive.output import Output
from samlive.signals import Stop

if TYPE_CHECKING:
    from samlive.deploy.park import Parked
    from samlive_relay.relay import Relay
    from samlive_transform.report import FunctionReport

_PARKED = (
    "Stage {stage} stays deployed as {stack}. Until the next start {what}; API calls get 503, "
    "other calls fail.{others} `samlive unpark` ends this now, `samlive remove` deletes the stage."
)
_KEPT = (
    "Stage {stage} stays deployed as {stack}. While nobody listens, API calls get 503 and queues "
    "keep their messages.{others} `samlive remove` deletes it."
)
_THEIRS = "Stage {stage} stays deployed as {stack}; {who} serves it now."
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
        functions: Its live functions.
        let_go: Whether functions that were parked were let go for the deploy.
        successor: Who took the stage over; empty when nobody did.
    """

    deployment: Deployment
    finished: bool
    offline: bool
    on_exit: str
    functions: tuple["FunctionReport", ...]
    let_go: bool = False
    successor: str = ""


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
    if last.successor:  # the stage is theirs: neither parked nor removed
        return "kept", _THEIRS.format(stage=stage, stack=stack, who=last.successor)
    if not last.finished:
        if last.let_go and not stop.requested.is_set():  # the deploy failed: as it was before
            with contextlib.suppress(SamliveError):
                await asyncio.to_thread(_park, last)
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
    others = {f.logical_id: f.unparkable for f in last.functions if f.unparkable}
    if wanted == "park":
        parked = await asyncio.to_thread(_park, last)
        others |= parked.refused
        if parked:
            text = _PARKED.format(
                stage=stage, stack=stack, what=" and ".join(_waits(parked)), others=_told(others)
            )
            return "parked", text
    return "kept", _KEPT.format(stage=stage, stack=stack, others=_told(others))


def _park(last: Last) -> "Parked":
    live = [function.logical_id for function in last.functions]
    waiting = [function.logical_id for function in last.functions if function.parkable]
    return last.deployment.parking().park(live, waiting)


def _waits(parked: "Parked") -> Iterator[str]:
    if count := parked.mappings:
        mappings = "event source mapping is" if count == 1 else "event source mappings are"
        yield f"{count} {mappings} disabled, so queues and streams wait"
    if count := parked.functions:
        functions = "function wait" if count == 1 else "functions wait"
        yield f"events of {count} {functions} in the stage's queue"


def _told(others: dict[str, str]) -> str:
    """Return a sentence on functions whose events cannot wait."""
    if not others:
        return ""
    listed = "; ".join(f"{name} ({reason})" for name, reason in sorted(others.items()))
    return f" Events of these fail, and Lambda tries them twice again: {listed}."
