"""Which functions of a stack are stubs, as the account has them, not as this machine thinks.

The processed template tells: SAM's functions are plain ones there and loops are unrolled, and a
stub has its settings in a variable. It is right after `samlive restore`, on another machine, and
when somebody deployed over the stage.
"""

from typing import Any

from samlive.deploy.aws import Aws
from samlive_stub.contract import VARIABLE

_FUNCTION = "AWS::Lambda::Function"
_STACK = "AWS::CloudFormation::Stack"


def of_stack(aws: Aws, stack: str, prefix: str = "") -> dict[str, bool]:
    """Return by logical id whether each function is a stub, nested ones as "Child/Function".

    Args:
        aws: The account.
        stack: Name or id of the stack.
        prefix: Put in front of the logical ids.
    """
    resources = _resources(aws.template(stack, processed=True))
    found = {
        f"{prefix}{id}": is_stub(body)
        for id, body in resources.items()
        if body.get("Type") == _FUNCTION
    }
    if any(body.get("Type") == _STACK for body in resources.values()):
        for each in aws.stack_resources(stack):
            if each["ResourceType"] == _STACK and each.get("PhysicalResourceId"):
                inner = f"{prefix}{each['LogicalResourceId']}/"
                found |= of_stack(aws, each["PhysicalResourceId"], inner)
    return found


def is_stub(body: dict[str, Any]) -> bool:
    """Tell whether a function of a processed template is a stub."""
    variables: Any = body.get("Properties")
    for key in ("Environment", "Variables"):
        variables = variables.get(key) if isinstance(variables, dict) else None
    return isinstance(variables, dict) and VARIABLE in variables


def _resources(text: str) -> dict[str, dict[str, Any]]:
    from samlive_transform import parse

    tree = parse(text, "the deployed template").tree
    return {id: body for id, body in tree["Resources"].items() if isinstance(body, dict)}
