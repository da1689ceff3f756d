"""What breaks between a client and the broker at a moment that a test chooses.

`faults` strikes by chance; this breaks connections on command: those of some
clients, or the broker as a whole, which forgets everything and is back when it
is told so. How the emulator's connections are broken is up to the hook.
"""

from collections.abc import Callable
from typing import Any


class Breakdown:
    """The broker's state, and what can be done to it."""

    def __init__(self) -> None:
        self.down = False
        """Whether the broker accepts nobody."""
        self.cut: Callable[[str], int] = lambda prefix: 0
        """Ends the connections of the clients whose id begins so; returns how many."""
        self.mute: Callable[[str], int] = lambda prefix: 0
        """Lets nothing through on these connections any more, and keeps them open."""
        self.crashed: list[Callable[[], None]] = []
        """Called when the broker goes down."""

    def configure(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Break something, or mend the broker.

        Args:
            wanted: "cut" or "mute" with the beginning of client ids, or "down"
                with true or false.

        Returns:
            What was done: "clients" concerned, and whether the broker is "down".

        Raises:
            ValueError: Something else is wanted, or with a value of another type.
        """
        clients = 0
        for name, value in wanted.items():
            if name in ("cut", "mute") and isinstance(value, str):
                clients += self.cut(value) if name == "cut" else self.mute(value)
            elif name == "down" and isinstance(value, bool):
                self._turn(value)
            else:
                raise ValueError(f"the broker takes no {name} {value!r}")
        return {"clients": clients, "down": self.down}

    def _turn(self, down: bool) -> None:
        crashes = down and not self.down
        self.down = down
        if crashes:
            for tell in self.crashed:
                tell()
