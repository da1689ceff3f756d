"""The context object that a Python handler gets as its second argument.

Fields as documented on
https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
"""

import json
import sys
import time
from typing import Any, Optional

from .faults import Fault
from .variables import read


class _Fields:
    """An object with fixed fields, filled from a mapping by name."""

    __slots__: tuple[str, ...] = ()

    def __init__(self, values: dict[str, Any]) -> None:
        for name in self.__slots__:
            setattr(self, name, values.get(name))

    def __repr__(self) -> str:
        pairs = ",".join(f"{name}={getattr(self, name)}" for name in self.__slots__)
        return f"{type(self).__name__}([{pairs}])"


class CognitoIdentity(_Fields):
    """Who called through the mobile SDK."""

    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")


class Client(_Fields):
    """The calling application."""

    __slots__ = (
        "app_package_name",
        "app_title",
        "app_version_code",
        "app_version_name",
        "installation_id",
    )


class ClientContext(_Fields):
    """What the caller's SDK sent along."""

    __slots__ = ("client", "custom", "env")


class LambdaContext:
    """One invocation's context.

    Args:
        fields: Fields of the invocation: "request-id", "deadline-ms" on this
            machine's clock, and the Runtime API's headers.

    Raises:
        Fault: Client context or identity is not JSON.
    """

    def __init__(self, fields: dict[str, str]) -> None:
        self.aws_request_id = fields["request-id"]
        self.log_group_name = read(b"AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = read(b"AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = read(b"AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = read(b"AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = read(b"AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = fields.get("invoked-function-arn")
        self.tenant_id = fields.get("tenant-id")
        client = _parse(fields.get("client-context"), "Client Context")
        self.client_context: Optional[ClientContext] = None
        if client is not None:
            self.client_context = ClientContext(client)
            if client.get("client") is not None:
                self.client_context.client = Client(client["client"])  # type: ignore[attr-defined]
        identity = _parse(fields.get("cognito-identity"), "Cognito Identity") or {}
        self.identity = CognitoIdentity(
            {
                "cognito_identity_id": identity.get("cognitoIdentityId"),
                "cognito_identity_pool_id": identity.get("cognitoIdentityPoolId"),
            }
        )
        self._epoch_deadline_time_in_ms = int(fields["deadline-ms"])

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left before Lambda ends the invocation."""
        return max(0, self._epoch_deadline_time_in_ms - int(time.time() * 1000))

    def log(self, message: object) -> None:
        """Write to the function's log."""
        sys.stdout.write(str(message))

    def __repr__(self) -> str:
        names = (
            "aws_request_id",
            "log_group_name",
            "log_stream_name",
            "function_name",
            "memory_limit_in_mb",
            "function_version",
            "invoked_function_arn",
            "client_context",
            "identity",
            "tenant_id",
        )
        pairs = ",".join(f"{name}={getattr(self, name)}" for name in names)
        return f"LambdaContext([{pairs}])"


def _parse(text: Optional[str], name: str) -> Any:
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError as problem:
        raise Fault(
            "Runtime.LambdaContextUnmarshalError", f"Unable to parse {name} JSON: {problem}"
        ) from None
