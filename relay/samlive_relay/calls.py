"""Turns what the protocol delivers into what a worker takes, and reads errors back."""

import json
import time

from samlive_stub.protocol import SEAL_FIELD
from samlive_stub.responder import Invocation

from .workers.worker import Call, ResponseStream


def call_for(invocation: Invocation, stream: ResponseStream) -> Call:
    """Return the call of an accepted request.

    The deadline is moved to this machine's clock: "now-ms" is the stub's clock
    when it sent the request, so only the difference of the two counts.

    Args:
        invocation: The request as the protocol delivered it.
        stream: Takes the response, should it be streamed.
    """
    fields = dict(invocation.fields)
    fields.pop(SEAL_FIELD, None)
    fields["request-id"] = invocation.request_id
    if "aws-tenant-id" in fields:
        fields["tenant-id"] = fields["aws-tenant-id"]
    now = int(time.time() * 1000)
    remote = int(fields.get("now-ms") or now)
    deadline = int(fields.get("deadline-ms") or remote + 900_000)
    left = deadline - remote
    fields["deadline-ms"] = str(now + left)
    return Call(invocation.request_id, fields, invocation.event, left / 1000, stream)


def describe_error(body: bytes) -> tuple[str, str]:
    """Return type and message of an error as Lambda writes it; empty when it has none."""
    try:
        error = json.loads(body)
        return str(error.get("errorType") or ""), str(error.get("errorMessage") or "")
    except (ValueError, AttributeError):
        return "", ""
