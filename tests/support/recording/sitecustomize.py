"""Notes every AWS call and every connection that a Python process makes, in RECORDED_CALLS.

Connections go to a second file beside it; see recorded_calls.py.

Python imports this module at its start when its folder is on PYTHONPATH, so the command under
test is not changed.
"""

import json
import os
import sys
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


def _watch(path: str) -> None:
    import socket

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.getaddrinfo":
            wanted = arguments[0]
        elif event in ("socket.connect", "socket.sendto"):
            wanted = arguments[1]
            if event == "socket.connect" and arguments[0].type == socket.SOCK_DGRAM:
                return  # nothing is sent by that
        else:
            return
        host = wanted[0] if isinstance(wanted, tuple) else wanted
        if isinstance(host, bytes):
            host = host.decode(errors="replace")
        with open(path, "a") as file:
            file.write(f"{host}\n")

    sys.addaudithook(watch)


if _FILE:
    _record(_FILE)
    _watch(f"{_FILE}.hosts")
