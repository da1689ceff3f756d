"""Calls to S3: the bucket and its objects, each with the account that must own it."""

from collections.abc import Callable
from typing import Any

from samlive.deploy.clients import Clients
from samlive.deploy.faults import AwsError
from samlive.deploy.sent import STEP_BYTES, Sent

_SIZE = "TransitionDefaultMinimumObjectSize"


class ObjectsApi(Clients):
    """What samlive asks of S3."""

    def bucket_exists(self, name: str, owner: str) -> bool:
        """Tell whether a bucket exists and is the account's own (HeadBucket)."""
        try:
            self._call("s3", "head_bucket", Bucket=name, ExpectedBucketOwner=owner)
        except AwsError as error:
            if error.code in ("404", "NoSuchBucket"):
                return False
            raise
        return True

    def make_bucket(self, name: str, owner: str, rules: list[dict[str, Any]]) -> None:
        """Make a private bucket whose objects expire (CreateBucket and two settings)."""
        where: dict[str, Any] = (
            {}
            if self.region == "us-east-1"
            else {"CreateBucketConfiguration": {"LocationConstraint": self.region}}
        )
        try:
            self._call("s3", "create_bucket", Bucket=name, **where)
        except AwsError as error:
            if error.code != "BucketAlreadyOwnedByYou":
                raise
        ours = {"Bucket": name, "ExpectedBucketOwner": owner}
        blocked = dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"),
            True,
        )
        self._call("s3", "put_public_access_block", PublicAccessBlockConfiguration=blocked, **ours)
        self.set_lifecycle(name, owner, {"Rules": rules})

    def lifecycle(self, name: str, owner: str) -> dict[str, Any]:
        """Return a bucket's lifecycle configuration, as it can be put again.

        Without one there are no rules (GetBucketLifecycleConfiguration).
        """
        try:
            answer = self._call(
                "s3",
                "get_bucket_lifecycle_configuration",
                Bucket=name,
                ExpectedBucketOwner=owner,
            )
        except AwsError as error:
            if error.code == "NoSuchLifecycleConfiguration":
                return {"Rules": []}
            raise
        return {key: answer[key] for key in (_SIZE, "Rules") if key in answer}

    def set_lifecycle(self, name: str, owner: str, configuration: dict[str, Any]) -> None:
        """Replace a bucket's lifecycle configuration (PutBucketLifecycleConfiguration).

        Args:
            name: The bucket.
            owner: Account that must own it.
            configuration: As `lifecycle` returns it.
        """
        further = {_SIZE: configuration[_SIZE]} if _SIZE in configuration else {}
        self._call(
            "s3",
            "put_bucket_lifecycle_configuration",
            Bucket=name,
            ExpectedBucketOwner=owner,
            LifecycleConfiguration={"Rules": configuration["Rules"]},
            **further,
        )

    def object_exists(self, bucket: str, key: str, owner: str | None) -> bool:
        """Tell whether an object exists (HeadObject)."""
        try:
            self._call("s3", "head_object", Bucket=bucket, Key=key, **_owner(owner))
        except AwsError as error:
            if error.code in ("404", "NoSuchKey"):
                return False
            raise
        return True

    def put_object(
        self,
        bucket: str,
        key: str,
        body: bytes | bytearray,
        owner: str | None,
        kms_key: str | None = None,
        sent: Callable[[int], None] | None = None,
    ) -> None:
        """Upload an object (PutObject); `sent` is told how many bytes of a large one have left."""
        large = sent is not None and len(body) > STEP_BYTES
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
        self._call(
            "s3",
            "put_object",
            Bucket=bucket,
            Key=key,
            Body=Sent(bytes(body), sent) if large and sent else body,
            **_owner(owner),
            **encryption,
        )

    def get_object(self, bucket: str, key: str, owner: str, limit: int | None = None) -> bytes:
        """Return an object's content, no more than `limit` bytes of it (GetObject)."""
        answer = self._call("s3", "get_object", Bucket=bucket, Key=key, **_owner(owner))
        with answer["Body"] as body:
            content: bytes = body.read(limit)
        return content

    def presign(
        self, method: str, bucket: str, key: str, owner: str, seconds: int
    ) -> tuple[str, dict[str, str]]:
        """Return a URL that allows one call on an object, and the header it must come with.

        Args:
            method: "PUT" or "GET".
            bucket: Name of the bucket.
            key: Key of the object.
            owner: Account that must own the bucket.
            seconds: How long the URL lives, unless the credentials end before.
        """
        with self._told("s3:Presign"):
            url: str = self._client("s3").generate_presigned_url(
                f"{method.lower()}_object",
                {"Bucket": bucket, "Key": key, "ExpectedBucketOwner": owner},
                seconds,
            )
        return url, {"x-amz-expected-bucket-owner": owner}

    def copy_object(self, bucket: str, key: str, target: str, target_key: str, owner: str) -> None:
        """Copy an object within S3 (CopyObject)."""
        self._call(
            "s3",
            "copy_object",
            CopySource={"Bucket": bucket, "Key": key},
            Bucket=target,
            Key=target_key,
            **_owner(owner),
        )

    def delete_object(self, bucket: str, key: str, owner: str) -> None:
        """Delete an object, if there is one (DeleteObject)."""
        self._call("s3", "delete_object", Bucket=bucket, Key=key, **_owner(owner))


def _owner(owner: str | None) -> dict[str, str]:
    return {"ExpectedBucketOwner": owner} if owner else {}
