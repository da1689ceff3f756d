"""Nested stacks: their templates may declare transforms too.

CloudFormation expands SAM in the template of a nested stack as in any other;
`sam package` uploads such children as they are. The emulator provisions them
unexpanded and fails at the first `AWS::Serverless::…`.
"""

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from samlive.offline.hooks import Parts

REQUIRES = (
    "ministack.services.cloudformation.engine:_parse_template",
    "ministack.services.cloudformation.engine:_apply_transforms",
    "ministack.services.cloudformation.provisioners:_cfn_nested_stack_deploy",
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
