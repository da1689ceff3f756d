"""A layer that a template names by ARN: fetched from the cloud, imported here."""

import io
import zipfile
from pathlib import Path

import boto3
import pytest

from live_session import Way, clean_environment, running
from offline_cloud import ROOT_KEY

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src/
      Handler: app.handler
      Runtime: python3.11
      Layers:
        - {arn}
  Gone:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src/
      Handler: app.plain
      Runtime: python3.11
      Layers:
        - {arn}
"""
APP = """\
def handler(event, context):
    import prices
    return [prices.of(event["item"]), prices.__file__]


def plain(event, context):
    return "here"
"""


def test_a_layer_by_arn_is_on_the_import_path(cloud: dict[str, str], tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("python/prices.py", "def of(item):\n    return len(item)\n")
        archive.writestr("extensions/agent", "#!/bin/sh\n")
    client = boto3.client(
        "lambda",
        endpoint_url=cloud["AWS_ENDPOINT_URL"],
        **ROOT_KEY,
        region_name=cloud["AWS_REGION"],
    )
    layer = client.publish_layer_version(
        LayerName="prices", Content={"ZipFile": content.getvalue()}
    )
    project = tmp_path / "project"
    (project / "src").mkdir(parents=True)
    (project / "src" / "app.py").write_text(APP)
    (project / "template.yaml").write_text(TEMPLATE.format(arn=layer["LayerVersionArn"]))
    cache = tmp_path / "cache"
    variables = clean_environment() | cloud | {"XDG_CACHE_HOME": str(cache)}
    way = Way("environment", ("--stage", "layers"), variables)
    with running(way, project / "template.yaml") as session:
        answer, error = session.invoke("Orders", {"item": "chair"})
        assert (error, answer[0]) == (None, 5)
        assert Path(answer[1]).is_relative_to(cache / "samlive" / "layers")
        assert session.invoke("Gone", {}) == ("here", None)
        said = session.live.seen_or_expect("warning", lambda event: "extensions" in event["text"])
        assert said["function"] == "Orders"
