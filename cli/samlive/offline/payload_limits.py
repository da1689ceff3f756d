"""Lambda's limits for the event of an Invoke call, judged before the emulator.

Six megabytes for a call that waits, one for an asynchronous one.
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

import json
import re
from collections.abc import Iterable

MAX_SYNCHRONOUS_BYTES = 6 * 1024 * 1024
MAX_ASYNCHRONOUS_BYTES = 1024 * 1024
_INVOKE = re.compile(r"/2015-03-31/functions/[^/]+/invocations/?")
Headers = list[tuple[bytes, bytes]]


def refusal(
    method: str, path: str, headers: Iterable[tuple[bytes, bytes]]
) -> tuple[int, Headers, bytes] | None:
    """Return the answer to an Invoke call whose event is too large, or None.

    Args:
        method: HTTP method.
        path: Path, decoded.
        headers: Request headers, names in lower case.

    Returns:
        HTTP status, headers and body.
    """
    if method != "POST" or not _INVOKE.fullmatch(path):
        return None
    found = dict(headers)
    asynchronous = found.get(b"x-amz-invocation-type") == b"Event"
    limit = MAX_ASYNCHRONOUS_BYTES if asynchronous else MAX_SYNCHRONOUS_BYTES
    size = int(found.get(b"content-length", b"0"))
    if size <= limit:
        return None
    text = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
    body = json.dumps({"Type": "User", "message": text}).encode()
    kind = (b"x-amzn-errortype", b"RequestTooLargeException")
    return 413, [kind, (b"content-type", b"application/json")], body
