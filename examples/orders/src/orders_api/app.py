"""The public API: health, new orders, one order."""

from typing import Any

import orders
import receipts
from orders_shared.http import Refused, answer, body
from orders_shared.log import logger

log = logger(__name__)


def health(event: dict[str, Any]) -> dict[str, Any]:
    """Say that the API is there."""
    return answer(200, {"status": "ok"})


def create(event: dict[str, Any]) -> dict[str, Any]:
    """Take an order: `{"customer": "Ada", "items": [{"sku": "tea", "quantity": 2}]}`."""
    order = orders.place(body(event))
    log.info("order %s taken from %s", order["id"], order["customer"])
    return answer(201, order | {"receipt": receipts.render(order)})


def read(event: dict[str, Any]) -> dict[str, Any]:
    """Show one order."""
    return answer(200, orders.find(event["pathParameters"]["id"]))


ROUTES = {"GET /health": health, "POST /orders": create, "GET /orders/{id}": read}


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Entry point of the function."""
    try:
        return ROUTES[event["routeKey"]](event)
    except Refused as refused:
        log.info("refused: %s", refused.reason)
        return answer(refused.status, {"error": refused.reason})
