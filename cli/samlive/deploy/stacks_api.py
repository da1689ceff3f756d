"""Calls to CloudFormation: stacks, change sets, events, resources."""

import json
from collections.abc import Iterator
from typing import Any

from samlive.deploy.clients import Clients
from samlive.deploy.faults import AwsError


class StacksApi(Clients):
    """What samlive asks of CloudFormation."""

    def stack(self, name: str) -> dict[str, Any] | None:
        """Return a stack as DescribeStacks has it; None when there is none."""
        try:
            answer = self._call("cloudformation", "describe_stacks", StackName=name)
        except AwsError as error:
            if error.code == "ValidationError" and "does not exist" in error.message:
                return None
            raise
        found: dict[str, Any] = answer["Stacks"][0]
        return found

    def stacks(self) -> Iterator[dict[str, Any]]:
        """Yield all stacks of the region (DescribeStacks)."""
        token: dict[str, str] = {}
        while True:
            answer = self._call("cloudformation", "describe_stacks", **token)
            yield from answer["Stacks"]
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}

    def template(self, stack: str, processed: bool = False) -> str:
        """Return a stack's template (GetTemplate).

        Args:
            stack: Name or id of the stack.
            processed: As its transforms have made it, not as it was given.
        """
        stage = "Processed" if processed else "Original"
        answer = self._call("cloudformation", "get_template", StackName=stack, TemplateStage=stage)
        body = answer["TemplateBody"]
        return body if isinstance(body, str) else json.dumps(body)  # botocore parses JSON

    def create_change_set(self, **parameters: Any) -> str:
        """Start making a change set; return its id (CreateChangeSet)."""
        return str(self._call("cloudformation", "create_change_set", **parameters)["Id"])

    def change_set(self, name: str, stack: str) -> dict[str, Any]:
        """Return a change set with all its changes (DescribeChangeSet)."""
        answer: dict[str, Any] = self._call(
            "cloudformation", "describe_change_set", ChangeSetName=name, StackName=stack
        )
        whole = answer
        while answer.get("NextToken"):
            answer = self._call(
                "cloudformation",
                "describe_change_set",
                ChangeSetName=name,
                StackName=stack,
                NextToken=answer["NextToken"],
            )
            whole["Changes"] = whole.get("Changes", []) + answer.get("Changes", [])
        return whole

    def execute_change_set(self, name: str, stack: str, **parameters: Any) -> None:
        """Apply a change set (ExecuteChangeSet)."""
        self._call(
            "cloudformation",
            "execute_change_set",
            ChangeSetName=name,
            StackName=stack,
            **parameters,
        )

    def delete_change_set(self, name: str, stack: str) -> None:
        """Delete a change set (DeleteChangeSet)."""
        self._call("cloudformation", "delete_change_set", ChangeSetName=name, StackName=stack)

    def continue_rollback(self, stack: str) -> None:
        """Try the rollback of an update again (ContinueUpdateRollback)."""
        self._call("cloudformation", "continue_update_rollback", StackName=stack)

    def stack_events(self, stack: str) -> Iterator[dict[str, Any]]:
        """Yield a stack's events, newest first (DescribeStackEvents)."""
        token: dict[str, str] = {}
        while True:
            answer = self._call("cloudformation", "describe_stack_events", StackName=stack, **token)
            yield from answer["StackEvents"]
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}

    def stack_resources(self, stack: str) -> list[dict[str, Any]]:
        """Return a stack's resources (ListStackResources)."""
        found: list[dict[str, Any]] = []
        token: dict[str, str] = {}
        while True:
            answer = self._call("cloudformation", "list_stack_resources", StackName=stack, **token)
            found += answer["StackResourceSummaries"]
            if not answer.get("NextToken"):
                return found
            token = {"NextToken": answer["NextToken"]}

    def delete_stack(self, stack: str, **parameters: Any) -> None:
        """Start deleting a stack (DeleteStack)."""
        self._call("cloudformation", "delete_stack", StackName=stack, **parameters)

    def accepts(self, operation: str, member: str) -> bool:
        """Tell whether the installed botocore knows a member of a CloudFormation call."""
        shape = self._client("cloudformation").meta.service_model.operation_model(operation)
        return member in shape.input_shape.members
