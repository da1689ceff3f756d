"""Starting and ending: what is said, what is left behind (nothing)."""

import importlib.metadata
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from offline_cloud import ROOT_KEY, Aws, until
from process_tree import is_running
from samlive.errors import SamliveError
from samlive.offline import Offline, pinned, start

pytestmark = pytest.mark.e2e

SLEEPER = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Sleeper:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Handler: index.handler
      InlineCode: |
        import os, subprocess, sys
        def handler(event, context):
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
            return [os.getpid(), child.pid]
Outputs:
  Name: {Value: !Ref Sleeper}
"""


@pytest.fixture
def folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """The folder below which a cloud makes its private folder; empty at the end."""
    folder = tmp_path / "private"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    until(lambda: not list(folder.iterdir()))


def working(offline: Offline) -> list[int]:
    """Run a function that has a child; returns the pids of both."""
    aws = Aws(offline)
    name = aws.deploy("sleeper", SLEEPER, {})["Name"]
    pids, failed = aws.invoke(name)
    assert not failed
    return [int(pid) for pid in pids]


def refuses(url: str) -> bool:
    host, port = url.removeprefix("http://").split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) != 0


def gone(offline: Offline, pids: list[int]) -> None:
    """Wait until nothing of a cloud is left."""
    until(lambda: not any(is_running(pid) for pid in pids))
    until(lambda: refuses(offline.endpoint_url))
    until(lambda: refuses(offline.environment["HTTPS_PROXY"]))


def test_a_taken_port_is_named(tmp_path: Path, folders: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SamliveError) as caught:
            start(tmp_path, options=("--http-port", str(port)))
    assert f"Port {port} is in use" in caught.value.message
    assert "--http-port" in caught.value.hint


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SamliveError) as caught:
        start(tmp_path)
    assert "ministack, samtranslator, cryptography" in caught.value.message
    assert 'pipx install "samlive[offline]"' in caught.value.hint


def test_another_version_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "1.4.21")
    with pytest.raises(SamliveError, match=r"needs ministack 1\.5\.33, but 1\.4\.21 is installed"):
        start(tmp_path)


def test_a_name_the_emulator_lacks_is_named() -> None:
    with pytest.raises(SamliveError, match=r"1\.5\.33.*lacks ministack\.app:not_there\.at_all"):
        pinned.check_names(["ministack.app:app", "ministack.app:not_there.at_all"])


def test_a_cloud_that_cannot_start_says_what_its_log_says(
    tmp_path: Path, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "site" / "ministack"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise RuntimeError('broken on purpose')")
    monkeypatch.setenv("PYTHONPATH", str(broken.parent))
    with pytest.raises(SamliveError) as caught:
        start(tmp_path / "state")
    assert "RuntimeError: broken on purpose" in caught.value.message
    assert str(tmp_path / "state" / "cloud.log") in caught.value.hint


def test_two_clouds_run_side_by_side(tmp_path: Path, folders: Path) -> None:
    with start(tmp_path, "eu-west-1") as one, start(tmp_path, "eu-west-1") as two:
        for offline in (one, two):
            queues = Aws(offline).client("sqs")
            queues.create_queue(QueueName=f"queue-of-{offline.process.pid}")
            assert len(queues.list_queues()["QueueUrls"]) == 1
            assert offline.environment["AWS_REGION"] == "eu-west-1"
        assert one.log == tmp_path / "cloud.log"
        assert two.log == tmp_path / "2" / "cloud.log"
        assert one.environment["AWS_ACCESS_KEY_ID"] != two.environment["AWS_ACCESS_KEY_ID"]


def test_stop_leaves_nothing(tmp_path: Path, folders: Path) -> None:
    offline = start(tmp_path / "state")
    pids = working(offline)
    assert all(is_running(pid) for pid in pids)
    offline.stop()
    offline.stop()
    gone(offline, pids)
    assert offline.process.returncode == 0
    assert not list(folders.iterdir())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_nothing(tmp_path: Path, folders: Path, number: int) -> None:
    with start(tmp_path / "state") as offline:
        pids = working(offline)
        os.kill(offline.process.pid, number)
        assert offline.process.wait(60) == 0
        gone(offline, pids)


def test_a_killed_cloud_leaves_nothing(tmp_path: Path, folders: Path) -> None:
    with start(tmp_path / "state") as offline:
        pids = working(offline)
        offline.process.kill()
        gone(offline, pids)


PARENT = """
import json, sys, time
from pathlib import Path
from samlive.offline import start
offline = start(Path(sys.argv[1]))
print(json.dumps([offline.endpoint_url, offline.environment, offline.process.pid]), flush=True)
time.sleep(600)
"""


def test_a_cloud_dies_with_its_killed_parent(tmp_path: Path, folders: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path / "state")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        url, environment, pid = json.loads(parent.stdout.readline())
        offline = Offline(environment, url, "", Path(), parent)
        pids = working(offline)
        parent.kill()
    gone(offline, [*pids, pid])


def test_a_cloud_of_ones_own_is_used_by_its_ready_file(tmp_path: Path, folders: Path) -> None:
    ready = tmp_path / "ready.json"
    command = [sys.executable, "-m", "samlive.offline.cloud", "--state", str(tmp_path / "state")]
    environment = {**os.environ, "AWS_PROFILE": "mine", "AWS_ENDPOINT_URL": "http://else.where"}
    with subprocess.Popen(
        [*command, "--ready-file", str(ready)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env=environment,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        written, mode = ready.read_bytes(), ready.stat().st_mode
        process.terminate()
    report: dict[str, Any] = json.loads(line)
    assert written == line
    assert mode & 0o077 == 0
    assert report["event"] == "ready"
    assert report["environment"]["AWS_ENDPOINT_URL"] == report["endpoint_url"]
    assert process.returncode == 0
    assert not ready.exists()


def test_a_reset_forgets_everything_but_the_developer(tmp_path: Path, folders: Path) -> None:
    with start(tmp_path / "state") as offline:
        pids = working(offline)
        aws = Aws(offline)
        aws.client("sqs", **ROOT_KEY).create_queue(QueueName="forgotten")
        aws.http("POST", "/_ministack/reset")
        until(lambda: not any(is_running(pid) for pid in pids))
        assert not aws.client("sqs").list_queues().get("QueueUrls")
        assert aws.http("GET", "/_samlive/environments")[1] == {"environments": []}


def test_secrets_are_readable_by_the_user_alone(offline: Offline) -> None:
    folder = Path(offline.environment["AWS_CA_BUNDLE"]).parent
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "server.key").stat().st_mode & 0o077 == 0
    assert offline.log.stat().st_mode & 0o077 == 0
    assert offline.environment["AWS_SECRET_ACCESS_KEY"] not in repr(offline)
    assert offline.environment["AWS_SECRET_ACCESS_KEY"] not in offline.log.read_text()
