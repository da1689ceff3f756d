"""Large payloads in the bucket: who may do what, and where."""

from urllib.parse import parse_qs, urlsplit

import pytest

from samlive.access import Access
from samlive.deploy import bucket
from samlive.deploy.aws import Aws
from samlive.deploy.faults import AwsError
from samlive.deploy.storage import BucketStorage
from stubbed_aws import ACCOUNT, REGION, StubbedAws

NAME = f"samlive-{ACCOUNT}-{REGION}"


def test_a_url_is_for_one_object_of_the_account_in_its_region_for_minutes() -> None:
    variables = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
    aws = Aws(Access(variables, REGION, isolated=True))
    url, headers = aws.presign("PUT", NAME, "payloads/a/b", ACCOUNT, 300)
    parts, query = urlsplit(url), parse_qs(urlsplit(url).query)
    assert parts.scheme == "https"
    assert parts.hostname == f"{NAME}.s3.{REGION}.amazonaws.com"
    assert parts.path == "/payloads/a/b"
    assert query["X-Amz-Expires"] == ["300"]
    assert query["X-Amz-SignedHeaders"] == ["host;x-amz-expected-bucket-owner"]
    assert headers == {"x-amz-expected-bucket-owner": ACCOUNT}
    assert "secret" not in url
    assert not [name for name in query if "checksum" in name.lower()]


def test_the_bucket_is_made_when_the_first_payload_needs_it() -> None:
    aws = StubbedAws()
    storage = BucketStorage(aws, ACCOUNT)
    owned = {"Bucket": NAME, "ExpectedBucketOwner": ACCOUNT}
    aws.refuse("s3", "head_bucket", "404")
    aws.answer("s3", "create_bucket", {})
    aws.answer("s3", "put_public_access_block", {})
    aws.answer("s3", "put_bucket_lifecycle_configuration", {})
    aws.answer("s3", "put_object", {}, {**owned, "Key": "payloads/x", "Body": b"1"})
    aws.answer("s3", "put_object", {}, {**owned, "Key": "payloads/y", "Body": b"2"})
    storage.put("x", b"1")
    storage.put("y", b"2")
    aws.check_all_asked()


def test_a_bucket_of_somebody_else_gets_nothing() -> None:
    aws = StubbedAws()
    aws.refuse("s3", "head_bucket", "403")
    with pytest.raises(AwsError):
        BucketStorage(aws, ACCOUNT).presign("PUT", "x")


def test_payloads_expire_within_a_day() -> None:
    (rule,) = [r for r in bucket.lifecycle() if r["Filter"]["Prefix"] == bucket.PAYLOADS]
    assert (rule["Status"], rule["Expiration"]) == ("Enabled", {"Days": 1})
