"""The other ways to run functions: mounted folders, AWS's own emulator."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from offline_cloud import ROOT_KEY, Aws, until
from process_tree import is_running
from rie import emulator
from samlive.offline import start
from samlive.offline.sandbox import places

pytestmark = pytest.mark.e2e

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Layer: {Type: String}
Resources:
  Wrapper:
    Type: AWS::Lambda::LayerVersion
    Properties:
      Content: {S3Bucket: artifacts, S3Key: !Ref Layer}
  Wrapped:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Handler: index.handler
      InlineCode: "raise SystemExit('never imported')"
      Layers: [!Ref Wrapper]
      Environment:
        Variables: {AWS_LAMBDA_EXEC_WRAPPER: /opt/wrap/start, QUOTED: "it's \\"so\\""}
  Plain:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Handler: index.handler
      Timeout: 1
      InlineCode: |
        import os, time
        def handler(event, context):
            if event.get("act") == "raise":
                raise LookupError("no such thing")
            if event.get("act") == "exit":
                os._exit(3)
            time.sleep(event.get("seconds", 0))
            return [os.getpid(), os.getcwd()]
Outputs:
  Wrapped: {Value: !Ref Wrapped}
  Plain: {Value: !Ref Plain}
"""


def deployed(aws: Aws, layer: bytes) -> dict[str, str]:
    s3 = aws.client("s3", **ROOT_KEY)
    s3.create_bucket(Bucket="artifacts")
    s3.put_object(Bucket="artifacts", Key="layer", Body=layer)
    return aws.deploy("environments", TEMPLATE, {"Layer": "layer"})


@pytest.mark.skipif(not places.can_mount(), reason="mount namespaces are not permitted here")
def test_mounted_folders_are_where_lambda_has_them(tmp_path: Path, wrapper_layer: bytes) -> None:
    host = [os.path.exists("/var/task"), sorted(os.listdir("/opt"))]
    with start(tmp_path, options=("--isolation", "mounted")) as offline:
        aws = Aws(offline)
        stack = deployed(aws, wrapper_layer)
        answer, failed = aws.invoke(stack["Wrapped"])
        plain, _ = aws.invoke(stack["Plain"])
    assert not failed
    assert answer["opt"] == ["wrap"]
    assert answer["task"] == ["index.py"]
    assert answer["variables"]["AWS_LAMBDA_EXEC_WRAPPER"] == "/opt/wrap/start"
    assert answer["variables"]["LAMBDA_TASK_ROOT"] == "/var/task"
    assert plain[1] == "/var/task"
    assert [os.path.exists("/var/task"), sorted(os.listdir("/opt"))] == host


@pytest.mark.rie
def test_functions_run_under_the_emulator_of_aws(tmp_path: Path, wrapper_layer: bytes) -> None:
    with start(tmp_path, options=("--environment", str(emulator()))) as offline:
        aws = Aws(offline)
        stack = deployed(aws, wrapper_layer)
        answer, failed = aws.invoke(stack["Wrapped"], {"post": [("invocation/wrong/response", 1)]})
        assert not failed
        assert answer["statuses"] == [400]
        assert answer["variables"]["QUOTED"] == 'it\'s "so"'
        assert len(answer["variables"]["AWS_LAMBDA_LOG_STREAM_NAME"].rpartition("]")[2]) == 32
        error, failed = aws.invoke(stack["Plain"], {"act": "raise"})
        assert (error["errorType"], failed) == ("LookupError", True)
        (pid, _), _ = aws.invoke(stack["Plain"])
        late, failed = aws.invoke(stack["Plain"], {"seconds": 5})
        assert (late["errorType"], failed) == ("Sandbox.Timedout", True)
        (other, _), failed = aws.invoke(stack["Plain"])
        assert not failed
        ended, failed = aws.invoke(stack["Plain"], {"act": "exit"})
        assert (ended["errorType"], failed) == ("Runtime.ExitError", True)
        (last, _), failed = aws.invoke(stack["Plain"])
    assert len({pid, other, last}) == 3
    until(lambda: not any(map(is_running, (pid, other, last))))


@pytest.mark.rie
def test_a_killed_cloud_leaves_no_emulator(tmp_path: Path, wrapper_layer: bytes) -> None:
    with start(tmp_path, options=("--environment", str(emulator()))) as offline:
        aws = Aws(offline)
        stack = deployed(aws, wrapper_layer)
        (pid, _), _ = aws.invoke(stack["Plain"])
        environments: Any = aws.http("GET", "/_samlive/environments")[1]["environments"]
        os.kill(offline.process.pid, signal.SIGKILL)
        pids = [pid, *(each["pid"] for each in environments)]
        until(lambda: not any(map(is_running, pids)))
