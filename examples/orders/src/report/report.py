"""Once an hour: how many orders, and what they are worth."""

import os
from collections.abc import Iterator
from typing import Any

import boto3
from orders_shared import money
from orders_shared.log import logger

log = logger(__name__)

_dynamodb = boto3.resource("dynamodb")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Entry point of the function."""
    totals = [int(order["total_cents"]) for order in stored()]
    log.info("%d orders worth %s", len(totals), money.text(sum(totals)))
    return {"orders": len(totals), "turnover_cents": sum(totals)}


def stored() -> Iterator[dict[str, Any]]:
    """Yield every order, page by page."""
    table = _dynamodb.Table(os.environ["ORDERS_TABLE"])
    page = table.scan()
    yield from page["Items"]
    while "LastEvaluatedKey" in page:
        page = table.scan(ExclusiveStartKey=page["LastEvaluatedKey"])
        yield from page["Items"]
