"""samlive itself: `samlive dev` on the offline cloud, as a user starts it."""

from collections.abc import Mapping
from typing import Any

from support.processes import Bench
from support.session import Session

from .subject import Subject, application, lambda_client


def start(bench: Bench, variables: Mapping[str, str]) -> list[Subject]:
    """Start a session and return its functions.

    Args:
        bench: The run.
        variables: What points at the offline cloud.
    """
    folder = application(bench.folder / "dev" / "hello")
    session = Session(folder / "template.yaml", variables, "--stage", "bench")
    bench.callback(session.stop)
    ready = session.expect("ready")[1]
    session.drain()
    client = lambda_client(variables)
    functions = _physical(variables, ready["stack"])
    sources = {"Node": folder / "hello" / "app.js", "Python": folder / "pyhello" / "app.py"}
    languages = {"Node": "Node.js", "Python": "Python"}
    return [
        Subject(
            "samlive dev",
            languages[name],
            client,
            functions[name],
            sources[name],
            f"echo on the offline cloud, {languages[name]}",
        )
        for name, state in ready["functions"].items()
        if state == "live"
    ]


def _physical(variables: Mapping[str, str], stack: str) -> dict[str, str]:
    import boto3
    from botocore.config import Config

    client: Any = boto3.session.Session().client(
        "cloudformation",
        region_name=variables["AWS_REGION"],
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(proxies={}),
    )
    found = client.describe_stack_resources(StackName=stack)["StackResources"]
    return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found}
