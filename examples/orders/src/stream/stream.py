"""Counts pieces sold when an order appears in the table's stream."""

import os
from typing import Any

import boto3
from boto3.dynamodb.types import TypeDeserializer
from orders_shared.log import logger

log = logger(__name__)

_dynamodb = boto3.resource("dynamodb")
_plain = TypeDeserializer().deserialize


def handler(event: dict[str, Any], context: Any) -> None:
    """Entry point of the function."""
    for record in event["Records"]:
        if record["eventName"] == "INSERT":
            for sku, quantity in sold(record["dynamodb"]["NewImage"]):
                count(sku, quantity)


def sold(image: dict[str, Any]) -> list[tuple[str, int]]:
    """Return product and quantity of each line of a stored order."""
    return [(line["sku"], int(line["quantity"])) for line in _plain(image["lines"])]


def count(sku: str, quantity: int) -> None:
    """Add to what was sold of a product."""
    _dynamodb.Table(os.environ["PRODUCTS_TABLE"]).update_item(
        Key={"sku": sku},
        UpdateExpression="ADD sold :quantity",
        ExpressionAttributeValues={":quantity": quantity},
    )
    log.info("%d more of %s sold", quantity, sku)
