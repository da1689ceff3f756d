"""What Lambda sends to an on-failure destination: the event that could not run, and about it.

The event is cut out of the record as it is written, because a number that is
parsed and written again may come out different.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

import json
import re
from dataclasses import dataclass

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Record:
    """One event that waits.

    Args:
        function: ARN that it was for, with version or alias.
        payload: The event.
    """

    function: str
    payload: bytes

    @property
    def name(self) -> str:
        """The function's name."""
        return name_of(self.function)


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
    if not isinstance(arn, str) or not name_of(arn):
        raise ValueError("the record names no function")
    return Record(arn, members["requestPayload"].encode())


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
    json.loads(body)  # refuses what is no JSON as a whole
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
