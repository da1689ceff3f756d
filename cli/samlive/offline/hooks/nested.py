"""Nested stacks: their templates may declare transforms too, and they can be updated.

CloudFormation expands SAM in the template of a nested stack as in any other;
`sam package` uploads such children as they are. The emulator provisions them
unexpanded and fails at the first `AWS::Serverless::…`.

When it updates a child, it also forgets the attributes of what did not change:
`Fn::GetAtt` of such a resource then fails.
"""

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from samlive.offline.hooks import Parts

REQUIRES = (
    "ministack.services.cloudformation.engine:_parse_template",
    "ministack.services.cloudformation.engine:_apply_transforms",
    "ministack.services.cloudformation.provisioners:_cfn_nested_stack_deploy",
    "ministack.services.cloudformation.provisioners:_update_resource",
    "ministack.services.cloudformation:_stacks",
)


def install(parts: "Parts") -> None:
    """Expand a template where the provisioner of nested stacks reads it.

    It alone looks the reader up in the engine at each call; the other users
    bound theirs at import, and expand what they read themselves.
    """
    from ministack.services.cloudformation import engine

    read = engine._parse_template

    @functools.wraps(read)
    def read_expanded(*arguments: Any, **named: Any) -> Any:
        return engine._apply_transforms(read(*arguments, **named))

    engine._parse_template = read_expanded
    _remember_attributes()


def _remember_attributes() -> None:
    """Hand the known attributes to updates; only those of nested stacks leave them out."""
    from ministack.services import cloudformation
    from ministack.services.cloudformation import provisioners

    update = provisioners._update_resource

    @functools.wraps(update)
    def update_knowing(
        kind: str,
        physical: str,
        old: Any,
        new: Any,
        stack: str,
        logical: Any = None,
        known: Any = None,
    ) -> Any:
        if known is None:
            resources = cloudformation._stacks.get(stack, {}).get("_resources", {})
            known = dict(resources.get(logical, {}).get("Attributes") or {})
        identity, attributes = update(kind, physical, old, new, stack, logical, known)
        return identity, {**known, **(attributes or {})}

    provisioners._update_resource = update_knowing
