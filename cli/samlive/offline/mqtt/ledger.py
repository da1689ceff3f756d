"""The list of limits that were broken, for tests to assert that it is empty."""

import threading
from typing import Any


class Ledger:
    """Counts breaches by rule and client; safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[tuple[str, str], dict[str, Any]] = {}

    def note(self, rule: str, client: str, detail: str) -> None:
        """Note one breach.

        Args:
            rule: Name of the limit, such as "publish-rate".
            client: MQTT client id, or the function's name.
            detail: What was found; the first one is kept.
        """
        with self._lock:
            entry = self._entries.setdefault(
                (rule, client), {"rule": rule, "client": client, "detail": detail, "count": 0}
            )
            entry["count"] += 1

    def entries(self) -> list[dict[str, Any]]:
        """Return the breaches so far, first one first."""
        with self._lock:
            return [dict(entry) for entry in self._entries.values()]

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._entries.clear()
