"""What one process has loaded for its clients is there in the forks of another."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import samlive_relay

RUNNERS = Path(samlive_relay.__file__).parent / "runners" / "python"
HEAD = f"""
import json, sys
sys.path.insert(0, {str(RUNNERS)!r})
from samlive_runner import botocore_loader
import botocore.loaders
read = []
load = botocore.loaders.JSONFileLoader.load_file
def noting(self, path):
    read.append(path)
    return load(self, path)
botocore.loaders.JSONFileLoader.load_file = noting
"""
CLIENTS = """
import boto3
boto3.setup_default_session(
    aws_access_key_id="a", aws_secret_access_key="b", region_name="eu-west-1"
)
boto3.resource("dynamodb").Table("orders")
boto3.client("s3")
boto3.client("sqs")
"""


def run(code: str, told: Any = None) -> Any:
    command = [sys.executable, "-c", HEAD + code]
    done = subprocess.run(command, input=json.dumps(told), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def recorded() -> Any:
    return run(CLIENTS + "print(json.dumps(botocore_loader.calls()))")


REPEAT = "botocore_loader.share()\nbotocore_loader.repeat(json.load(sys.stdin))\n"


def test_resources_are_not_taken_for_absent_when_boto3_comes_later() -> None:
    code = "import botocore.session\n" + REPEAT + CLIENTS
    assert run(code + "print(json.dumps(len(read)))", recorded()) > 0


def test_a_call_of_another_version_is_left_to_the_function() -> None:
    unknown = [["load_of_tomorrow", "s3"], ["load_service_model", "nothing", "service-2", None]]
    run("import boto3\n" + REPEAT + CLIENTS + "print(json.dumps(len(read)))", unknown)


def test_clients_read_no_file_again() -> None:
    code = "import boto3\n" + REPEAT + "read.clear()\n" + CLIENTS + "print(json.dumps(read))"
    assert run(code, recorded()) == []
