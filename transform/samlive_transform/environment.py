"""A function's environment variables: what can be extended, and how long they are.

Shared by the rule that writes them and by the decision which functions can go
live at all.
"""

import re
from collections.abc import Callable
from typing import Any

from samlive_stub.contract import ASIDE_PREFIX, VARIABLE, WRAPPER_VARIABLE
from samlive_transform.intrinsics import branches, intrinsic, is_no_value, map_branches

MAX_BYTES = 4096
"""All names and values together. https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html"""

_RESERVED_BYTES = 480
"""What samlive's own variables take at the most, with a key and a long endpoint."""

_ASIDE = re.compile(
    r"(NODE_(OPTIONS|PATH|EXTRA_CA_CERTS)"
    r"|(JAVA_TOOL|_JAVA|JDK_JAVA)_OPTIONS"
    r"|PYTHON[A-Z0-9]*"
    r"|LD_[A-Z_]+"
    r"|SSL_CERT_(FILE|DIR)"
    r"|(DOTNET|CORECLR|COMPlus)_\w+"
    r"|RUBY(OPT|LIB)"
    r"|(OTEL|DT|DD|NEW_RELIC|LUMIGO|EPSAGON|INSTANA|SENTRY|ELASTIC_APM|SPLUNK)_\w+"
    r"|PATH)\Z"
)
"""Variables that an interpreter, a loader or an agent reads before any code of the user's."""


def is_aside(name: str) -> bool:
    """Tell whether a variable must reach the local process but not the stub."""
    return _ASIDE.match(name) is not None


def extended(environment: Any, ours: dict[str, Any]) -> Any:
    """Return an `Environment` property with our variables in every branch of it.

    Args:
        environment: The property; None when absent.
        ours: Variables to add; one of the same name is replaced.

    Returns:
        The property with sensitive variables renamed and ours added.
    """

    def variables(value: Any) -> Any:
        kept = {} if value is None or is_no_value(value) else value
        renamed = {
            ASIDE_PREFIX + name if is_aside(name) else name: item for name, item in kept.items()
        }
        return renamed | ours

    def whole(value: Any) -> Any:
        if value is None or is_no_value(value):
            return {"Variables": dict(ours)}
        return value | {"Variables": map_branches(value.get("Variables"), variables)}

    return map_branches(environment, whole)


def obstacle(environment: Any) -> str:
    """Return why our variables cannot be added to an `Environment`, or ""."""
    worst = 0
    for whole in branches(environment):
        if whole is None or is_no_value(whole):
            continue
        if not _is_map(whole):
            return "its Environment is not a mapping that can be extended"
        for variables in branches(whole.get("Variables")):
            if variables is None or is_no_value(variables):
                continue
            if not _is_map(variables):
                return "its environment variables come from an intrinsic that cannot be extended"
            worst = max(worst, _size(variables))
    if worst + _RESERVED_BYTES > MAX_BYTES:
        return (
            f"its environment variables take {worst:,} of {MAX_BYTES:,} bytes, "
            f"which leaves no room for samlive's ({_RESERVED_BYTES})"
        )
    return ""


def _is_map(value: Any) -> bool:
    return isinstance(value, dict) and not intrinsic(value)


def _size(variables: dict[str, Any]) -> int:
    total = 0
    for name, value in variables.items():
        if name in (VARIABLE, WRAPPER_VARIABLE):
            continue
        total += len(name.encode()) + (len(ASIDE_PREFIX) if is_aside(name) else 0)
        total += _longest(value, lambda text: len(str(text).encode()))
    return total


def _longest(value: Any, measure: Callable[[Any], int]) -> int:
    sizes = [measure(found) for found in branches(value) if not isinstance(found, dict | list)]
    return max(sizes, default=0)
