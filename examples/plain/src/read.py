"""Shows one note."""

import json
from typing import Any

import notes


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Entry point of the function."""
    found = notes.table().get_item(Key={"id": event["pathParameters"]["id"]})
    if "Item" not in found:
        return {"statusCode": 404, "body": json.dumps({"error": "no such note"})}
    return {"statusCode": 200, "body": json.dumps(found["Item"])}
