"""Notes every AWS call that a Python process makes, when RECORDED_CALLS names a file for it.

Python imports this module at its start when its folder is on PYTHONPATH, so the command under
test is not changed.
"""

import json
import os
from typing import Any

_FILE = os.environ.get("RECORDED_CALLS")


def _record(path: str) -> None:
    import botocore.client

    make: Any = botocore.client.BaseClient._make_api_call

    def recorded(self: Any, operation: str, parameters: dict[str, Any]) -> Any:
        said = {
            "service": self.meta.service_model.service_name,
            "operation": operation,
            "parameters": parameters,
        }
        line = json.dumps(said, default=lambda value: {"bytes": len(value)}) + "\n"
        with open(path, "a") as file:
            file.write(line)
        return make(self, operation, parameters)

    botocore.client.BaseClient._make_api_call = recorded


if _FILE:
    _record(_FILE)
