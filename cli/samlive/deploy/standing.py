"""Whose stack it is, and what can be done with it in the state that it is in.

samlive touches only stacks that it made, which their tags tell, and never one
that is protected or reads like production.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
"""

from collections.abc import Mapping
from datetime import UTC
from typing import Any, Literal

from samlive import names
from samlive.errors import SamliveError

APP_TAG = "samlive:app"
STAGE_TAG = "samlive:stage"
VERSION_TAG = "samlive:version"
PROTECT_TAG = "samlive:protect"
ADOPTED_TAG = "samlive:adopted"
MARK_OUTPUT = "SamLive"
"""Output with the digests of what is deployed and of the stage's key. No tag: stack
tags spread to all resources, so a tag that changes makes every deploy touch them all."""

Way = Literal["create", "update", "replace", "wait"]
"""What a deploy begins with: "replace" deletes first, "wait" lets another end."""

_WAYS: dict[str, Way] = {
    "REVIEW_IN_PROGRESS": "create",
    "DELETE_COMPLETE": "create",
    "CREATE_COMPLETE": "update",
    "UPDATE_COMPLETE": "update",
    "UPDATE_ROLLBACK_COMPLETE": "update",
    "IMPORT_COMPLETE": "update",
    "IMPORT_ROLLBACK_COMPLETE": "update",
    "UPDATE_FAILED": "update",
    "CREATE_FAILED": "replace",
    "ROLLBACK_COMPLETE": "replace",
    "ROLLBACK_FAILED": "replace",
    "DELETE_FAILED": "replace",
}
SETTLED = frozenset(("CREATE_COMPLETE", "UPDATE_COMPLETE"))


def tags_of(stack: Mapping[str, Any]) -> dict[str, str]:
    """Return a stack's tags."""
    return {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}


def outputs_of(stack: Mapping[str, Any]) -> dict[str, str]:
    """Return a stack's outputs."""
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}


def changed_at(stack: Mapping[str, Any] | None) -> str:
    """Return when a stack was last deployed, as ISO 8601 to the second; empty for no stack."""
    found = stack or {}
    time = found.get("LastUpdatedTime") or found.get("CreationTime")
    return time.astimezone(UTC).isoformat(timespec="seconds") if time else ""


def mark(content: str, key: str) -> str:
    """Return the value of the output that marks what is deployed."""
    return f"{content} {key}"


def marks_of(stack: Mapping[str, Any] | None) -> tuple[str | None, str | None]:
    """Return the digests of what is deployed and of the key, as far as the stack tells."""
    found = outputs_of(stack).get(MARK_OUTPUT, "").split() if stack else []
    return (found[0], found[1]) if len(found) == 2 else (None, None)


def way(stack: Mapping[str, Any] | None) -> Way:
    """Return what a deploy to this stack begins with.

    Raises:
        SamliveError: The stack must be mended by hand first.
    """
    if stack is None:
        return "create"
    status = str(stack["StackStatus"])
    if status in _WAYS:
        return _WAYS[status]
    if status.endswith("_IN_PROGRESS"):
        return "wait"
    raise SamliveError(
        f"The stack {stack['StackName']} is in the state {status}, in which AWS takes no change.",
        "Remove it with `samlive remove` and start again, or continue its rollback in the console.",
    )


def check_ours(
    stack: Mapping[str, Any] | None, name: str, app: str, stage: str, adopt: bool = False
) -> None:
    """Make sure that samlive made a stack, for this very app and stage.

    Args:
        stack: The stack; None when there is none.
        name: Its name.
        app: Name of the application.
        stage: Name of the stage.
        adopt: A stack that somebody else made is wanted.

    Raises:
        SamliveError: It did not, or the stack is protected.
    """
    names.check_stack(name)
    if stack is None or stack["StackStatus"] == "REVIEW_IN_PROGRESS":
        return
    tags = tags_of(stack)
    if PROTECT_TAG in tags or stack.get("EnableTerminationProtection"):
        raise SamliveError(
            f"The stack {name} is protected; samlive leaves it alone.",
            "Use a stack of your own: leave out --stack-name, or choose another --stage.",
        )
    if STAGE_TAG not in tags:
        if adopt:
            return
        raise SamliveError(
            f"The stack {name} was not made by samlive, which would replace its functions.",
            "Use a stack of your own: leave out --stack-name, or choose another --stage. To take "
            "this one over for a while, and give it back later: --adopt",
        )
    if (tags.get(APP_TAG), tags[STAGE_TAG]) != (app, stage):
        raise SamliveError(
            f"The stack {name} belongs to stage {tags[STAGE_TAG]} of {tags.get(APP_TAG)}, "
            f"not to stage {stage} of {app}.",
            "Choose another --stage or --stack-name.",
        )
