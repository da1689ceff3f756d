"""Expired credentials are told with the command that renews them, and the session goes on."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fault_bench import Bench, until
from login import Login
from samlive.access import Access
from samlive.deploy.aws import Aws

pytestmark = pytest.mark.e2e


def test_a_session_waits_for_renewed_credentials_and_goes_on(expiring: Bench, login: Login) -> None:
    bench = expiring
    assert bench.call("before") == ("before", None)
    login.expire()
    live = bench.session.live
    with bench.pending("pending") as pending:
        live.skip()
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
