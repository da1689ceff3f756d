"""What the tests of the offline cloud share: clients, deploying, waiting."""

import io
import json
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samlive.offline import Offline

ROOT_KEY = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
"""The emulator's root user: prepares what a test needs."""


def zipped(folder: Path) -> bytes:
    """Return a folder as a zip, modes kept."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(str(path.relative_to(folder)))
                entry.external_attr = (0o100000 | path.stat().st_mode & 0o777) << 16
                archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


@dataclass(frozen=True)
class Aws:
    """Clients of a cloud, with the credentials and address it handed out."""

    offline: Offline

    def client(self, service: str, **other: Any) -> Any:
        import boto3
        from botocore.config import Config

        variables = self.offline.environment
        named = {
            "aws_access_key_id": variables["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": variables["AWS_SECRET_ACCESS_KEY"],
            **other,
        }
        return boto3.session.Session().client(
            service,
            region_name=variables["AWS_REGION"],
            endpoint_url=self.offline.endpoint_url,
            config=Config(retries={"total_max_attempts": 1}, proxies={}),
            **named,
        )

    def invoke(self, name: str, event: Any = None) -> tuple[Any, bool]:
        """Invoke a function; returns its answer and whether that is an error."""
        reply = self.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event or {}))
        return json.loads(reply["Payload"].read()), "FunctionError" in reply

    def http(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Send a request to the cloud; returns status and decoded JSON."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.offline.endpoint_url + path, data, headers or {}, method=method
        )
        try:
            with urllib.request.urlopen(request) as reply:
                return reply.status, json.loads(reply.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or b"null")

    def deploy(self, name: str, template: str, parameters: dict[str, str]) -> dict[str, str]:
        """Create a stack and return its outputs."""
        client = self.client("cloudformation", **ROOT_KEY)
        client.create_stack(
            StackName=name,
            TemplateBody=template,
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
            ],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        stack = until(lambda: settled(client.describe_stacks(StackName=name)["Stacks"][0]))
        if stack["StackStatus"] != "CREATE_COMPLETE":
            events = client.describe_stack_events(StackName=name)["StackEvents"]
            raise AssertionError([event.get("ResourceStatusReason") for event in events])
        return {o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])}


def settled(stack: dict[str, Any]) -> dict[str, Any] | None:
    """Return a stack unless an operation on it is in progress."""
    return None if stack["StackStatus"].endswith("IN_PROGRESS") else stack


def until(check: Callable[[], Any], seconds: float = 60) -> Any:
    """Ask again until the answer is not None (or False)."""
    limit = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < limit, "it never happened"
        time.sleep(0.02)
