"""Orders in DynamoDB, and the message that has them fulfilled."""

import json
import os
import uuid
from datetime import UTC, datetime
from typing import Any

import boto3
from orders_shared.http import Refused

MAX_QUANTITY = 99

_dynamodb = boto3.resource("dynamodb")
_sqs = boto3.client("sqs")


def place(wanted: Any) -> dict[str, Any]:
    """Check an order, store it and queue it for fulfilment.

    Raises:
        Refused: The order makes no sense, or a product is unknown.
    """
    customer, items = _checked(wanted)
    lines = [_line(item) for item in items]
    order = {
        "id": uuid.uuid4().hex[:12],
        "customer": customer,
        "lines": lines,
        "total_cents": sum(line["quantity"] * line["price_cents"] for line in lines),
        "status": "placed",
        "placed_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    _dynamodb.Table(os.environ["ORDERS_TABLE"]).put_item(Item=order)
    _sqs.send_message(
        QueueUrl=os.environ["FULFILMENT_QUEUE_URL"],
        MessageBody=json.dumps({"order_id": order["id"]}),
    )
    return order


def find(order_id: str) -> dict[str, Any]:
    """Return a stored order.

    Raises:
        Refused: There is none with this id.
    """
    found = _dynamodb.Table(os.environ["ORDERS_TABLE"]).get_item(Key={"id": order_id})
    if "Item" not in found:
        raise Refused(404, f"no order {order_id}")
    return found["Item"]


def _checked(wanted: Any) -> tuple[str, list[dict[str, Any]]]:
    if not isinstance(wanted, dict) or not wanted.get("customer"):
        raise Refused(400, "an order names its customer")
    items = wanted.get("items")
    if not isinstance(items, list) or not items:
        raise Refused(400, "an order has items")
    for item in items:
        quantity = item.get("quantity") if isinstance(item, dict) else None
        if not isinstance(quantity, int) or not 1 <= quantity <= MAX_QUANTITY:
            raise Refused(400, f"a quantity is between 1 and {MAX_QUANTITY}")
    return str(wanted["customer"]), items


def _line(item: dict[str, Any]) -> dict[str, Any]:
    sku = str(item.get("sku"))
    found = _dynamodb.Table(os.environ["PRODUCTS_TABLE"]).get_item(Key={"sku": sku})
    if "Item" not in found:
        raise Refused(400, f"no product {sku}")
    product = found["Item"]
    return {
        "sku": sku,
        "name": product["name"],
        "quantity": item["quantity"],
        "price_cents": int(product["price_cents"]),
    }
