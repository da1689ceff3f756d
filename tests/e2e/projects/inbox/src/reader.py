"""Reads its mail."""


def handler(event, context):
    for record in event.get("Records", ()):
        print("read:", record["body"])
    return {"statusCode": 200, "body": "read"}
