"""The back office: /admin/orders and /admin/products, read-only."""

import os
from typing import Any

import boto3
from orders_shared.http import Refused, answer

_dynamodb = boto3.resource("dynamodb")

TABLES = {"orders": "ORDERS_TABLE", "products": "PRODUCTS_TABLE"}


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Entry point of the function."""
    try:
        return answer(200, listing(event["httpMethod"], event["pathParameters"]["proxy"]))
    except Refused as refused:
        return answer(refused.status, {"error": refused.reason})


def listing(method: str, what: str) -> dict[str, Any]:
    """Return all there is of one kind.

    Raises:
        Refused: There is no such listing, or it was not asked for with GET.
    """
    if what not in TABLES:
        raise Refused(404, f"no listing {what}; there are {', '.join(TABLES)}")
    if method != "GET":
        raise Refused(405, "listings are read-only")
    items = _dynamodb.Table(os.environ[TABLES[what]]).scan()["Items"]
    return {what: items, "count": len(items)}
