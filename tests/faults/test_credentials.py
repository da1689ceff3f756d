"""Expired credentials are told with the command that renews them, and the session goes on."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fault_bench import Bench, until
from live_session import PROJECTS, Ready, Way, copy_project, running
from samlive.access import Access
from samlive.deploy.aws import Aws

pytestmark = pytest.mark.e2e

PROVIDER = """
import json, pathlib, sys, time
file = pathlib.Path(sys.argv[1])
if not file.exists():
    sys.exit("the login has expired")
keys = json.loads(file.read_text())
soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
print(json.dumps({"Version": 1, "Expiration": soon, **keys}))
"""


class Login:
    """Credentials of a profile that last two seconds, until the login itself ends."""

    def __init__(self, folder: Path, cloud: dict[str, str]) -> None:
        self._file = folder / "login.json"
        self._keys = {
            "AccessKeyId": cloud["AWS_ACCESS_KEY_ID"],
            "SecretAccessKey": cloud["AWS_SECRET_ACCESS_KEY"],
        }
        provider = folder / "provider.py"
        provider.write_text(PROVIDER)
        config = folder / "config"
        config.write_text(
            f"[profile team]\ncredential_process = {sys.executable} {provider} {self._file}\n"
        )
        self.variables = {
            name: text
            for name, text in cloud.items()
            if name not in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        } | {"AWS_CONFIG_FILE": str(config)}
        self.renew()

    def renew(self) -> None:
        self._file.write_text(json.dumps(self._keys))

    def expire(self) -> None:
        self._file.unlink()


@pytest.fixture
def login(cloud: dict[str, str], tmp_path: Path) -> Login:
    return Login(tmp_path, cloud)


@pytest.fixture
def bench(way: Way, login: Login, cloud: dict[str, str], tmp_path: Path) -> Iterator[Bench]:
    """A session under a profile."""
    template = copy_project(PROJECTS / "faulty", tmp_path) / "template.yaml"
    variables = {name: text for name, text in way.environment.items() if name not in cloud}
    stage = Way("profile", ("--stage", "expiry", "--profile", "team"), variables | login.variables)
    with running(stage, template, "--on-exit", "keep") as session:
        mine = Ready(session.live, session.ready, way.environment)
        mine.client("lambda")
        yield Bench(mine, tmp_path)


def test_a_session_waits_for_renewed_credentials_and_goes_on(bench: Bench, login: Login) -> None:
    assert bench.call("before") == ("before", None)
    login.expire()
    live = bench.session.live
    with bench.pending("pending") as pending:
        assert bench.broker(cut=f"{bench.names}:relay:") > 0
        told = live.expect("connection", where=lambda e: e["state"] == "refused")
        assert "credentials have expired" in told["detail"]
        assert "`aws sso login --profile team`; the session goes on by itself" in told["detail"]
        login.renew()
        live.expect("connection", where=lambda e: e["state"] == "connected", timeout=60)
        assert pending.finish() == ("pending", None)
        assert pending.journal.runs() == ["pending"]
    refused = [e for e in live.events if e["event"] == "connection" and e["state"] == "refused"]
    assert len(refused) == 1, "told once, not by every connection"
    login.renew()


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A credentials file that some other tool writes; returns what writes it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    file = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    def write(key: str) -> None:
        file.write_text(
            f"[default]\naws_access_key_id = {key}\naws_secret_access_key = s\n"
            f"aws_session_token = {key}-token\n"
        )

    yield write


def test_a_file_that_another_tool_has_written_anew_is_read_again(profile: Any) -> None:
    profile("old")
    aws = Aws(Access({}, "eu-central-1"))
    client = aws._client("sts")
    assert aws.renewed_keys().access_key_id == "old"
    assert aws._client("sts") is client, "nothing is made anew while nothing changes"
    profile("new")
    assert aws.renewed_keys().session_token == "new-token"
    assert aws._client("sts")._get_credentials().access_key == "new"


def test_credentials_that_come_back_are_found(profile: Any) -> None:
    aws = Aws(Access({}, "eu-central-1"))
    with pytest.raises(Exception, match="No AWS credentials"):
        aws.renewed_keys()
    profile("back")
    assert aws.renewed_keys().access_key_id == "back"


def test_a_process_that_fails_is_asked_again(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", login.variables["AWS_CONFIG_FILE"])
    aws = Aws(Access({}, "eu-central-1", "team"))
    assert aws.renewed_keys().access_key_id
    login.expire()

    def expired() -> bool:
        try:
            aws.renewed_keys()
        except Exception as problem:
            assert "the login has expired" in str(problem)
            return True
        return False

    until(expired)
    login.renew()
    assert aws.renewed_keys().access_key_id
