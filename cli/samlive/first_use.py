"""Waits until the name of a new AWS IoT endpoint resolves.

An account's endpoint is made when somebody first asks for it, and its name may
take minutes to reach the resolvers. A connection would fail meanwhile with a
message that says nothing of it. Where the name is not looked up here, because
a proxy does it or the endpoint is this machine, there is nothing to wait for.
"""

import socket
import time
from collections.abc import Callable

from samlive.access import Access
from samlive.deploy.pace import Pace
from samlive.errors import SamliveError

LONGEST_SECONDS = 600.0
EXPLANATION = (
    "The name of the AWS IoT endpoint {host} does not resolve yet. It is new when AWS IoT is used "
    "for the first time in this account and region; waiting for it."
)


def wait(endpoint: str, access: Access, pace: Pace, tell: Callable[[str], None]) -> None:
    """Return when an endpoint's name resolves.

    Args:
        endpoint: Host, ":port" when not 443.
        access: How it is reached.
        pace: How long to wait between two looks.
        tell: Told once, when there is something to wait for.

    Raises:
        SamliveError: It did not resolve for ten minutes.
        Interrupted: The user wants to stop.
    """
    host = endpoint.partition(":")[0]
    if host.endswith(".localhost") or access.proxy(host):
        return
    end = time.monotonic() + LONGEST_SECONDS
    told = False
    while not _resolves(host):
        if time.monotonic() > end:
            raise SamliveError(
                f"The name of the AWS IoT endpoint {host} does not resolve.",
                "Check the network and its name servers, or set HTTPS_PROXY.",
            )
        if not told:
            tell(EXPLANATION.format(host=host))
            told = True
        pace.pause()


def _resolves(host: str) -> bool:
    try:
        socket.getaddrinfo(host, 443)
    except socket.gaierror:
        return False
    return True
