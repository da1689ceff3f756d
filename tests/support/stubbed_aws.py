"""The real door to AWS with scripted answers: botocore checks every call against its model."""

import datetime
import functools
from typing import Any

from botocore.stub import Stubber

from samlive.access import Access
from samlive.deploy.aws import Aws

REGION = "eu-central-1"
ACCOUNT = "123456789012"
STACK_ID = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/orders-ana/1"

ACCESS = Access(
    {
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    },
    REGION,
    isolated=True,
)


@functools.cache
def _shared_session() -> Any:
    return Aws(ACCESS)._session


class StubbedAws(Aws):
    """Answers calls in the order in which they were scripted; anything else is an error."""

    def __init__(self) -> None:
        super().__init__(ACCESS)
        self._session = _shared_session()  # reading the service models takes half a second
        self._stubs: dict[tuple[str, str | None], Stubber] = {}

    def answer(
        self,
        service: str,
        operation: str,
        response: dict[str, Any],
        expected: dict[str, Any] | None = None,
        region: str | None = None,
    ) -> None:
        self._stub(service, region).add_response(operation, response, expected)

    def refuse(self, service: str, operation: str, code: str, message: str = "") -> None:
        self._stub(service, None).add_client_error(operation, code, message)

    def check_all_asked(self) -> None:
        for stub in self._stubs.values():
            stub.assert_no_pending_responses()

    def _stub(self, service: str, region: str | None) -> Stubber:
        key = (service, region)
        if key not in self._stubs:
            self._stubs[key] = Stubber(self._client(service, region))
            self._stubs[key].activate()
        return self._stubs[key]


def stack(status: str = "UPDATE_COMPLETE", **fields: Any) -> dict[str, Any]:
    """A stack as DescribeStacks has it."""
    return {
        "StackId": STACK_ID,
        "StackName": "orders-ana",
        "CreationTime": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
        "StackStatus": status,
        "Tags": [
            {"Key": "samlive:app", "Value": "orders"},
            {"Key": "samlive:stage", "Value": "ana"},
        ],
        **fields,
    }


def event(number: int, logical_id: str, status: str, **fields: Any) -> dict[str, Any]:
    """A stack event as DescribeStackEvents has it; of the stack itself when so named."""
    own = logical_id == "orders-ana"
    return {
        "StackId": STACK_ID,
        "EventId": str(number),
        "StackName": "orders-ana",
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": STACK_ID if own else f"physical-{logical_id}",
        "ResourceType": "AWS::CloudFormation::Stack" if own else "AWS::SQS::Queue",
        "ResourceStatus": status,
        "Timestamp": "2026-01-01T00:00:00Z",
        **fields,
    }
