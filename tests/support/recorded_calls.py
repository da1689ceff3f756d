"""Checks what a command asked of AWS against botocore's models, and whom else it spoke to.

botocore refuses unknown parameters as well, but only where nobody has turned that off; and what
it refuses would be seen as a bug of the command, somewhere in the middle of a session.
"""

import functools
import ipaddress
import json
from pathlib import Path
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

RECORDER = Path(__file__).parent / "recording"


def variables(file: Path) -> dict[str, str]:
    """What a process needs to note its calls in a file."""
    return {"PYTHONPATH": str(RECORDER), "RECORDED_CALLS": str(file)}


def calls(file: Path) -> list[dict[str, Any]]:
    """The calls that were noted."""
    return [json.loads(line, object_hook=_restored) for line in file.read_text().splitlines()]


def problems(file: Path) -> list[str]:
    """What is wrong with the calls; a call's name before each."""
    found = []
    for call in calls(file) if file.is_file() else []:
        model = _model(call["service"])
        shape = model.operation_model(call["operation"]).input_shape
        if shape is not None:
            report = ParamValidator().validate(_sent(call["parameters"]), shape)
            if report.has_errors():
                name = f"{call['service']}:{call['operation']}"
                found.append(f"{name}: {report.generate_report()}")
    return found


def strangers(file: Path) -> set[str]:
    """Hosts that were looked up or connected to, and are not this machine."""
    noted = file.with_name(f"{file.name}.hosts")
    hosts = set(noted.read_text().splitlines()) if noted.is_file() else set()
    return {host for host in hosts if not _is_here(host)}


def _is_here(host: str) -> bool:
    """Tell whether a host is this machine: a loopback address or name, or a socket's path."""
    if host.startswith("/") or host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _sent(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return parameters as they are sent: botocore itself joins a bucket and a key."""
    source = parameters.get("CopySource")
    if not isinstance(source, dict):
        return parameters
    return {**parameters, "CopySource": f"{source['Bucket']}/{source['Key']}"}


def _restored(value: dict[str, Any]) -> Any:
    return b"" if value.keys() == {"bytes"} else value


@functools.cache
def _model(service: str) -> Any:
    return botocore.session.Session().get_service_model(service)
