"""Profiles as teams have them: roles that are assumed, codes of MFA devices, SSO that has ended."""

import datetime
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from samlive.access import Access
from samlive.deploy import clients
from samlive.deploy.aws import Aws
from samlive.deploy.faults import AwsError

CONFIG = """\
[default]
region = eu-central-1
[profile dev]
region = eu-west-1
role_arn = arn:aws:iam::123456789012:role/dev
source_profile = base
[profile mfa]
region = eu-west-1
role_arn = arn:aws:iam::123456789012:role/admin
source_profile = base
mfa_serial = arn:aws:iam::123456789012:mfa/ana
[profile sso]
region = eu-west-1
sso_session = company
sso_account_id = 123456789012
sso_role_name = dev
[sso-session company]
sso_region = eu-west-1
sso_start_url = https://company.example.com/start
[profile tool]
credential_process = printf '{"Version": 1, "AccessKeyId": "FROMTOOL", "SecretAccessKey": "s"}'
"""
KEYS = "[base]\naws_access_key_id = BASE\naws_secret_access_key = base\n"
ASSUMED = """\
<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<AssumedRoleUser><AssumedRoleId>A:x</AssumedRoleId><Arn>arn:aws:sts::1:assumed-role/r/x</Arn>
</AssumedRoleUser><Credentials><AccessKeyId>ASSUMED</AccessKeyId>
<SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>
<Expiration>{until}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>
"""


class Sts(ThreadingHTTPServer):
    """Hands out sessions of roles, and remembers who asked how."""

    daemon_threads = True

    def __init__(self) -> None:
        self.asked: list[dict[str, list[str]]] = []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Sts

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked.append(parse_qs(body))
        end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
        answer = ASSUMED.format(until=end.strftime("%Y-%m-%dT%H:%M:%SZ")).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def sts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sts]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "config").write_text(CONFIG)
    (tmp_path / "credentials").write_text(KEYS)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    with Sts() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def keys_of(profile: str) -> tuple[str, str | None]:
    found = Aws(Access({}, profile=profile)).keys()
    return found.access_key_id, found.session_token


def test_sso_that_has_ended_says_how_to_log_in(sts: Sts) -> None:
    with pytest.raises(AwsError) as refused:
        keys_of("sso")
    assert "aws sso login --profile sso" in refused.value.hint


def test_code_is_not_asked_for_where_nobody_can_type(sts: Sts) -> None:
    with pytest.raises(AwsError, match="MFA") as refused:
        keys_of("mfa")
    assert "AWS CLI" in refused.value.hint
    assert sts.asked == []


def test_code_is_asked_for_once_and_the_session_is_shared(
    sts: Sts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[str] = []

    def code(prompt: str) -> str:
        asked.append(prompt)
        return "123456"

    monkeypatch.setattr(clients, "_code", code)
    assert keys_of("mfa") == ("ASSUMED", "token")
    assert keys_of("mfa") == ("ASSUMED", "token")
    assert len(asked) == len(sts.asked) == 1
    assert sts.asked[0]["TokenCode"] == ["123456"]
    (kept,) = (tmp_path / ".aws/cli/cache").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600


def test_role_of_a_profile_is_assumed_in_its_region(sts: Sts) -> None:
    aws = Aws(Access({}, profile="dev"))
    assert (aws.keys().access_key_id, aws.region) == ("ASSUMED", "eu-west-1")
    assert sts.asked[0]["RoleArn"] == ["arn:aws:iam::123456789012:role/dev"]
    source, until = aws.credentials_origin()
    assert source == "assume-role"
    assert until is not None


def test_credentials_of_a_process(sts: Sts) -> None:
    assert keys_of("tool") == ("FROMTOOL", None)
