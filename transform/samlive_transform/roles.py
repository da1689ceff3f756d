"""Which IAM roles a function can run under, and whether they are in reach.

A function has one role per branch of its `Role`; SAM makes one when there is
none. A role that lies outside the template is shared with other stacks, so
adding to it is never done unasked.
"""

from dataclasses import dataclass
from typing import Any

from samlive_transform import intrinsics
from samlive_transform.intrinsics import branches, is_no_value
from samlive_transform.model import Function, Template, written

ROLE = "AWS::IAM::Role"


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles of one function.

    Args:
        generated: Whether SAM makes one for it, in some branch at least.
        inside: Logical ids of `AWS::IAM::Role` resources of the template.
        borrowed: Logical ids of roles that SAM makes for other resources.
        outside: Values of `Role` that lead out of the template, as far as
            conditions that are known leave them possible.
    """

    generated: bool
    inside: tuple[str, ...]
    borrowed: tuple[str, ...]
    outside: tuple[Any, ...]


def roles_of(function: Function, template: Template) -> Roles:
    """Find the roles of a function."""
    role = function.properties.get("Role")
    generated = False
    inside: list[str] = []
    borrowed: list[str] = []
    outside: list[Any] = []
    possible = list(intrinsics.possible(role, template.resolver.condition))
    for branch in branches(role):
        if branch is None or is_no_value(branch):
            if function.is_sam:
                generated = True
            elif branch in possible:
                outside.append(branch)
            continue
        found = [id for id in template.target(branch) if template.resources[id].type == ROLE]
        found = found or _by_name(branch, template)
        made = [] if found else template.generated_role(branch)
        inside += found
        borrowed += made
        if not found and not made and branch in possible:
            outside.append(branch)
    return Roles(
        generated, tuple(dict.fromkeys(inside)), tuple(dict.fromkeys(borrowed)), tuple(outside)
    )


def _by_name(arn: Any, template: Template) -> list[str]:
    """Roles of the template whose name ends an ARN that is written out."""
    name = written(arn).rpartition("/")[2]
    roles = template.of_type(ROLE)
    return [role.id for role in roles if name and written(role.own.get("RoleName")) == name]
