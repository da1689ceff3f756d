"""The clouds: samlive's offline cloud, and the emulator as it is.

Lambda Live Debugger cannot run on the first (it takes the region from a host
name of AWS's form), and samlive not on the second (it ignores the exec wrapper).
So each has an echo of its own, and what counts is the time over that echo.
"""

import io
import json
import os
import signal
import socket
import ssl
import sys
import time
import urllib.request
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from support.processes import Bench
from support.tools import Missing

from .subject import NODE, PYTHON, Subject, lambda_client

RUNTIMES = (("Node.js", "nodejs20.x", "app.js", NODE), ("Python", "python3.11", "app.py", PYTHON))
START_SECONDS = 60.0


def echoes(variables: Mapping[str, str], cloud: str) -> list[Subject]:
    """Put the echo functions into a cloud.

    Args:
        variables: What points at the cloud.
        cloud: Its name.
    """
    client = lambda_client(variables)
    made = []
    for language, runtime, file, text in RUNTIMES:
        name = f"echo-{language.split('.')[0].lower()}"
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as writer:
            writer.writestr(file, text)
        client.create_function(
            FunctionName=name,
            Runtime=runtime,
            Role=_role(variables),
            Handler="app.handler",
            Timeout=10,
            MemorySize=512,
            Code={"ZipFile": archive.getvalue()},
        )
        made.append(Subject(f"echo on {cloud}", language, client, name, None, None))
    return made


def _role(variables: Mapping[str, str]) -> str:
    import boto3
    from botocore.config import Config

    iam = boto3.session.Session().client(
        "iam",
        region_name=variables["AWS_REGION"],
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
        verify=variables.get("AWS_CA_BUNDLE"),
        config=Config(proxies={}),
    )
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    try:
        made: Any = iam.create_role(RoleName="echo", AssumeRolePolicyDocument=json.dumps(trust))
    except iam.exceptions.EntityAlreadyExistsException:
        made = iam.get_role(RoleName="echo")
    return str(made["Role"]["Arn"])


def stock(bench: Bench) -> dict[str, str]:
    """Start the emulator as it is, over TLS; return what points at it.

    Raises:
        Missing: It is not installed, or did not start.
    """
    program = Path(sys.executable).with_name("ministack")
    if not program.exists():
        raise Missing("ministack is not installed beside this interpreter")
    state = bench.folder / "stock"
    state.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        name: text for name, text in os.environ.items() if not name.startswith("AWS_")
    } | {
        "USE_SSL": "1",
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "amazonaws.localhost",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "TMPDIR": str(state),
    }
    child = bench.start("sh", "-c", f"exec {program} >{state}/log 2>&1", environment=environment)
    # It does not end by itself while a function holds an MQTT connection.
    bench.callback(_kill_group, child.pid)
    certificate = state / "ministack-tls" / "server.crt"
    _wait(f"https://localhost:{port}/_ministack/health")
    return {
        "AWS_ENDPOINT_URL": f"https://localhost:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CA_BUNDLE": str(certificate),
        "NODE_EXTRA_CA_CERTS": str(certificate),
        "SAM_CLI_TELEMETRY": "0",
    }


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _wait(url: str) -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            opener.open(url, timeout=2).close()
            return
        except OSError as problem:
            if time.monotonic() > end:
                raise Missing(f"the emulator did not start: {problem}") from None
            time.sleep(0.2)


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with only these AWS settings."""
    names = ("AWS_", "SAMLIVE_", "HTTPS_PROXY", "NO_PROXY")
    own = {name: text for name, text in os.environ.items() if not name.startswith(names)}
    return {**own, **variables}
