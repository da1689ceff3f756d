"""Gives live functions Lambda's longest timeout, so that a breakpoint may rest.

The declared timeout stays in the report: the relay warns when an invocation
would have timed out in production.
"""

from collections.abc import Iterator

from samlive_stub.contract import MAX_TIMEOUT_SECONDS
from samlive_transform.view import Decision, View

_REASON = "an invocation may rest at a breakpoint; the declared timeout is kept in the report"


def rule(view: View) -> Iterator[Decision]:
    """Yield a timeout for every live function."""
    if view.options.keep_timeouts:
        return
    for function in view.live:
        yield from function.exactly({"Timeout": MAX_TIMEOUT_SECONDS}, _REASON)
