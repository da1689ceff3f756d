"""What called a function, in a few words: read from the shape of the event.

    GET /orders        sqs orders (3)      schedule every-night
    websocket $connect s3 photos ObjectCreated:Put cat.jpg

Services do not say who they are in one place, so each shape has a reader. Whatever is
unknown, too large to be read in passing, or made by hand has no name. Nothing of a message's
content, headers or query is taken: terminals are shared, and lines are recorded.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-services.html
"""

import json
from collections.abc import Callable
from typing import Any

MAX_BYTES = 256 * 1024
"""What is parsed within two milliseconds; services send no more, but for HTTP bodies."""
MAX_CHARACTERS = 60

Event = dict[str, Any]


def describe(body: bytes) -> str:
    """Return what sent an event; empty when that is not to be seen.

    Args:
        body: The event as it arrived.
    """
    if len(body) > MAX_BYTES or not body.lstrip().startswith(b"{"):
        return ""
    try:
        event = json.loads(body)
        text = ""
        for read in _READERS:
            if text := read(event):
                break
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return ""
    if not text.isprintable():
        text = "".join(character for character in text if character.isprintable())
    line = text.strip()
    return line if len(line) <= MAX_CHARACTERS else f"{line[: MAX_CHARACTERS - 1]}…"


def _authorizer(event: Event) -> str:
    arn = event.get("methodArn") or event.get("routeArn")
    if not isinstance(arn, str) or event.get("type") not in ("TOKEN", "REQUEST"):
        return ""
    _, _, route = arn.split(":")[-1].partition("/")
    return f"authorizer {' /'.join(route.split('/', 2)[1:])}"


def _http(event: Event) -> str:
    context = event.get("requestContext")
    if not isinstance(context, dict):
        return ""
    if "connectionId" in context and "routeKey" in context:
        return f"websocket {context['routeKey']}"
    http = context.get("http")
    if isinstance(http, dict):
        return f"{http['method']} {event.get('rawPath') or http['path']}"
    if "httpMethod" in event:
        return f"{event['httpMethod']} {event['path']}"
    return ""


def _records(event: Event) -> str:
    records = event.get("Records")
    if not isinstance(records, list) or not records:
        return ""
    first = records[0]
    source = str(first.get("eventSource") or first.get("EventSource") or "")
    service = source.removeprefix("aws:")
    if not source.startswith("aws:"):
        return ""
    text = " ".join(part for part in (service, _SUBJECTS.get(service, _by_arn)(first)) if part)
    return f"{text} ({len(records)})" if len(records) > 1 else text


def _by_arn(record: Event) -> str:
    return _name(str(record.get("eventSourceARN", "")))


def _topic(record: Event) -> str:
    return _name(str(record["Sns"]["TopicArn"]))


def _table(record: Event) -> str:
    name = str(record["eventSourceARN"]).split("/")[1]
    return f"{name} {record.get('eventName', '')}".strip()


def _object(record: Event) -> str:
    s3 = record["s3"]
    return f"{s3['bucket']['name']} {record['eventName']} {s3['object']['key']}"


_SUBJECTS: dict[str, Callable[[Event], str]] = {"dynamodb": _table, "s3": _object, "sns": _topic}


def _eventbridge(event: Event) -> str:
    if "detail-type" not in event or "source" not in event:
        return ""
    if event["detail-type"] == "Scheduled Event":
        rules = event.get("resources") or [""]
        return f"schedule {_name(str(rules[0]))}".strip()
    return f"event {event['source']} {event['detail-type']}"


def _custom_resource(event: Event) -> str:
    if "RequestType" in event and "ResponseURL" in event:
        return f"custom resource {event['LogicalResourceId']} {event['RequestType']}"
    return ""


def _others(event: Event) -> str:
    """Services that one key gives away."""
    if isinstance(event.get("awslogs"), dict):
        return "logs"
    if "triggerSource" in event and "userPoolId" in event:
        return f"cognito {event['triggerSource']}"
    if "deliveryStreamArn" in event:
        return f"firehose {_name(event['deliveryStreamArn'])}"
    if event.get("eventSource") in ("aws:kafka", "SelfManagedKafka"):
        topics = {str(key).rpartition("-")[0] for key in event["records"]}
        return f"kafka {', '.join(sorted(topics))}"
    if event.get("eventSource") in ("aws:mq", "aws:rmq"):
        return f"mq {_name(str(event.get('eventSourceArn', '')))}"
    if isinstance(event.get("info"), dict) and "fieldName" in event["info"]:
        return f"graphql {event['info']['parentTypeName']}.{event['info']['fieldName']}"
    if "invokingEvent" in event and "configRuleName" in event:
        return f"config {event['configRuleName']}"
    if "alarmArn" in event:
        return f"alarm {_name(event['alarmArn'])}"
    if "ClientRequestToken" in event and "SecretId" in event and "Step" in event:
        return f"rotation {event['Step']}"
    return ""


_READERS: tuple[Callable[[Event], str], ...] = (
    _authorizer,
    _http,
    _records,
    _eventbridge,
    _custom_resource,
    _others,
)


def _name(arn: str) -> str:
    """Return the last part of an ARN."""
    return arn.rpartition(":")[2].rpartition("/")[2]
