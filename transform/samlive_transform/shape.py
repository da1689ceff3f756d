"""Refuses YAML and JSON that is no template.

Only what everything behind relies on is checked: sections, `Resources` as a
mapping, and resources as mappings with a text as `Type`.
"""

import difflib
from typing import Any, Final, NoReturn

from samlive_transform.errors import TemplateError
from samlive_transform.places import Places
from samlive_transform.yaml_tree import Node

_SECTIONS: Final = (
    "AWSTemplateFormatVersion", "Transform", "Description", "Metadata", "Globals", "Parameters",
    "Rules", "Mappings", "Conditions", "Hooks", "Resources", "Outputs",
)  # fmt: skip


def check_shape(root: Node, name: str, places: Places) -> None:
    """Refuse what is no template although it is YAML or JSON.

    Args:
        root: The document's root.
        name: The file as the user named it.
        places: The lines of its parts.

    Raises:
        TemplateError: Its sections or resources are not what they must be.
    """
    tree: Any = root.value
    if not isinstance(tree, dict) or root.tag:
        raise TemplateError(
            f"found {_what(tree)} where a template has sections such as 'Resources'",
            "Name a SAM or CloudFormation template.",
            name,
            root.line + 1,
        )
    if "Resources" not in tree:
        raise TemplateError(
            f"no section 'Resources'; found: {', '.join(list(tree)[:8]) or 'nothing'}",
            _suggest_section(tree),
            name,
            1,
        )
    refuse = _Refuser(name, places)
    resources = tree["Resources"]
    if not isinstance(resources, dict):
        refuse(
            ("Resources",),
            f"'Resources' is {_what(resources)}, not a mapping of logical ids to resources",
        )
    for logical_id, resource in resources.items():
        # Loops and includes stand among the resources: Fn::ForEach::Name, Fn::Transform.
        if not logical_id.startswith("Fn::"):
            _check_resource(refuse, logical_id, resource)


def _check_resource(refuse: "_Refuser", logical_id: str, resource: Any) -> None:
    if not isinstance(resource, dict):
        refuse(
            ("Resources", logical_id),
            f"the resource {logical_id} is {_what(resource)}, not a mapping with a 'Type'",
        )
    if "Type" not in resource:
        refuse(("Resources", logical_id), f"the resource {logical_id} has no 'Type'")
    if not isinstance(resource["Type"], str):
        refuse(
            ("Resources", logical_id, "Type"),
            f"the 'Type' of {logical_id} is {_what(resource['Type'])}, not a text",
        )


class _Refuser:
    """Refuses a file because of one part of it."""

    def __init__(self, name: str, places: Places) -> None:
        self._name = name
        self._places = places

    def __call__(self, path: tuple[str | int, ...], message: str) -> NoReturn:
        raise TemplateError(
            message,
            "A resource looks like 'Name: {Type: AWS::Serverless::Function, Properties: ...}'.",
            self._name,
            self._places.line(path),
        )


def _suggest_section(found: dict[str, Any]) -> str:
    if any(isinstance(value, dict) and "Type" in value for value in found.values()):
        return "These look like resources: name the template that includes this file."
    for section in found:
        close = difflib.get_close_matches(section.capitalize(), ["Resources"], n=1)
        if close and section not in _SECTIONS:
            return f"Did you mean 'Resources' where it says '{section}'?"
    if "service" in found and "provider" in found:
        return "This is a file of the Serverless Framework; SAM and CloudFormation are read."
    return "Name a SAM or CloudFormation template."


def _what(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, dict):
        keys = list(value)
        return f"the intrinsic {keys[0]}" if keys and _intrinsic(keys) else "a mapping"
    if isinstance(value, list):
        return "a list"
    return f"the text {value[:40]!r}" if isinstance(value, str) else f"the value {value!r}"


def _intrinsic(keys: list[str]) -> bool:
    return len(keys) == 1 and (keys[0].startswith("Fn::") or keys[0] == "Ref")
