"""How many processes of one function should stand ready for its next reload.

A save takes as many at once as the function has environments in use, so that is
what stands ready: one for each that had a call lately, and one more where one was
missing lately, as when an editor saves twice in a row.
"""

IDLE_SECONDS = 300.0
"""A function without a call for so long needs none."""

BUSY_SECONDS = 60.0
"""An environment counts so long after its last call."""

MOST_OF_ONE = 4
"""More of one function are not kept: a save starts no more ahead of requests."""


class Demand:
    """What one function has needed lately; times are in seconds of any one clock."""

    def __init__(self) -> None:
        self.last = float("-inf")
        """When it was called last."""
        self._missed = float("-inf")
        self._used: dict[str, float] = {}

    def use(self, environment: str, now: float) -> None:
        """Note a call.

        Args:
            environment: What tells its environment from others.
            now: When it began.
        """
        self.last = self._used[environment] = now

    def miss(self, now: float) -> None:
        """Note that a process was needed, and none stood ready."""
        self._missed = now

    def count(self, now: float) -> int:
        """Return how many should stand ready."""
        if now - self.last >= IDLE_SECONDS:
            return 0
        self._used = {name: when for name, when in self._used.items() if now - when < BUSY_SECONDS}
        more = now - self._missed < IDLE_SECONDS
        return min(MOST_OF_ONE, max(1, len(self._used)) + more)
