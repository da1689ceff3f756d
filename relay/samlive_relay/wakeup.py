"""Notices that this machine slept, or is in another network now.

Connections to the broker are dead then, and nothing says so: no packet comes
any more, and the next ping is up to half a minute away. Stubs would take the
relay for absent meanwhile. Two signs are looked for every few seconds:

- the wall clock went on by much more than the pause. In sleep the loop's own
  clock stands still, so a timer alone would not notice;
- packets for the world would leave from another address. Asking the kernel for
  it sends nothing.
"""

import asyncio
import socket
import time
from collections.abc import Callable

CHECK_SECONDS = 2.0
SLEPT_SECONDS = 10.0
"""A longer gap is sleep, or a process that was stopped."""

_ELSEWHERE = ("192.0.2.1", 9)
"""An address that is nobody's (RFC 5737); it is only asked which way leads there."""


class Wakeup:
    """What was seen at the last look.

    Args:
        now: The wall clock, in seconds.
        address: Tells from where packets leave; "" without a network.
    """

    def __init__(
        self, now: Callable[[], float] = time.time, address: Callable[[], str] | None = None
    ) -> None:
        self._now = now
        self._address = address or own_address
        self._last = now()
        self._from = self._address()

    def look(self) -> str:
        """Return what has happened since the last look; "" when nothing has."""
        before, self._last = self._last, self._now()
        gap = self._last - before - CHECK_SECONDS
        address = self._address()
        moved = bool(address and self._from and address != self._from)
        self._from = address or self._from
        if gap > SLEPT_SECONDS:
            return f"this machine slept for {round(gap)} s"
        return "the network changed" if moved else ""


async def watch(told: Callable[[str], None]) -> None:
    """Look again and again; tell what has happened."""
    wakeup = Wakeup()
    while True:
        await asyncio.sleep(CHECK_SECONDS)
        if happened := wakeup.look():
            told(happened)


def own_address() -> str:
    """Return the address that packets for the world leave from; "" without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)
        except OSError:
            return ""
        address: str = probe.getsockname()[0]
        return address
