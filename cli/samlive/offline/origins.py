"""Keeps web pages away from the cloud's APIs.

The emulator answers every origin and takes a well-known key for root, and who
may create a function may run code on this machine. So a page on the web that a
browser on this machine shows must not reach the APIs, neither by a script nor
by a link, nor under a name of its own that resolves to 127.0.0.1. Browsers say
where a request comes from; programs do not, and are let through. Pages served
from this machine are let through too, and the APIs that a stack itself offers
are open to every page, as they would be in AWS.
https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
"""

import re
from collections.abc import Mapping

_LOCAL = r"(localhost|([a-z0-9-]+\.)*localhost|127\.0\.0\.1|\[::1\])"
_LOCAL_ORIGIN = re.compile(rf"https?://{_LOCAL}(:\d+)?")
_KNOWN_HOST = re.compile(rf"({_LOCAL}|([a-z0-9_-]+\.)+(amazonaws\.com(\.cn)?|on\.aws))(:\d+)?")
_STACK_PATH = re.compile(r"/_aws/execute-api/|/restapis/[^/]+/[^/]+/_user_request_")
_STACK_HOST = re.compile(r"[a-z0-9]+\.(execute-api|lambda-url)\.")


def refusal(path: str, headers: Mapping[bytes, bytes]) -> str | None:
    """Tell why a request must not reach the cloud, or None.

    Args:
        path: Its path.
        headers: Its headers, names in lower case.
    """
    host = headers.get(b"host", b"").decode("latin-1").lower()
    if host and not _KNOWN_HOST.fullmatch(host):
        return f"{host} is no name of the offline cloud"
    if _STACK_PATH.match(path) or _STACK_HOST.match(host):
        return None
    origin = headers.get(b"origin", b"").decode("latin-1").lower()
    if origin and not _LOCAL_ORIGIN.fullmatch(origin):
        return f"pages of {origin} may not use the offline cloud"
    if headers.get(b"sec-fetch-site") == b"cross-site" and not origin:
        return "links of other sites may not use the offline cloud"
    return None
