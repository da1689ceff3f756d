"""The one door to AWS: every call that samlive makes, as a typed method.

How calls are made is told in clients.py; each service has a module beside this one.
"""

from samlive.deploy.diagnosis_api import DiagnosisApi
from samlive.deploy.events_api import EventsApi
from samlive.deploy.faults import AwsError
from samlive.deploy.functions_api import FunctionsApi
from samlive.deploy.identity import Identity
from samlive.deploy.names_api import NamesApi
from samlive.deploy.objects_api import ObjectsApi
from samlive.deploy.queues_api import QueuesApi
from samlive.deploy.stacks_api import StacksApi

__all__ = ["Aws", "Identity"]


class Aws(DiagnosisApi, EventsApi, FunctionsApi, NamesApi, ObjectsApi, QueuesApi, StacksApi):
    """One account, one region.

    Args:
        access: How to reach it.

    Raises:
        AwsError: The profile does not exist.
    """

    def identity(self) -> Identity:
        """Return who we are (GetCallerIdentity)."""
        answer = self._call("sts", "get_caller_identity")
        return Identity(answer["Account"], answer["Arn"])

    def iot_endpoint(self, region: str) -> str:
        """Return the host of the account's IoT data endpoint (DescribeEndpoint)."""
        answer = self._call("iot", "describe_endpoint", region=region, endpointType="iot:Data-ATS")
        return str(answer["endpointAddress"])

    def retained_message(self, region: str, topic: str) -> bytes:
        """Return what AWS IoT keeps on a topic; empty when it keeps nothing."""
        address = self.access.endpoint_url or f"https://{self.iot_endpoint(region)}"
        with self._told("iot:GetRetainedMessage"):
            self._client("iot-data", region, address)
        try:
            answer = self._call("iot-data", "get_retained_message", region=region, topic=topic)
        except AwsError as error:
            if error.code == "ResourceNotFoundException":
                return b""
            raise
        return bytes(answer.get("payload", b""))
