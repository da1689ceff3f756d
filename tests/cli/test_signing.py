"""The relay's credentials are looked at before they are used again."""

import pytest

from samlive import signing
from samlive.deploy.clients import Keys
from samlive.signing import Signing
from samlive_relay.errors import RelayError
from stubbed_aws import StubbedAws

WHO = {"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/ana", "UserId": "x"}


class Temporary(StubbedAws):
    """An account whose credentials are temporary ones from a file."""

    token: str | None = "token"

    def renewed_keys(self) -> Keys:
        return Keys("AKID", "secret", self.token)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Temporary:
    monkeypatch.setattr(signing, "GOOD_SECONDS", 0.0)
    return Temporary()


def test_expired_ones_are_told_with_what_renews_them(aws: Temporary) -> None:
    credentials = Signing(aws)
    assert credentials().session_token == "token"
    aws.refuse("sts", "get_caller_identity", "ExpiredToken", "The token has expired")
    with pytest.raises(RelayError) as caught:
        credentials()
    assert caught.value.message == "The AWS credentials have expired."
    assert "aws sso login" in caught.value.hint
    aws.token = "renewed"
    assert credentials().session_token == "renewed", "others are not asked about"
    aws.check_all_asked()


def test_good_ones_are_asked_about_once_in_a_while(
    aws: Temporary, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = Signing(aws)
    credentials()
    aws.answer("sts", "get_caller_identity", WHO)
    monkeypatch.setattr(signing, "GOOD_SECONDS", 1000.0)
    for _ in range(3):
        credentials()
    aws.check_all_asked()


def test_aws_that_does_not_answer_keeps_nobody_from_connecting(aws: Temporary) -> None:
    credentials = Signing(aws)
    credentials()
    aws.refuse("sts", "get_caller_identity", "AccessDenied")
    assert credentials().access_key_id == "AKID"


def test_lasting_ones_are_never_asked_about(aws: Temporary) -> None:
    aws.token = None
    credentials = Signing(aws)
    for _ in range(3):
        credentials()
