"""The door to AWS: every call against botocore's model, every failure told."""

from typing import Any

import pytest
from botocore import exceptions

from samlive.access import Access
from samlive.deploy import faults
from samlive.deploy.aws import Aws
from samlive.deploy.faults import AwsError
from stubbed_aws import ACCESS, ACCOUNT, REGION, StubbedAws, stack

OWNED = {"Bucket": "b", "ExpectedBucketOwner": ACCOUNT}


@pytest.fixture
def aws() -> StubbedAws:
    return StubbedAws()


def client_error(code: str, message: str = "no") -> exceptions.ClientError:
    return exceptions.ClientError({"Error": {"Code": code, "Message": message}}, "Op")


@pytest.mark.parametrize(
    ("error", "message", "hint"),
    [
        (exceptions.NoCredentialsError(), "No AWS credentials", "--offline"),
        (exceptions.ProfileNotFound(profile="x"), "(x)", "list-profiles"),
        (client_error("ExpiredToken"), "have expired", "aws sso login"),
        (exceptions.UnauthorizedSSOTokenError(), "have expired", "aws sso login"),
        (client_error("InvalidClientTokenId"), "does not accept", "get-caller-identity"),
        (client_error("AccessDenied"), "You may not call s3:X", "policy"),
        (client_error("RequestTimeTooSkewed"), "clock", "Set the clock"),
        (
            client_error(
                "ValidationError",
                "Template format error: Unrecognized resource types: [AWS::Serverless::Function]",
            ),
            "Unrecognized",
            "Transform: AWS::Serverless-2016-10-31",
        ),
        (client_error("Throttling", "slow down"), "s3:X failed: slow down", ""),
        (exceptions.NoRegionError(), "No AWS region", "--region"),
        (
            exceptions.EndpointConnectionError(endpoint_url="http://127.0.0.1:9"),
            "http://127.0.0.1:9 cannot be reached",
            "AWS_ENDPOINT_URL",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_failure_is_told_with_what_to_do(error: Exception, message: str, hint: str) -> None:
    told = faults.translate(error, ACCESS, "s3:X")
    assert message in told.message
    assert hint in told.hint
    assert told.exit_status == 2


def test_unreachable_aws_is_not_blamed_on_an_endpoint_nobody_set() -> None:
    error = exceptions.ConnectTimeoutError(endpoint_url="https://sts.amazonaws.com")
    told = faults.translate(error, Access({}, "eu-west-1"), "sts:X")
    assert "AWS in eu-west-1 cannot be reached" in told.message
    assert "HTTPS_PROXY" in told.hint


def test_renewal_names_the_profile_or_the_variable() -> None:
    assert "--profile team" in faults.renewal(Access({"AWS_PROFILE": "team"}))
    assert "AWS_SESSION_TOKEN" in faults.renewal(Access({"AWS_SESSION_TOKEN": "t"}))


def test_wrong_parameter_of_our_own_is_a_bug_and_shows_as_one(aws: StubbedAws) -> None:
    aws.answer("cloudformation", "describe_stacks", {"Stacks": []})
    with pytest.raises(exceptions.ParamValidationError):
        aws._call("cloudformation", "describe_stacks", Stack="x")


def test_profile_that_does_not_exist_is_told() -> None:
    with pytest.raises(AwsError, match="nope"):
        Aws(Access({}, REGION, profile="nope"))


def test_region_that_nobody_names_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with pytest.raises(AwsError, match="No AWS region"):
        _ = Aws(Access({})).region


def test_isolated_access_sees_nothing_of_the_users_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "does-not-exist")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDREAL")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://real.example.com")
    aws = Aws(ACCESS)
    assert aws.keys().access_key_id == "AKIDEXAMPLE"
    assert aws._client("sts").meta.endpoint_url == "http://127.0.0.1:9"


def test_keys_do_not_show_in_repr() -> None:
    assert "secret" not in repr(Aws(ACCESS).keys())
    assert "secret" not in repr(ACCESS)


@pytest.mark.parametrize(
    ("arn", "user", "partition"),
    [
        ("arn:aws:iam::123456789012:user/ana", "ana", "aws"),
        ("arn:aws-cn:sts::123456789012:assumed-role/Dev/ana@example.com", "ana@example.com",
         "aws-cn"),
        ("arn:aws:iam::123456789012:root", "root", "aws"),
    ],
)  # fmt: skip
def test_identity_names_the_person(aws: StubbedAws, arn: str, user: str, partition: str) -> None:
    aws.answer("sts", "get_caller_identity", {"Account": ACCOUNT, "Arn": arn}, {})
    identity = aws.identity()
    assert (identity.account, identity.user, identity.partition) == (ACCOUNT, user, partition)


def test_iot_endpoint_is_asked_for_in_its_region(aws: StubbedAws) -> None:
    expected = {"endpointType": "iot:Data-ATS"}
    aws.answer("iot", "describe_endpoint", {"endpointAddress": "x-ats"}, expected, "eu-west-1")
    assert aws.iot_endpoint("eu-west-1") == "x-ats"


def test_layer_versions_come_from_all_pages(aws: StubbedAws) -> None:
    def page(number: int, marker: str | None) -> dict[str, Any]:
        version = {"LayerVersionArn": f"arn:{number}", "Description": f"samlive {number}"}
        return {"LayerVersions": [version], **({"NextMarker": marker} if marker else {})}

    aws.answer("lambda", "list_layer_versions", page(2, "m"), {"LayerName": "samlive-stub"})
    aws.answer(
        "lambda", "list_layer_versions", page(1, None), {"LayerName": "samlive-stub", "Marker": "m"}
    )
    found = list(aws.layer_versions("samlive-stub"))
    assert found == [("arn:2", "samlive 2"), ("arn:1", "samlive 1")]


def test_layer_that_does_not_exist_has_no_versions(aws: StubbedAws) -> None:
    aws.refuse("lambda", "list_layer_versions", "ResourceNotFoundException")
    assert list(aws.layer_versions("samlive-stub")) == []


def test_layer_is_published(aws: StubbedAws) -> None:
    aws.answer(
        "lambda",
        "publish_layer_version",
        {"LayerVersionArn": "arn:1"},
        {
            "LayerName": "n",
            "Description": "d",
            "Content": {"ZipFile": b"z"},
            "CompatibleRuntimes": ["python3.13"],
            "LicenseInfo": "Apache-2.0",
        },
    )
    assert aws.publish_layer("n", "d", b"z", ("python3.13",)) == "arn:1"


def test_stack_that_does_not_exist_is_none(aws: StubbedAws) -> None:
    aws.refuse("cloudformation", "describe_stacks", "ValidationError", "Stack x does not exist")
    assert aws.stack("x") is None


def test_other_refusal_of_a_stack_is_told(aws: StubbedAws) -> None:
    aws.refuse("cloudformation", "describe_stacks", "AccessDenied", "no")
    with pytest.raises(AwsError, match="cloudformation:DescribeStacks"):
        aws.stack("x")


def test_stack_is_returned(aws: StubbedAws) -> None:
    aws.answer("cloudformation", "describe_stacks", {"Stacks": [stack()]}, {"StackName": "x"})
    found = aws.stack("x")
    assert found is not None
    assert found["StackName"] == "orders-ana"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("f", {"FunctionName": "f"}),
        ("f:live", {"FunctionName": "f", "Qualifier": "live"}),
        ("arn:aws:lambda:r:1:function:f", {"FunctionName": "arn:aws:lambda:r:1:function:f"}),
        (
            "arn:aws:lambda:r:1:function:f:live",
            {"FunctionName": "arn:aws:lambda:r:1:function:f", "Qualifier": "live"},
        ),
    ],
)
def test_url_of_an_alias_is_asked_for_as_such(
    aws: StubbedAws, name: str, expected: dict[str, str]
) -> None:
    answer = {
        "FunctionUrl": "https://" + "x" * 40,
        "FunctionArn": "arn:aws:lambda:eu-central-1:123456789012:function:f",
        "AuthType": "NONE",
        "CreationTime": "2026",
        "LastModifiedTime": "2026",
    }
    aws.answer("lambda", "get_function_url_config", answer, expected)
    assert aws.function_url(name) == "https://" + "x" * 40


def test_bucket_is_made_private_and_its_objects_expire(aws: StubbedAws) -> None:
    where = {"LocationConstraint": REGION}
    aws.answer("s3", "create_bucket", {}, {"Bucket": "b", "CreateBucketConfiguration": where})
    blocked = dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    aws.answer(
        "s3", "put_public_access_block", {}, {**OWNED, "PublicAccessBlockConfiguration": blocked}
    )
    from samlive.deploy import bucket

    rules = bucket.lifecycle()
    aws.answer(
        "s3",
        "put_bucket_lifecycle_configuration",
        {},
        {**OWNED, "LifecycleConfiguration": {"Rules": rules}},
    )
    aws.make_bucket("b", ACCOUNT, rules)
    aws.check_all_asked()


def test_bucket_of_a_stranger_is_an_error(aws: StubbedAws) -> None:
    aws.refuse("s3", "head_bucket", "403", "Forbidden")
    with pytest.raises(AwsError, match="s3:HeadBucket"):
        aws.bucket_exists("b", ACCOUNT)


def test_missing_bucket_and_object_are_no_errors(aws: StubbedAws) -> None:
    aws.refuse("s3", "head_bucket", "404")
    aws.refuse("s3", "head_object", "404")
    assert not aws.bucket_exists("b", ACCOUNT)
    assert not aws.object_exists("b", "k", ACCOUNT)


def test_object_is_encrypted_with_the_key_that_is_named(aws: StubbedAws) -> None:
    aws.answer(
        "s3",
        "put_object",
        {},
        {
            **OWNED,
            "Key": "k",
            "Body": b"x",
            "ServerSideEncryption": "aws:kms",
            "SSEKMSKeyId": "kms",
        },
    )
    aws.put_object("b", "k", b"x", ACCOUNT, "kms")
