"""What is measured: a function that can be called, and the file that is saved."""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NODE = """\
exports.handler = async (event) => {
  console.log('called');
  return { v: 'v0', n: event.n };
};
"""
PYTHON = """\
def handler(event, context):
    print("called")
    return {"v": "v0", "n": event.get("n")}
"""
VALUE = re.compile(r"""(\bv['"]?: ?)['"]\w*['"]""")
GIVE_UP_SECONDS = 45.0


@dataclass(frozen=True, slots=True)
class Subject:
    """A function as one tool runs it.

    Args:
        tool: The tool.
        language: "Node.js" or "Python".
        client: A Lambda client that reaches it.
        function: Its name there.
        source: The file that is saved; None when the tool never reloads.
        floor: The echo with which it is compared; None for an echo itself.
    """

    tool: str
    language: str
    client: Any
    function: str
    source: Path | None
    floor: str | None

    @property
    def name(self) -> str:
        """What identifies it in a table."""
        return f"{self.tool}, {self.language}"

    def call(self, number: str) -> tuple[float, str | None]:
        """Call it.

        Args:
            number: What it has to send back.

        Returns:
            Milliseconds and the value of its code; None when it was wrong or did not answer.
        """
        started = time.perf_counter()
        try:
            event = json.dumps({"n": number})
            answer = self.client.invoke(FunctionName=self.function, Payload=event)
            body = json.loads(answer["Payload"].read())
        except Exception:
            body = None
        spent = (time.perf_counter() - started) * 1000
        right = isinstance(body, dict) and body.get("n") == number
        return spent, body["v"] if right and body is not None else None

    def save(self, value: str) -> None:
        """Write a new value into its source."""
        assert self.source is not None
        self.source.write_text(VALUE.sub(rf"\1'{value}'", self.source.read_text()))

    def save_to_served(self, value: str) -> tuple[float | None, int]:
        """Save and call until the new value comes.

        Returns:
            Milliseconds, None when it never came, and older answers meanwhile.
        """
        self.save(value)
        saved, older = time.perf_counter(), 0
        while self.call(value)[1] != value:
            older += 1
            if time.perf_counter() - saved > GIVE_UP_SECONDS:
                return None, older
        spent = (time.perf_counter() - saved) * 1000
        time.sleep(2)  # let a late reload of this save pass,
        self.call(value)  # and use it up: it must not serve the next one
        return spent, older


def application(folder: Path, names: Mapping[str, str] | None = None) -> Path:
    """Write a SAM application with a function in each language; return its folder.

    Args:
        folder: Where to make it.
        names: FunctionName of "Node" and "Python"; left to CloudFormation when None.
    """
    for code, file, text in (("hello", "app.js", NODE), ("pyhello", "app.py", PYTHON)):
        (folder / code).mkdir(parents=True)
        (folder / code / file).write_text(text)
    (folder / "hello" / "package.json").write_text('{"name": "hello", "version": "1.0.0"}\n')
    (folder / "pyhello" / "requirements.txt").write_text("")
    functions = [("Node", "hello/", "nodejs20.x"), ("Python", "pyhello/", "python3.11")]
    lines = [
        'AWSTemplateFormatVersion: "2010-09-09"',
        "Transform: AWS::Serverless-2016-10-31",
        "Globals:",
        "  Function:",
        "    Timeout: 10",
        "Resources:",
    ]
    for logical_id, code, runtime in functions:
        lines += [
            f"  {logical_id}:",
            "    Type: AWS::Serverless::Function",
            "    Properties:",
            f"      CodeUri: {code}",
            "      Handler: app.handler",
            f"      Runtime: {runtime}",
        ]
        if names:
            lines.append(f"      FunctionName: {names[logical_id]}")
    (folder / "template.yaml").write_text("\n".join([*lines, ""]))
    return folder


def lambda_client(variables: Mapping[str, str], endpoint: str | None = None) -> Any:
    """Return a Lambda client of a cloud, or of a tool's own endpoint."""
    import boto3
    from botocore.config import Config

    return boto3.session.Session().client(
        "lambda",
        region_name=variables.get("AWS_REGION", "us-east-1"),
        endpoint_url=endpoint or variables["AWS_ENDPOINT_URL"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
        verify=variables.get("AWS_CA_BUNDLE") if endpoint is None else None,
        config=Config(read_timeout=8, retries={"total_max_attempts": 1}, proxies={}),
    )
