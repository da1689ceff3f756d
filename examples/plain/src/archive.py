"""Stores the notes that the queue brings."""

import json
from typing import Any

import notes


def handler(event: dict[str, Any], context: Any) -> None:
    """Entry point of the function."""
    for record in event["Records"]:
        note = json.loads(record["body"])
        notes.table().put_item(Item={"id": note["id"], "text": note["text"]})
        print(f"note {note['id']} archived")
