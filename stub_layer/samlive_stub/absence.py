"""What a caller gets when no relay takes its request; imported only then.

A function that nobody runs must not look as if it had run: a queue would drop
its message, a stream its record. So everything raises, except for callers that
would learn nothing from it: HTTP callers get a 503 that says what is wrong,
and CloudFormation, which would wait for an hour, gets a FAILED.

With the policy "drop" events that nobody waits for succeed instead.
"""

import json
from typing import Any

DROP = "drop"
NEVER_CREATED = "samlive-never-created"
"""Physical id of a custom resource whose creation we failed: deleting it succeeds."""


def answer(event: bytes, kind: str, message: str, policy: str) -> tuple[bool, bytes]:
    """Return what to give the Runtime API: whether it is an error, and the body.

    Args:
        event: The raw event.
        kind: Error type, "SamLive.…".
        message: What happened and what to do.
        policy: "fail" or "drop".
    """
    try:
        parsed = json.loads(event)
    except ValueError:
        parsed = None
    if isinstance(parsed, dict):
        if _is_http(parsed):
            return False, _http(parsed, kind, message)
        if _is_custom_resource(parsed):
            _report(parsed, message)
            return False, b"null"
    if policy == DROP:
        return False, b"null"
    return True, error(kind, message)


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
