"""One stack: changed through change sets, watched through its events, deleted.

    create the change set -> wait until it is made -> execute it -> follow events

A change set without changes is a success. Events are followed by id from the
newest one before the execution, and the stack's own terminal event ends it.
The first failure is the cause of all others, so it is the one that is told,
looked up inside nested stacks.
"""

import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from samlive.deploy.aws import Aws
from samlive.deploy.faults import AwsError
from samlive.deploy.pace import Pace
from samlive.errors import SamliveError

MAX_INLINE_BYTES = 51_200
"""Larger templates go through S3.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""

MAX_TEMPLATE_BYTES = 1024 * 1024
"""Larger ones are refused (same page)."""

_STACK_TYPE = "AWS::CloudFormation::Stack"
_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
_IDLE_POLLS = 5
_WAY_OUT = "mend the template and deploy again."
_WAYS_OUT = {
    "UPDATE_ROLLBACK_COMPLETE": "it is as it was before. Mend the template and save it.",
    "UPDATE_ROLLBACK_FAILED": "continue its rollback in the console, or `samlive remove` it.",
    "DELETE_FAILED": "mend what keeps the resource, and remove the stack again.",
}


@dataclass(frozen=True, slots=True)
class StackEvent:
    """Something that happened to a resource of a stack."""

    logical_id: str
    resource_type: str
    status: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """What is asked of CloudFormation.

    Args:
        stack: Name of the stack.
        create: Whether the stack is made.
        template: Body or URL: `{"TemplateBody": ...}` or `{"TemplateURL": ...}`.
        parameters: As CreateChangeSet takes them.
        tags: Tags of the stack.
        capabilities: Capabilities that are granted.
        further: RoleARN, NotificationARNs.
        express: Whether EXPRESS mode is wanted.
    """

    stack: str
    create: bool
    template: Mapping[str, str] = field(repr=False)
    parameters: tuple[Mapping[str, Any], ...] = field(repr=False)
    tags: Mapping[str, str]
    capabilities: tuple[str, ...]
    further: Mapping[str, Any] = field(default_factory=dict)
    express: bool = False


Watcher = Callable[[StackEvent], None]


class Stack:
    """One stack in the account.

    Args:
        aws: The account.
        name: Name of the stack.
        stop: Set when the user wants to stop waiting.
        watcher: Told of every event.
    """

    def __init__(self, aws: Aws, name: str, stop: threading.Event, watcher: Watcher) -> None:
        self._aws = aws
        self._name = name
        self._stop = stop
        self._watcher = watcher

    def change(self, wanted: ChangeSet) -> bool:
        """Apply a change set; tell whether anything changed.

        Raises:
            DeployError: CloudFormation refuses or fails; says which resource and why.
        """
        name = f"samlive-{secrets.token_hex(6)}"
        self._create(name, wanted)
        made = self._made(name)
        if made is None:
            self._aws.delete_change_set(name, wanted.stack)
            return False
        stack_id = str(made["StackId"])
        seen = self._newest_event(stack_id)
        self._aws.execute_change_set(name, wanted.stack, DisableRollback=False)
        status = self._follow(stack_id, seen)
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            raise self._failure(stack_id, seen, status)
        return True

    def delete(self, stack_id: str, **parameters: Any) -> None:
        """Delete the stack and wait until it is gone.

        Raises:
            DeployError: A resource cannot be deleted; says which and why.
        """
        seen = self._newest_event(stack_id)
        self._aws.delete_stack(self._name, **parameters)
        status = self._follow(stack_id, seen)
        if status != "DELETE_COMPLETE":
            raise self._failure(stack_id, seen, status)

    def rest(self, found: Mapping[str, Any], say: Callable[[str], None]) -> bool:
        """Bring the stack to rest, so that it takes changes; tell whether that took anything.

        An operation of somebody else's is waited for. A rollback that failed is continued: what
        hindered it may be gone, and nothing else is possible in that state.

        Args:
            found: The stack as DescribeStacks has it.
            say: Told what is done: "waiting" or "continuing".

        Raises:
            AwsError: The rollback cannot be continued.
        """
        status, stack_id = str(found["StackStatus"]), str(found["StackId"])
        if status == "UPDATE_ROLLBACK_FAILED":
            say("continuing")
            seen = self._newest_event(stack_id)
            self._aws.continue_rollback(stack_id)
            self._follow(stack_id, seen)
            return True
        if status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
            say("waiting")
            self.settle(stack_id)
            return True
        return False

    def settle(self, stack_id: str) -> str:
        """Wait until an operation that somebody else began has ended; return the status."""
        return self._follow(stack_id, self._newest_event(stack_id))

    # --- change sets ------------------------------------------------------

    def _create(self, name: str, wanted: ChangeSet) -> None:
        parameters: dict[str, Any] = {
            "StackName": wanted.stack,
            "ChangeSetName": name,
            "ChangeSetType": "CREATE" if wanted.create else "UPDATE",
            "Description": "samlive",
            "Parameters": list(wanted.parameters),
            "Capabilities": list(wanted.capabilities),
            "Tags": [{"Key": key, "Value": value} for key, value in wanted.tags.items()],
            **wanted.template,
            **wanted.further,
        }
        if not (wanted.express and self._aws.accepts("CreateChangeSet", "DeploymentConfig")):
            self._aws.create_change_set(**parameters)
            return
        config = {"Mode": "EXPRESS", "DisableRollback": False}
        try:
            self._aws.create_change_set(**parameters, DeploymentConfig=config)
        except AwsError as error:
            if error.code != "ValidationError" or not _about_mode(error.message):
                raise
            self._aws.create_change_set(**parameters)

    def _made(self, name: str) -> dict[str, Any] | None:
        """Wait for a change set; None when it holds no change."""
        pace = Pace(self._stop)
        while True:
            found = self._aws.change_set(name, self._name)
            status, reason = str(found["Status"]), str(found.get("StatusReason", ""))
            if status == "CREATE_COMPLETE":
                return found
            if status == "FAILED" and any(text in reason for text in _NO_CHANGES):
                return None
            if not status.endswith(("_PENDING", "_IN_PROGRESS")):
                self._aws.delete_change_set(name, self._name)
                raise DeployError(f"CloudFormation refuses the change of {self._name}: {reason}")
            pace.pause()

    # --- events -----------------------------------------------------------

    def _newest_event(self, stack_id: str) -> str:
        for event in self._aws.stack_events(stack_id):
            return str(event["EventId"])
        return ""

    def _since(self, stack_id: str, seen: str) -> list[dict[str, Any]]:
        """Return the events after one, oldest first."""
        found = []
        for event in self._aws.stack_events(stack_id):
            if event["EventId"] == seen:
                break
            found.append(event)
        return found[::-1]

    def _follow(self, stack_id: str, seen: str) -> str:
        """Report events until the stack has come to rest; return its status."""
        pace, idle = Pace(self._stop), 0
        while True:
            try:
                events = self._since(stack_id, seen)
            except AwsError as error:
                if "does not exist" in error.message:
                    return "DELETE_COMPLETE"
                raise
            for event in events:
                self._watcher(_told(event))
                seen = event["EventId"]
                if _is_end(event, stack_id):
                    return str(event["ResourceStatus"])
            idle = 0 if events else idle + 1
            if events:
                pace.quicken()
            elif idle % _IDLE_POLLS == 0:
                status = self._status(stack_id)
                if not status.endswith("_IN_PROGRESS"):
                    return status
            pace.pause()

    def _status(self, stack_id: str) -> str:
        stack = self._aws.stack(stack_id)
        return str(stack["StackStatus"]) if stack else "DELETE_COMPLETE"

    def _failure(self, stack_id: str, seen: str, status: str) -> "DeployError":
        for event in self._since(stack_id, seen):
            if _is_cause(event, stack_id):
                return self._told_failure(event, status)
        return DeployError(f"The stack {self._name} ended as {status}.")

    def _told_failure(
        self, event: Mapping[str, Any], status: str, parents: str = ""
    ) -> "DeployError":
        logical_id, child = str(event["LogicalResourceId"]), event.get("PhysicalResourceId")
        if event["ResourceType"] == _STACK_TYPE and child:
            for inner in self._since(child, ""):
                if _is_cause(inner, child):
                    return self._told_failure(inner, status, f"{parents}{logical_id}/")
        reason = str(event.get("ResourceStatusReason", "")) or "AWS gives no reason"
        return DeployError(
            f"{parents}{logical_id} ({event['ResourceType']}) failed: {reason}",
            f"The stack {self._name} ended as {status}; {_WAYS_OUT.get(status, _WAY_OUT)}",
            f"{parents}{logical_id}",
        )


class DeployError(SamliveError):
    """A deploy failed.

    Args:
        message: What failed and why.
        hint: What to do next.
        logical_id: The resource that failed first; empty when none did.
    """

    exit_status = 1

    def __init__(self, message: str, hint: str = "", logical_id: str = "") -> None:
        super().__init__(message, hint)
        self.logical_id = logical_id


def _about_mode(message: str) -> bool:
    text = message.lower()
    return "express" in text or "deploymentconfig" in text or "deployment mode" in text


def _told(event: Mapping[str, Any]) -> StackEvent:
    return StackEvent(
        event["LogicalResourceId"],
        event["ResourceType"],
        event["ResourceStatus"],
        event.get("ResourceStatusReason", ""),
    )


def _is_end(event: Mapping[str, Any], stack_id: str) -> bool:
    ours = event["ResourceType"] == _STACK_TYPE and event.get("PhysicalResourceId") == stack_id
    return ours and str(event["ResourceStatus"]).endswith(("_COMPLETE", "_FAILED"))


def _is_cause(event: Mapping[str, Any], stack_id: str) -> bool:
    reason = str(event.get("ResourceStatusReason", ""))
    return (
        str(event["ResourceStatus"]).endswith("_FAILED")
        and event.get("PhysicalResourceId") != stack_id
        and "cancelled" not in reason.lower()
    )
