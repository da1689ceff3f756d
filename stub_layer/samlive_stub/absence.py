"""What a caller gets when no relay takes its request; imported only then.

A function that nobody runs must not look as if it had run: a queue would drop
its message, a stream its record. So everything raises, except for callers that
would learn nothing from it: HTTP callers get a 503 that says what is wrong,
and CloudFormation, which would wait for an hour, gets a FAILED.

The user may decide otherwise for each kind of event, which its shape tells:
https://docs.aws.amazon.com/lambda/latest/dg/lambda-services.html
"""

import json
from typing import Any

from .contract import API, URL

ACTIONS = {
    "http": ("503", "fail"),
    "resource": ("failed", "fail"),
    "queue": ("fail", "drop"),
    "stream": ("fail", "drop"),
    "async": ("fail", "drop"),
    "other": ("fail", "drop"),
}
"""Kinds of events, each with what may be done about them; the first is the default."""

_SOURCES = {
    "aws:sqs": "queue",
    "aws:mq": "queue",
    "aws:rmq": "queue",
    "aws:kinesis": "stream",
    "aws:dynamodb": "stream",
    "aws:kafka": "stream",
    "SelfManagedKafka": "stream",
    "aws:docdb": "stream",
    "aws:sns": "async",
    "aws:s3": "async",
    "aws:ses": "async",
    "aws:codecommit": "async",
}
_MARKS = (
    ("detail-type", "source"),  # EventBridge and its schedules
    ("awslogs",),  # CloudWatch Logs
    ("alarmArn", "alarmData"),  # CloudWatch alarms
    ("invokingEvent", "configRuleName"),  # Config
    ("requestPayload", "requestContext"),  # another function's destination
)
"""Members that asynchronous events have, beside those that name their source."""

HTTP_TYPE = "application/vnd.awslambda.http-integration-response"
"""A streamed HTTP response: status and headers as JSON, eight zero bytes, body."""

NEVER_CREATED = "samlive-never-created"
"""Physical id of a custom resource whose creation we failed: deleting it succeeds."""


def answer(event: bytes, kind: str, message: str, policy: str) -> tuple[bool, bytes]:
    """Return what to give the Runtime API: whether it is an error, and the body.

    Args:
        event: The raw event.
        kind: Error type, "SamLive.…".
        message: What happened and what to do.
        policy: What the user decided, as `canonical` returns it; empty for nothing.
    """
    try:
        parsed = json.loads(event)
    except ValueError:
        parsed = None
    try:
        action = actions(policy)[kind_of(parsed)]
    except ValueError:  # of another version, perhaps: nothing may get lost
        action = actions("")[kind_of(parsed)]
    if action == "503":
        return False, _http(parsed, kind, message)
    if action == "failed":
        _report(parsed, message)
    return action == "fail", error(kind, message) if action == "fail" else b"null"


def actions(policy: str) -> dict[str, str]:
    """Return what is done about each kind of event.

    Args:
        policy: "fail", "drop", or pairs such as "queue=drop,async=drop", perhaps after
            one of the words; empty for the defaults.

    Raises:
        ValueError: It is none of these; says what is wrong.
    """
    found = {kind: allowed[0] for kind, allowed in ACTIONS.items()}
    given = set()
    for position, part in enumerate(policy.split(",") if policy else ()):
        kind, equals, action = (text.strip() for text in part.partition("="))
        if not equals and position == 0 and kind in ("fail", "drop"):
            if kind == "drop":
                found.update({each: kind for each in ACTIONS if kind in ACTIONS[each]})
            continue
        if kind not in ACTIONS:
            raise ValueError(f"{part.strip()!r} names none of {', '.join(ACTIONS)}")
        if action not in ACTIONS[kind]:
            raise ValueError(f"{kind} takes {' or '.join(ACTIONS[kind])}, not {action!r}")
        if kind in given:
            raise ValueError(f"{kind} is given twice")
        given.add(kind)
        found[kind] = action
    return found


def canonical(policy: str) -> str:
    """Return a policy in its shortest form: "fail", "drop", or what differs from "fail".

    Raises:
        ValueError: It is no policy; says what is wrong.
    """
    found = actions(policy or ",")
    for word in ("fail", "drop"):
        if found == actions(word):
            return word
    differing = [f"{k}={a}" for k, a in found.items() if a != ACTIONS[k][0]]
    return ",".join(differing)


def kind_of(event: Any) -> str:
    """Return the kind of an event, one of `ACTIONS`."""
    if not isinstance(event, dict):
        return "other"
    if _is_http(event):
        return "http"
    if _is_custom_resource(event):
        return "resource"
    records = event.get("Records")
    first = records[0] if isinstance(records, list) and records else None
    holder = first if isinstance(first, dict) else event
    source = holder.get("eventSource", holder.get("EventSource"))
    if isinstance(source, str) and source in _SOURCES:
        return _SOURCES[source]
    return "async" if any(event.keys() >= set(mark) for mark in _MARKS) else "other"


def error(kind: str, message: str) -> bytes:
    """Return an error in the form of the Runtime API."""
    return json.dumps({"errorMessage": message, "errorType": kind, "stackTrace": []}).encode()


def error_type(body: bytes) -> str:
    """Return the error type in an error body, "Function.Unknown" when there is none."""
    try:
        found = json.loads(body).get("errorType")
    except (ValueError, AttributeError):
        found = None
    return found if isinstance(found, str) and found.isprintable() else "Function.Unknown"


def is_http(event: bytes) -> bool:
    """Tell whether the caller waits for an HTTP answer."""
    try:
        parsed = json.loads(event)
    except ValueError:
        return False
    return isinstance(parsed, dict) and _is_http(parsed)


def _is_http(event: dict[str, Any]) -> bool:
    """API Gateway (REST, HTTP and WebSocket), function URLs and load balancers."""
    context = event.get("requestContext")
    if not isinstance(context, dict) or "methodArn" in event or "routeArn" in event:
        return False  # an authorizer's answer is a policy, not a response
    return "httpMethod" in event or bool({"http", "elb", "connectionId"} & context.keys())


def _http(event: dict[str, Any], kind: str, message: str) -> bytes:
    response = {
        "statusCode": 503,
        "headers": {"content-type": "application/json", "retry-after": "5"},
        "body": json.dumps({"message": message, "errorType": kind}),
        "isBase64Encoded": False,
    }
    if "elb" in event["requestContext"]:
        response["statusDescription"] = "503 Service Unavailable"
    return json.dumps(response).encode()


def as_stream(event: bytes, response: bytes, streams: str) -> bytes:
    """Return an HTTP answer as a stream; empty when its caller takes it whole.

    Args:
        event: The raw event.
        response: What `answer` returned for it.
        streams: The settings' `streams`.
    """
    if not streams or not is_http(event):
        return b""
    parsed = json.loads(event)
    from_url = ".lambda-url." in str(parsed["requestContext"].get("domainName"))
    caller = URL if from_url else API if "httpMethod" in parsed else ""
    if caller not in streams.split("+"):
        return b""
    whole = json.loads(response)
    prelude = {name: whole[name] for name in ("statusCode", "headers")}
    return json.dumps(prelude).encode() + bytes(8) + str(whole["body"]).encode()


def _is_custom_resource(event: dict[str, Any]) -> bool:
    return event.get("RequestType") in ("Create", "Update", "Delete") and isinstance(
        event.get("ResponseURL"), str
    )


def _report(event: dict[str, Any], message: str) -> None:
    """Tell CloudFormation; see "crpg-ref-responses" in its user guide for the form."""
    import urllib.request

    identity = event.get("PhysicalResourceId") or NEVER_CREATED
    gone = event["RequestType"] == "Delete" and identity == NEVER_CREATED
    report = {
        "Status": "SUCCESS" if gone else "FAILED",
        "Reason": message,
        "PhysicalResourceId": identity,
        **{name: event.get(name) for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    request = urllib.request.Request(
        event["ResponseURL"],
        data=json.dumps(report).encode(),
        method="PUT",
        headers={"Content-Type": ""},
    )
    urllib.request.urlopen(request, timeout=20).close()
