"""IAM: the actions that calls about concurrency and asynchronous events need.

The emulator checks them under other actions' names, so a policy that is right
for AWS would be refused here, and a wrong one would pass.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
"""

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from samlive.offline.hooks import Parts

REQUIRES = ("ministack.core.iam_actions:_lambda_action",)

ACTIONS = {
    ("concurrency", "GET"): "GetFunctionConcurrency",
    ("concurrency", "PUT"): "PutFunctionConcurrency",
    ("concurrency", "DELETE"): "DeleteFunctionConcurrency",
    ("event-invoke-config", "GET"): "GetFunctionEventInvokeConfig",
    ("event-invoke-config", "PUT"): "PutFunctionEventInvokeConfig",
    ("event-invoke-config", "POST"): "UpdateFunctionEventInvokeConfig",
    ("event-invoke-config", "DELETE"): "DeleteFunctionEventInvokeConfig",
    ("event-invoke-config/list", "GET"): "ListFunctionEventInvokeConfigs",
}
"""Actions by what follows the function's name in the path, and by method."""


def action(method: str, path: str) -> str | None:
    """Return the action that a call needs; None for one that is not about these."""
    parts = [part for part in path.split("/") if part]
    if parts[1:2] != ["functions"]:
        return None
    return ACTIONS.get(("/".join(parts[3:]), method))


def install(parts: "Parts") -> None:
    """Look into our table first."""
    from ministack.core import iam_actions

    known = iam_actions._lambda_action

    @functools.wraps(known)
    def looked_up(method: str, path: str) -> str | None:
        found: str | None = action(method, path) or known(method, path)
        return found

    iam_actions._lambda_action = looked_up
