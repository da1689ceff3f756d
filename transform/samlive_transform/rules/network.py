"""Takes live functions out of their VPC.

The code runs on the developer's machine, so the function's own network is of
no use to it; a stub in a VPC without NAT cannot reach AWS IoT at all, and
network interfaces slow every deploy.
"""

from collections.abc import Iterator

from samlive_transform.steps import REMOVED, Note
from samlive_transform.view import Decision, View

_REASON = "the code runs on your machine, and a stub in a VPC may not reach AWS IoT"
_KEPT = (
    "stays in its VPC: without a NAT gateway or a VPC endpoint for iot.data "
    "the stub cannot reach AWS IoT"
)


def rule(view: View) -> Iterator[Decision]:
    """Yield the removal of every live function's `VpcConfig`."""
    for function in view.live:
        if "VpcConfig" not in function.properties:
            continue
        if view.options.keep_vpc:
            yield Note(function.at("VpcConfig"), _KEPT)
        else:
            yield from function.exactly({"VpcConfig": REMOVED}, _REASON)
