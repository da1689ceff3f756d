"""Says what arrives."""

import json


def handler(event, context):
    print("got:", json.dumps(event, sort_keys=True))
    return {"statusCode": 200, "body": "here"}
