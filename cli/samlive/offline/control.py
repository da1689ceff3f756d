"""samlive's own paths on the cloud, for tests and demonstrations.

- `GET /_samlive/violations`: every breach of an AWS quota or limit so far, as
  JSON: `{"violations": [{"rule", "client", "detail", "count"}]}`; a test
  asserts that it is empty. `DELETE` forgets them.
- `POST /_samlive/faults`: JSON `{"drop", "repeat", "reorder", "disconnect"}`,
  each a probability from 0 to 1, and "seed", "prefix"; see `mqtt.faults`.
  `GET` returns what is set and how often each struck.
- `POST /_samlive/broker`: JSON `{"cut": client id prefix}`, `{"mute": prefix}` or
  `{"down": true}`; see `mqtt.breakdown`.
- `GET /_samlive/environments`: running execution environments.
"""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from samlive.offline.mqtt.breakdown import Breakdown
    from samlive.offline.mqtt.faults import Faults
    from samlive.offline.mqtt.ledger import Ledger
    from samlive.offline.sandbox.pool import Pool

PREFIX = "/_samlive/"


@dataclass(frozen=True, slots=True)
class Control:
    """What the paths show and change.

    Args:
        ledger: Breaches of limits.
        faults: Faults injected into MQTT deliveries.
        breakdown: Breaks connections of the broker.
        pool: Execution environments.
        on_reset: Called after the emulator forgot everything, its users included.
    """

    ledger: "Ledger"
    faults: "Faults"
    breakdown: "Breakdown"
    pool: "Pool"
    on_reset: "Callable[[], None]"

    def reset(self) -> None:
        """Forget all that belongs to the state before a reset of the emulator."""
        self.ledger.clear()
        self.faults.configure({})
        self.breakdown.configure({"down": False})
        self.pool.clear()
        self.on_reset()

    def handle(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        """Answer one request.

        Args:
            method: HTTP method.
            path: Path, beginning with `/_samlive/`.
            body: Request body.

        Returns:
            HTTP status and JSON.
        """
        try:
            status, reply = self._reply(method, path.removeprefix(PREFIX), body)
        except ValueError as error:
            status, reply = 400, {"message": str(error)}
        return status, json.dumps(reply).encode()

    def _reply(self, method: str, name: str, body: bytes) -> tuple[int, Any]:
        match method, name:
            case "GET", "violations":
                return 200, {"violations": self.ledger.entries()}
            case "DELETE", "violations":
                self.ledger.clear()
                return 200, {"violations": []}
            case "GET", "faults":
                return 200, self.faults.describe()
            case "POST", "faults":
                self.faults.configure(json.loads(body))
                return 200, self.faults.describe()
            case "POST", "broker":
                return 200, self.breakdown.configure(json.loads(body))
            case "GET", "environments":
                return 200, {"environments": self.pool.describe()}
        return 404, {"message": f"There is no {method} {PREFIX}{name}"}
