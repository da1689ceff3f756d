"""Faults a network may have, struck by chance into MQTT deliveries.

A message that the broker acknowledged may still be lost when its receiver
reconnects, come twice, or come late. With AWS this happens rarely and never on
demand; here with the probability that was set, from a seed, so that a failing
run can be repeated.
"""

import random
import threading
from collections import Counter
from typing import Any

KINDS = ("drop", "repeat", "reorder", "disconnect")
LATE_SECONDS = 0.05
"""A reordered message is held back so long: others overtake it."""


class Faults:
    """The probabilities, the dice and the count of strikes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.configure({})

    def configure(self, wanted: dict[str, Any]) -> None:
        """Set the probabilities; what is not named is 0.

        Args:
            wanted: "drop", "repeat", "reorder", "disconnect" from 0 to 1;
                "seed" (integer) and "prefix" (topics concerned).

        Raises:
            ValueError: An unknown name, or a value outside its range.
        """
        unknown = set(wanted) - {*KINDS, "seed", "prefix"}
        if unknown:
            raise ValueError(f"unknown faults: {', '.join(sorted(unknown))}")
        chances = {kind: float(wanted.get(kind, 0)) for kind in KINDS}
        if not all(0 <= chance <= 1 for chance in chances.values()):
            raise ValueError("a probability is a number from 0 to 1")
        with self._lock:
            self._chances = chances
            self._dice = random.Random(wanted.get("seed", 1))
            self._prefix = str(wanted.get("prefix", "samlive/"))
            self._struck: Counter[str] = Counter()

    def strike(self, topic: str, *kinds: str) -> str | None:
        """Decide whether a message suffers one of these faults.

        Args:
            topic: Its topic.
            kinds: The faults that can strike here.

        Returns:
            The fault, or None.
        """
        if not any(self._chances[kind] for kind in kinds) or not topic.startswith(self._prefix):
            return None
        with self._lock:
            for kind in kinds:
                if self._dice.random() < self._chances[kind]:
                    self._struck[kind] += 1
                    return kind
        return None

    def describe(self) -> dict[str, Any]:
        """Return what is set and how often each fault struck."""
        with self._lock:
            return {"chances": dict(self._chances), "struck": dict(self._struck)}
