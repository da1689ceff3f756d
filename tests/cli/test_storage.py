"""Large payloads in the bucket: who may do what, and where."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from samlive.access import Access
from samlive.deploy import bucket
from samlive.deploy.aws import Aws
from samlive.deploy.faults import AwsError
from samlive.deploy.storage import BucketStorage
from samlive.state import Project
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


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


OWNED = {"Bucket": NAME, "ExpectedBucketOwner": ACCOUNT}


def test_the_bucket_is_made_when_the_first_payload_needs_it(project: Project) -> None:
    aws = StubbedAws()
    storage = BucketStorage(aws, ACCOUNT, project)
    owned = OWNED
    aws.refuse("s3", "head_bucket", "404")
    aws.answer("s3", "create_bucket", {})
    aws.answer("s3", "put_public_access_block", {})
    aws.answer("s3", "put_bucket_lifecycle_configuration", {})
    aws.answer("s3", "put_object", {}, {**owned, "Key": "payloads/x", "Body": b"1"})
    aws.answer("s3", "put_object", {}, {**owned, "Key": "payloads/y", "Body": b"2"})
    storage.put("x", b"1")
    storage.put("y", b"2")
    aws.check_all_asked()


def test_a_bucket_of_somebody_else_gets_nothing(project: Project) -> None:
    aws = StubbedAws()
    aws.refuse("s3", "head_bucket", "403")
    with pytest.raises(AwsError):
        BucketStorage(aws, ACCOUNT, project).presign("PUT", "x")


THEIRS = {
    "ID": "theirs",
    "Status": "Enabled",
    "Filter": {"Prefix": "x/"},
    "Expiration": {"Days": 9},
}
SIZE = {"TransitionDefaultMinimumObjectSize": "varies_by_storage_class"}


def there() -> StubbedAws:
    """An account that has the bucket; what is asked after that is for the test to say."""
    aws = StubbedAws()
    aws.answer("s3", "head_bucket", {}, OWNED)
    return aws


def use(aws: StubbedAws, project: Project) -> None:
    """Sign two URLs in a session of its own."""
    storage = BucketStorage(aws, ACCOUNT, project)
    storage.presign("PUT", "x")
    storage.presign("GET", "x")
    aws.check_all_asked()


def test_a_bucket_of_before_gets_the_rule_that_it_lacks_once(project: Project) -> None:
    aws = there()
    artifacts, payloads = bucket.lifecycle()
    before = {**SIZE, "Rules": [THEIRS, artifacts]}
    aws.answer("s3", "get_bucket_lifecycle_configuration", before, OWNED)
    aws.answer(
        "s3",
        "put_bucket_lifecycle_configuration",
        {},
        {
            **OWNED,
            **SIZE,
            "LifecycleConfiguration": {"Rules": [THEIRS, artifacts, payloads]},
        },
    )
    use(aws, project)
    use(there(), project)  # asks nothing more


def test_a_bucket_whose_rules_were_all_removed_gets_ours(project: Project) -> None:
    aws = there()
    aws.refuse("s3", "get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration")
    whole = {**OWNED, "LifecycleConfiguration": {"Rules": bucket.lifecycle()}}
    aws.answer("s3", "put_bucket_lifecycle_configuration", {}, whole)
    use(aws, project)


def test_a_rule_of_ours_that_was_changed_stays_so(project: Project) -> None:
    aws = there()
    artifacts, payloads = bucket.lifecycle()
    longer = {**payloads, "Expiration": {"Days": 7}}
    aws.answer("s3", "get_bucket_lifecycle_configuration", {"Rules": [longer, artifacts]})
    use(aws, project)
    use(there(), project)


def test_who_may_not_look_at_the_rules_goes_on(project: Project) -> None:
    for _ in range(2):
        aws = there()
        aws.refuse("s3", "get_bucket_lifecycle_configuration", "AccessDenied")
        use(aws, project)
    assert not project.knows_bucket(NAME)


def test_payloads_expire_within_a_day() -> None:
    (rule,) = [r for r in bucket.lifecycle() if r["Filter"]["Prefix"] == bucket.PAYLOADS]
    assert (rule["Status"], rule["Expiration"]) == ("Enabled", {"Days": 1})
