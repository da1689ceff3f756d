"""Answers for API Gateway, and the one error that handlers raise on purpose."""

import json
from decimal import Decimal
from typing import Any


class Refused(Exception):
    """The caller asked for something it cannot have."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def answer(status: int, body: Any) -> dict[str, Any]:
    """Return a proxy response that both kinds of API understand."""
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(body, default=_plain),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):  # what DynamoDB gives for a number
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"cannot be written as JSON: {value!r}")
