"""Starts that are planned or under way, and how they are called off."""

import asyncio
from collections.abc import Iterable


async def call_off(
    timers: Iterable[asyncio.TimerHandle | None], tasks: set[asyncio.Task[None]]
) -> None:
    """Cancel timers and tasks, and wait until the tasks have ended.

    Args:
        timers: Planned starts; None for none.
        tasks: Starts that are under way; they may leave the set meanwhile.
    """
    for timer in timers:
        if timer is not None:
            timer.cancel()
    for task in list(tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
