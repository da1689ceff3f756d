"""The offline cloud as a broker for the relay's own tests: a process on loopback."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samlive_relay.config import AwsCredentials, Broker


@dataclass
class Cloud:
    """A running offline cloud.

    Args:
        environment: What a user would export to use it.
    """

    environment: dict[str, str]

    @property
    def credentials(self) -> AwsCredentials:
        return AwsCredentials(
            self.environment["AWS_ACCESS_KEY_ID"],
            self.environment["AWS_SECRET_ACCESS_KEY"],
            self.environment.get("AWS_SESSION_TOKEN"),
        )

    def client(self, service: str) -> Any:
        import boto3

        return boto3.client(
            service,
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=self.credentials.access_key_id,
            aws_secret_access_key=self.credentials.secret_access_key,
            aws_session_token=self.credentials.session_token,
            region_name=self.environment["AWS_REGION"],
        )

    def endpoint(self) -> str:
        found = self.client("iot").describe_endpoint(endpointType="iot:Data-ATS")
        address: str = found["endpointAddress"]
        return address

    def broker(self) -> Broker:
        """How the command would configure the relay for this cloud."""
        return Broker(
            endpoint=self.endpoint(),
            region=self.environment["AWS_REGION"],
            credentials=lambda: self.credentials,
            ca_file=Path(self.environment["AWS_CA_BUNDLE"]),
            proxy=self.environment["HTTPS_PROXY"].removeprefix("http://"),
        )


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Cloud]:
    """Start the cloud, and end it with its input."""
    command = [sys.executable, "-m", "samlive.offline.cloud", "--state", str(folder)]
    process = subprocess.Popen(
        [*command, "--watch-stdin"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        ready = json.loads(process.stdout.readline())
        assert ready["event"] == "ready", ready
        yield Cloud(ready["environment"])
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()
