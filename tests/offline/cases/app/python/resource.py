import json
import urllib.request


def handler(event, context):
    answer = {
        "Status": "SUCCESS",
        "PhysicalResourceId": "made",
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "Data": {"Answer": event["ResourceProperties"]["Colour"].upper()},
    }
    request = urllib.request.Request(
        event["ResponseURL"], json.dumps(answer).encode(), method="PUT"
    )
    urllib.request.urlopen(request).read()
