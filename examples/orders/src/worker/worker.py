"""Fulfils what the queue brings; a message that fails comes back alone."""

import json
import os
from typing import Any

import boto3
from orders_shared.log import logger

log = logger(__name__)

_dynamodb = boto3.resource("dynamodb")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Entry point of the function."""
    failed = []
    for record in event["Records"]:
        try:
            fulfil(json.loads(record["body"])["order_id"])
        except Exception:
            log.exception("message %s failed", record["messageId"])
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}


def fulfil(order_id: str) -> None:
    """Mark an order as fulfilled; one that does not exist is an error."""
    _dynamodb.Table(os.environ["ORDERS_TABLE"]).update_item(
        Key={"id": order_id},
        UpdateExpression="SET #status = :fulfilled",
        ConditionExpression="attribute_exists(id)",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":fulfilled": "fulfilled"},
    )
    log.info("order %s fulfilled", order_id)
