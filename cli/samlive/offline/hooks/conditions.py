"""Conditions: every intrinsic that may stand in `Fn::Equals`.

CloudFormation allows pseudo parameters, `Fn::FindInMap`, `Fn::Join`,
`Fn::Split`, `Fn::Sub` and others in conditions. The emulator resolves
parameters and `Fn::Select` only and compares the rest as they are written, so
that `!Equals [!Ref AWS::Region, us-east-1]` is never true; nor is the parameter
"true" equal to a plain `true`, which CloudFormation reads as text. Here the
operands are resolved first, by the function that resolves them in resources.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-conditions.html
"""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from samlive.offline.hooks import Parts

REQUIRES = (
    "ministack.services.cloudformation.changesets:_evaluate_conditions",
    "ministack.services.cloudformation.engine:_evaluate_conditions",
    "ministack.services.cloudformation.engine:_resolve_refs",
    "ministack.services.cloudformation.handlers:_evaluate_conditions",
    "ministack.services.cloudformation.stacks:_evaluate_conditions",
)
_LOGICAL = ("Fn::And", "Fn::Or", "Fn::Not")


def resolved(condition: Any, resolve: Callable[[Any], Any]) -> Any:
    """Return a condition with the operands of its comparisons resolved.

    Args:
        condition: An expression of the section `Conditions`.
        resolve: Resolves the intrinsics in an operand.
    """
    if not isinstance(condition, dict):
        return condition
    if "Fn::Equals" in condition:
        return {"Fn::Equals": [_text(resolve(operand)) for operand in condition["Fn::Equals"]]}
    for name in _LOGICAL:
        if name in condition:
            return {name: [resolved(part, resolve) for part in condition[name]]}
    return condition


def _text(value: Any) -> Any:
    """Return a boolean as CloudFormation reads it, anything else as it is."""
    return str(value).lower() if isinstance(value, bool) else value


def install(parts: "Parts") -> None:
    """Resolve operands wherever conditions are evaluated."""
    from ministack.services.cloudformation import changesets, engine, handlers, stacks

    evaluate = engine._evaluate_conditions

    @functools.wraps(evaluate)
    def evaluate_resolved(template: dict[str, Any], params: dict[str, Any]) -> Any:
        mappings = template.get("Mappings") or {}

        def resolve(operand: Any) -> Any:
            if isinstance(operand, dict) and operand.get("Ref") in params:
                return operand  # a list parameter is compared as the text it was given as
            # No resources: a condition cannot refer to them.
            return engine._resolve_refs(operand, {}, params, {}, mappings, "", "")

        conditions = {
            name: resolved(condition, resolve)
            for name, condition in (template.get("Conditions") or {}).items()
        }
        return evaluate({**template, "Conditions": conditions}, params)

    for module in (engine, handlers, changesets, stacks):
        module._evaluate_conditions = evaluate_resolved
