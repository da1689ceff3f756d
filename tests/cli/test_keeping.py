"""What is kept of a stack that is taken over, when S3 does not give it."""

import pytest

from samlive.deploy.original import Place
from samlive.errors import SamliveError
from samlive.keeping import Keeper, Level, is_there, nested
from stubbed_aws import ACCOUNT, StubbedAws

FUNCTION = {
    "Type": "AWS::Lambda::Function",
    "Properties": {"Code": {"S3Bucket": "b", "S3Key": "f"}},
}
LAYER = {
    "Type": "AWS::Lambda::LayerVersion",
    "Properties": {"Content": {"S3Bucket": "b", "S3Key": "l"}},
}
CHILD = {
    "Type": "AWS::CloudFormation::Stack",
    "Properties": {"TemplateURL": "https://s3.amazonaws.com/b/child.template"},
}


class Lambda(StubbedAws):
    def deployed_code(self, name: str) -> bytes:
        return f"code of {name}".encode()


@pytest.fixture
def aws() -> Lambda:
    return Lambda()


def level(path: str = "", **resources: object) -> Level:
    return Level(
        path, f"text of {path}", {"Resources": resources}, {id: f"{id}-1" for id in resources}
    )


def keeper(aws: Lambda) -> Keeper:
    return Keeper(aws, ACCOUNT, "ours", "adopted/s")


@pytest.mark.parametrize("code", ["NoSuchKey", "AccessDenied", "404"])
def test_what_cannot_be_kept_stops_the_adoption(aws: Lambda, code: str) -> None:
    aws.refuse("s3", "copy_object", code)
    with pytest.raises(SamliveError, match=r"s3://b/l.*cannot be kept"):
        keeper(aws).copies([level(Tools=LAYER)])


def test_other_failures_are_told_as_they_are(aws: Lambda) -> None:
    aws.refuse("s3", "copy_object", "SlowDown")
    with pytest.raises(SamliveError, match="SlowDown"):
        keeper(aws).copies([level(Orders=FUNCTION)])


@pytest.mark.parametrize("code", ["NoSuchKey", "AccessDenied"])
def test_code_that_s3_does_not_give_is_lambdas(aws: Lambda, code: str) -> None:
    key = "adopted/s/code/b/f"
    aws.refuse("s3", "copy_object", code)
    kept = {"Bucket": "ours", "Key": key, "Body": b"code of Orders-1"}
    aws.answer("s3", "put_object", {}, {**kept, "ExpectedBucketOwner": ACCOUNT})
    assert keeper(aws).copies([level(Orders=FUNCTION)]) == (("b", "f", key),)
    aws.check_all_asked()


def test_nested_template_that_s3_does_not_give_is_cloudformations(aws: Lambda) -> None:
    found = [level(Child=CHILD), level("Child")]
    (child,) = nested(found)
    assert (child.path, child.bucket, child.key) == ("Child", "b", "child.template")
    key = "adopted/s/code/b/child.template"
    aws.refuse("s3", "copy_object", "NoSuchKey")
    kept = {"Bucket": "ours", "Key": key, "Body": b"text of Child"}
    aws.answer("s3", "put_object", {}, {**kept, "ExpectedBucketOwner": ACCOUNT})
    assert keeper(aws).copies(found) == (("b", "child.template", key),)


@pytest.mark.parametrize("code", ["404", "403"])
def test_what_may_not_be_read_counts_as_gone(aws: Lambda, code: str) -> None:
    aws.refuse("s3", "head_object", code)
    assert not is_there(aws, Place("b", "k"))
