"""Takes the macro `SamLive` out of `Transform`: what it would do has been done.

The template of a team that deploys by a pipeline may name the macro. Here its
rules have been applied already, and the account, or the embedded cloud, need
not have the macro at all.
"""

from collections.abc import Iterator
from typing import Any

from samlive_transform.steps import REMOVED, Step
from samlive_transform.view import Decision, View

NAME = "SamLive"
_REASON = "the macro's rules have been applied already"


def rule(view: View) -> Iterator[Decision]:
    """Yield the change of `Transform`, when it names the macro."""
    declared = view.template.tree.get("Transform")
    listed = declared if isinstance(declared, list) else [declared]
    left = [each for each in listed if not _is_ours(each)]
    if len(left) < len(listed):
        yield Step(("Transform",), left or REMOVED, _REASON)


def _is_ours(transform: Any) -> bool:
    return (transform.get("Name") if isinstance(transform, dict) else transform) == NAME
