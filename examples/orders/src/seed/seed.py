"""Custom resource: keeps the products table in step with the template.

CloudFormation calls it while the stack is deployed and waits for the answer,
which goes by PUT to the URL in the event.
"""

import json
import os
import urllib.request
from typing import Any

import boto3

_dynamodb = boto3.resource("dynamodb")


def handler(event: dict[str, Any], context: Any) -> None:
    """Entry point of the function."""
    try:
        count = seed(event)
    except Exception as error:
        print(f"seeding failed: {error!r}")
        respond(event, "FAILED", reason=f"{type(error).__name__}: {error}")
    else:
        print(f"{event['RequestType']}: {count} products written")
        respond(event, "SUCCESS", data={"Count": str(count)})


def seed(event: dict[str, Any]) -> int:
    """Write the products of the event; the table itself goes with the stack."""
    if event["RequestType"] == "Delete":
        return 0
    properties = event["ResourceProperties"]
    table = _dynamodb.Table(properties["TableName"])
    for product in properties["Products"]:
        table.update_item(
            Key={"sku": product["Sku"]},
            UpdateExpression="SET #name = :name, price_cents = :price",
            ExpressionAttributeNames={"#name": "name"},
            ExpressionAttributeValues={
                ":name": product["Name"],
                ":price": int(product["PriceCents"]),
            },
        )
    return len(properties["Products"])


def respond(
    event: dict[str, Any], status: str, *, reason: str = "", data: dict[str, str] | None = None
) -> None:
    """Tell CloudFormation how it went."""
    body = {
        "Status": status,
        "Reason": reason or f"see the log of {os.environ.get('AWS_LAMBDA_FUNCTION_NAME')}",
        "PhysicalResourceId": f"catalogue-{event['ResourceProperties']['TableName']}",
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "Data": data or {},
    }
    request = urllib.request.Request(
        event["ResponseURL"],
        data=json.dumps(body).encode(),
        method="PUT",
        headers={"content-type": ""},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        print(f"CloudFormation answered {response.status}")
