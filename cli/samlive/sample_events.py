"""Sample events: what AWS services send to a function, filled with plain values.

One function for each kind; a body that the user gives stands where the service
would put the message. Values are fixed, so two runs see the same event.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-services.html
"""

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from samlive.errors import SamliveError

ACCOUNT = "123456789012"
TIME = "2026-01-01T12:00:00Z"
MILLISECONDS = 1_767_268_800_000
REQUEST_ID = "11111111-2222-4333-8444-555555555555"

Event = dict[str, Any]
Maker = Callable[[str, str], Event]
"""Takes the message and the region."""


@dataclass(frozen=True, slots=True)
class Route:
    """The way of an HTTP request to a function.

    Args:
        method: HTTP method, "ANY" for all.
        path: Path as an API declares it, such as "/orders/{id}"; "" for any.
    """

    method: str = "ANY"
    path: str = ""

    @property
    def sent(self) -> str:
        """The method of a request that takes this route."""
        return (
            "POST" if self.method in ("ANY", "*", "X-AMAZON-APIGATEWAY-ANY-METHOD") else self.method
        )

    @property
    def called(self) -> str:
        """A path that takes this route."""
        return _PARAMETER.sub("sample", self.path) if self.path else "/sample"

    @property
    def parameters(self) -> dict[str, str] | None:
        """The path's parameters; None when it has none."""
        return {name: "sample" for name in _PARAMETER.findall(self.path)} or None


_PARAMETER = re.compile(r"\{(\w+)\+?\}")


def sample(kind: str, body: str | None, region: str, route: Route | None = None) -> Event:
    """Return an event.

    Args:
        kind: A key of the makers below.
        body: The message; None for a sample of it.
        region: Region in which the service sends it.
        route: Route of HTTP events; None for one that takes everything.

    Raises:
        SamliveError: An event of this kind carries no message.
    """
    if body is not None and kind in _WITHOUT_BODY:
        raise SamliveError(
            f"An event of {kind} carries no message.",
            f"Leave out -e, or leave out --event {kind} and give the whole event.",
        )
    message = '{"message": "hello"}' if body is None else body
    if kind in _ROUTED:
        event = _ROUTED[kind](message, region, route or Route())
        without = body is None and (route or Route()).sent in ("GET", "HEAD", "DELETE", "OPTIONS")
        return event | {"body": None} if without else event
    return _MAKERS[kind](message, region)


def _sqs(body: str, region: str) -> Event:
    record = {
        "messageId": REQUEST_ID,
        "receiptHandle": "sample-receipt-handle",
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": str(MILLISECONDS),
            "SenderId": ACCOUNT,
            "ApproximateFirstReceiveTimestamp": str(MILLISECONDS),
        },
        "messageAttributes": {},
        "md5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{region}:{ACCOUNT}:sample-queue",
        "awsRegion": region,
    }
    return {"Records": [record]}


def _sns(body: str, region: str) -> Event:
    topic = f"arn:aws:sns:{region}:{ACCOUNT}:sample-topic"
    message: Event = {
        "Type": "Notification",
        "MessageId": REQUEST_ID,
        "TopicArn": topic,
        "Subject": None,
        "Message": body,
        "Timestamp": "2026-01-01T12:00:00.000Z",
        "SignatureVersion": "1",
        "Signature": "sample",
        "SigningCertUrl": f"https://sns.{region}.amazonaws.com/sample.pem",
        "UnsubscribeUrl": f"https://sns.{region}.amazonaws.com/?Action=Unsubscribe",
        "MessageAttributes": {},
    }
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": f"{topic}:{REQUEST_ID}",
        "Sns": message,
    }
    return {"Records": [record]}


def _s3(body: str, region: str) -> Event:
    bucket = {
        "name": "sample-bucket",
        "ownerIdentity": {"principalId": "SAMPLE"},
        "arn": "arn:aws:s3:::sample-bucket",
    }
    item = {
        "key": "folder/sample.txt",
        "size": 1024,
        "eTag": "0123456789abcdef0123456789abcdef",
        "sequencer": "0A1B2C3D4E5F678901",
    }
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": region,
        "eventTime": "2026-01-01T12:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "SAMPLE"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": "SAMPLE", "x-amz-id-2": "sample"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "sample",
            "bucket": bucket,
            "object": item,
        },
    }
    return {"Records": [record]}


def _dynamodb(body: str, region: str) -> Event:
    record = {
        "eventID": "1",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": region,
        "dynamodb": {
            "ApproximateCreationDateTime": MILLISECONDS // 1000,
            "Keys": {"id": {"S": "sample"}},
            "NewImage": {"id": {"S": "sample"}, "count": {"N": "1"}},
            "SequenceNumber": "100000000000000000001",
            "SizeBytes": 32,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": f"arn:aws:dynamodb:{region}:{ACCOUNT}:table/sample/stream/{TIME[:-1]}",
    }
    return {"Records": [record]}


def _kinesis(body: str, region: str) -> Event:
    record = {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "sample",
            "sequenceNumber": "49590338271490256608559692538361571095921575989136588898",
            "data": base64.b64encode(body.encode()).decode(),
            "approximateArrivalTimestamp": MILLISECONDS / 1000,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": "shardId-000000000000:1",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": f"arn:aws:iam::{ACCOUNT}:role/sample",
        "awsRegion": region,
        "eventSourceARN": f"arn:aws:kinesis:{region}:{ACCOUNT}:stream/sample",
    }
    return {"Records": [record]}


def _apigw(body: str, region: str, route: Route) -> Event:
    host = _host(region)
    resource = route.path or "/{proxy+}"
    return {
        "resource": resource,
        "path": route.called,
        "httpMethod": route.sent,
        "headers": {"Content-Type": "application/json", "Host": host},
        "multiValueHeaders": {"Content-Type": ["application/json"], "Host": [host]},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": route.parameters if route.path else {"proxy": "sample"},
        "stageVariables": None,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "example",
            "domainName": host,
            "httpMethod": route.sent,
            "identity": {"sourceIp": "127.0.0.1", "userAgent": "samlive"},
            "path": f"/Prod{route.called}",
            "protocol": "HTTP/1.1",
            "requestId": REQUEST_ID,
            "requestTimeEpoch": MILLISECONDS,
            "resourcePath": resource,
            "stage": "Prod",
        },
        "body": body,
        "isBase64Encoded": False,
    }


def _httpapi(body: str, region: str, route: Route) -> Event:
    host = _host(region)
    key = f"{route.method} {route.path}" if route.path else "$default"
    event = {
        "version": "2.0",
        "routeKey": key,
        "rawPath": route.called,
        "rawQueryString": "",
        "headers": {"content-type": "application/json", "host": host},
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "example",
            "domainName": host,
            "domainPrefix": "example",
            "http": {
                "method": route.sent,
                "path": route.called,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "samlive",
            },
            "requestId": REQUEST_ID,
            "routeKey": key,
            "stage": "$default",
            "time": "01/Jan/2026:12:00:00 +0000",
            "timeEpoch": MILLISECONDS,
        },
        "body": body,
        "isBase64Encoded": False,
    }
    return event | {"pathParameters": route.parameters} if route.parameters else event


def _host(region: str) -> str:
    return f"example.execute-api.{region}.amazonaws.com"


def _alb(body: str, region: str) -> Event:
    group = f"arn:aws:elasticloadbalancing:{region}:{ACCOUNT}:targetgroup/sample/0123456789abcdef"
    return {
        "requestContext": {"elb": {"targetGroupArn": group}},
        "httpMethod": "POST",
        "path": "/sample",
        "queryStringParameters": {},
        "headers": {"content-type": "application/json", "x-forwarded-for": "127.0.0.1"},
        "body": body,
        "isBase64Encoded": False,
    }


def _schedule(body: str, region: str) -> Event:
    return _bus_event("aws.events", "Scheduled Event", {}, region) | {
        "resources": [f"arn:aws:events:{region}:{ACCOUNT}:rule/sample"]
    }


def _eventbridge(body: str, region: str) -> Event:
    return _bus_event("sample.source", "Sample Event", {"message": body}, region)


def _bus_event(source: str, kind: str, detail: Event, region: str) -> Event:
    return {
        "version": "0",
        "id": REQUEST_ID,
        "detail-type": kind,
        "source": source,
        "account": ACCOUNT,
        "time": TIME,
        "region": region,
        "resources": [],
        "detail": detail,
    }


_MAKERS: dict[str, Maker] = {
    "alb": _alb,
    "dynamodb": _dynamodb,
    "eventbridge": _eventbridge,
    "kinesis": _kinesis,
    "s3": _s3,
    "schedule": _schedule,
    "sns": _sns,
    "sqs": _sqs,
}
_ROUTED: dict[str, Callable[[str, str, Route], Event]] = {
    "apigw": _apigw,
    "httpapi": _httpapi,
    "url": lambda body, region, _: _httpapi(body, region, Route()),  # sent as by an HTTP API
}
_WITHOUT_BODY = frozenset(("dynamodb", "s3", "schedule"))
