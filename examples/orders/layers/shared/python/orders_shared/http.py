"""Answers for API Gateway, and the one error that handlers raise on purpose."""

import base64
import json
from decimal import Decimal
from typing import Any


class Refused(Exception):
    """The caller asked for something it cannot have."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def body(event: dict[str, Any]) -> Any:
    """Return the JSON that was sent, whatever content type the caller claimed.

    Raises:
        Refused: It is not JSON.
    """
    text = event.get("body") or ""
    try:
        return json.loads(base64.b64decode(text) if event.get("isBase64Encoded") else text)
    except ValueError:
        raise Refused(400, "the body is not JSON") from None


def answer(status: int, content: Any) -> dict[str, Any]:
    """Return a proxy response that both kinds of API understand."""
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(content, default=_plain),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):  # what DynamoDB gives for a number
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"cannot be written as JSON: {value!r}")
