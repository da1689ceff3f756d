"""What Lambda sends to an on-failure destination: the event that could not run, and about it.

The event is cut out of the record as it is written, because a number that is
parsed and written again may come out different. Of the function's ARN only name
and version or alias are used, so that a forged record leads to no other account.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

import json
import re
from dataclasses import dataclass

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()
_TARGET = re.compile(
    r"arn:[\w-]+:lambda:[\w-]+:\d+:function:([\w-]+)(?::(\$LATEST|[\w-]+))?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Record:
    """One event that waits.

    Args:
        name: Name of the function that it was for.
        qualifier: The version or alias; empty when none was told.
        payload: The event.
    """

    name: str
    qualifier: str
    payload: bytes

    @property
    def target(self) -> str:
        """The function with version or alias, as Invoke takes it."""
        return f"{self.name}:{self.qualifier}" if self.qualifier else self.name


def name_of(arn: str) -> str:
    """Return a function's name from its ARN; "" when it is none."""
    # arn:aws:lambda:<region>:<account>:function:<name>[:<version or alias>]
    parts = arn.split(":")
    return parts[6] if len(parts) > 6 and parts[2] == "lambda" else ""


def read(body: str) -> Record:
    """Read the body of a message.

    Raises:
        ValueError: It is no record of Lambda's, or Lambda left the event out.
    """
    members = _members(body)
    if "requestPayload" not in members:
        raise ValueError("the record holds no event")
    context = json.loads(members.get("requestContext", "null"))
    arn = context.get("functionArn") if isinstance(context, dict) else None
    found = _TARGET.fullmatch(arn) if isinstance(arn, str) else None
    if found is None:
        raise ValueError("the record names no function")
    return Record(found[1], found[2] or "", members["requestPayload"].encode())


def function_of(body: str) -> str:
    """Return the name of the function that a message is for, "?" when it names none."""
    try:
        return read(body).name
    except ValueError:
        return "?"


def _members(body: str) -> dict[str, str]:
    """Return the members of a JSON object, each as it is written.

    Raises:
        ValueError: It is no JSON object.
    """
    try:
        json.loads(body)  # refuses what is no JSON as a whole
    except RecursionError:
        raise ValueError("the record is nested too deeply") from None
    at = _skip(body, 0)
    if body[at] != "{":
        raise ValueError("no JSON object")
    found: dict[str, str] = {}
    at = _skip(body, at + 1)
    while body[at] != "}":
        name, at = _DECODER.raw_decode(body, at)
        start = _skip(body, _skip(body, at) + 1)  # the colon
        _, end = _DECODER.raw_decode(body, start)
        found[name] = body[start:end]
        at = _skip(body, end)
        if body[at] == ",":
            at = _skip(body, at + 1)
    return found


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None  # it matches nothing, too
    return found.end()
