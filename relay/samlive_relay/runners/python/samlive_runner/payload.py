"""Turns the raw event into an object and the handler's result into a raw answer.

Lambda's runtime uses simplejson; this does the same to the same values: exact
decimals, bytes read as UTF-8, and non-ASCII text unescaped since Python 3.12.
"""

import json
import math
import os
import re
import uuid
from typing import Any

from .faults import Fault

_UNESCAPED = frozenset(f"AWS_Lambda_python3.{minor}" for minor in range(12, 20))
_MARK = uuid.uuid4().hex
_MARKED = re.compile(f'"{_MARK}([^"]*)"')


def parse_event(event: bytes, content_type: str) -> Any:
    """Return the event as the handler sees it.

    Raises:
        Fault: It is not JSON.
    """
    if content_type != "application/json":
        return event
    try:
        return json.loads(event)
    except ValueError as problem:
        raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {problem}") from None


def format_response(value: Any) -> bytes:
    """Return the raw answer for what the handler returned.

    Raises:
        Fault: It cannot be written as JSON.
    """
    if isinstance(value, bytes):
        return value
    try:
        return encode(value)
    except Exception as problem:
        raise Fault("Runtime.MarshalError", f"Unable to marshal response: {problem}") from None


def format_error(error: dict[str, Any]) -> bytes:
    """Return the raw error for an error object."""
    return encode(error)


def encode(value: Any) -> bytes:
    """Return a value as JSON, as Lambda's runtime writes it."""
    ascii_only = os.environ.get("AWS_EXECUTION_ENV") not in _UNESCAPED
    text = json.dumps(value, ensure_ascii=ascii_only, default=_default)
    if _MARK in text:
        text = _MARKED.sub(r"\1", text)
    return text.encode("utf-8", "surrogatepass")


def _default(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode()
    if type(value).__name__ == "Decimal" and type(value).__module__ == "decimal":
        # A number that the encoder would round: marked here, unquoted in encode().
        return math.nan if value.is_nan() else f"{_MARK}{value}"
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")
