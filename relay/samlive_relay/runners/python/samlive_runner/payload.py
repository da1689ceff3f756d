"""Turns the raw event into an object and the handler's result into a raw answer."""

from typing import Any, Union

from .faults import Fault
from .jsontext import as_text, from_text


def parse_event(event: bytes, content_type: str) -> Any:
    """Return the event as the handler sees it.

    Raises:
        Fault: It is not JSON.
    """
    if content_type != "application/json":
        return event
    try:
        return from_text(event)
    except ValueError as problem:
        raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {problem}") from None


def format_response(value: Any) -> Union[bytes, str]:
    """Return the answer for what the handler returned, as bytes or as text.

    Raises:
        Fault: It cannot be written as JSON.
    """
    if isinstance(value, bytes):
        return value
    try:
        return as_text(value)
    except Exception as problem:
        raise Fault("Runtime.MarshalError", f"Unable to marshal response: {problem}") from None


def format_error(error: dict[str, Any]) -> bytes:
    """Return the raw error for an error object."""
    return as_text(error).encode("utf-8", "surrogatepass")
