"""Calls to Lambda about asynchronous events: where failed ones go, how many run at once."""

from typing import Any

from samlive.deploy.clients import Clients
from samlive.deploy.faults import AwsError

_ABSENT = "ResourceNotFoundException"
_KEPT = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")


class EventsApi(Clients):
    """What samlive asks of Lambda when a stage is parked."""

    def reserved_concurrency(self, function: str) -> int | None:
        """Return a function's reserved concurrency; None without (GetFunctionConcurrency)."""
        answer = self._call("lambda", "get_function_concurrency", FunctionName=function)
        found: int | None = answer.get("ReservedConcurrentExecutions")
        return found

    def reserve_concurrency(self, function: str, count: int | None) -> None:
        """Set or remove a reserved concurrency (Put- or DeleteFunctionConcurrency)."""
        if count is None:
            self._call("lambda", "delete_function_concurrency", FunctionName=function)
        else:
            self._call(
                "lambda",
                "put_function_concurrency",
                FunctionName=function,
                ReservedConcurrentExecutions=count,
            )

    def event_configs(self, function: str) -> dict[str, dict[str, Any]]:
        """Return a function's event invoke configs by version or alias.

        "" stands for the newest version (ListFunctionEventInvokeConfigs).
        """
        found: dict[str, dict[str, Any]] = {}
        marker: dict[str, str] = {}
        while True:
            answer = self._call(
                "lambda", "list_function_event_invoke_configs", FunctionName=function, **marker
            )
            for config in answer.get("FunctionEventInvokeConfigs", []):
                # arn:aws:lambda:<region>:<account>:function:<name>[:<version or alias>]
                _, _, qualifier = (
                    str(config["FunctionArn"]).partition(":function:")[2].partition(":")
                )
                kept = {key: config[key] for key in _KEPT if config.get(key) is not None}
                found["" if qualifier == "$LATEST" else qualifier] = kept
            if not answer.get("NextMarker"):
                return found
            marker = {"Marker": answer["NextMarker"]}

    def set_event_config(
        self, function: str, qualifier: str, config: dict[str, Any] | None
    ) -> None:
        """Replace or remove an event invoke config (Put- or DeleteFunctionEventInvokeConfig)."""
        which = {"FunctionName": function, **({"Qualifier": qualifier} if qualifier else {})}
        if config is not None:
            self._call("lambda", "put_function_event_invoke_config", **which, **config)
            return
        try:
            self._call("lambda", "delete_function_event_invoke_config", **which)
        except AwsError as error:
            if error.code != _ABSENT:
                raise

    def invoke_event(self, function: str, payload: bytes) -> None:
        """Give a function an event; return when Lambda has taken it (Invoke).

        Args:
            function: Name or ARN, with version or alias.
            payload: The event.
        """
        self._call(
            "lambda", "invoke", FunctionName=function, InvocationType="Event", Payload=payload
        )
