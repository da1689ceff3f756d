"""How often to ask AWS whether something is done: eagerly first, then with patience.

boto3's own waiters ask every 30 seconds, which is most of the time a small
deploy takes. Waiting ends at once when the user wants to stop.
"""

import threading

FIRST_SECONDS = 0.1
LONGEST_SECONDS = 3.0
GROWTH = 1.5


class Interrupted(Exception):
    """The user wants to stop while something is waited for."""


class Pace:
    """Growing pauses.

    Args:
        stop: Set when the user wants to stop.
    """

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._next = FIRST_SECONDS

    def quicken(self) -> None:
        """Ask eagerly again: something is happening."""
        self._next = FIRST_SECONDS

    def pause(self) -> None:
        """Wait a while.

        Raises:
            Interrupted: The user wants to stop.
        """
        if self._stop.wait(self._next):
            raise Interrupted
        self._next = min(self._next * GROWTH, LONGEST_SECONDS)
