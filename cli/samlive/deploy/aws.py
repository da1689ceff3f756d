"""The one door to AWS: every call that samlive makes, as a typed method.

Nothing else imports boto3. A client is made at its first use (each costs tens
of milliseconds) and honours what AWS's own tools honour: profile, region,
AWS_ENDPOINT_URL, CA bundle, proxies, retries. When the environment is not the
process's own (the embedded cloud's), the user's AWS files are out of sight.
Exceptions leave as `AwsError`.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from samlive.access import Access
from samlive.deploy import faults
from samlive.deploy.faults import AwsError

CONNECT_SECONDS = 5
READ_SECONDS = 30
ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class Identity:
    """Who AWS says we are."""

    account: str
    arn: str

    @property
    def user(self) -> str:
        """The person's name: the user's, or that of the role session."""
        return self.arn.rsplit("/", 1)[-1] if "/" in self.arn else "root"

    @property
    def partition(self) -> str:
        """The ARN's partition, such as "aws" or "aws-cn"."""
        return self.arn.split(":")[1]


@dataclass(frozen=True, slots=True)
class Keys:
    """Credentials as they are now."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


class Aws:
    """One account, one region.

    Args:
        access: How to reach it.

    Raises:
        AwsError: The profile does not exist.
    """

    def __init__(self, access: Access) -> None:
        self.access = access
        self._clients: dict[tuple[str, str | None], Any] = {}
        self._lock = threading.Lock()
        with self._told("session"):
            self._session = _session(access)

    @property
    def region(self) -> str:
        """Region of the stack.

        Raises:
            AwsError: Nobody names one.
        """
        region: str | None = self._session.region_name
        if not region:
            raise faults.no_region()
        return region

    def regions(self, service: str) -> list[str]:
        """Return the regions of all partitions in which a service is offered."""
        found: list[str] = []
        for partition in self._session.get_available_partitions():
            found += self._session.get_available_regions(service, partition)
        return sorted(found)

    def keys(self) -> Keys:
        """Return the current credentials, renewed when they can be.

        Raises:
            AwsError: There are none, or they cannot be renewed.
        """
        from botocore.exceptions import NoCredentialsError

        with self._told("credentials"):
            found = self._session.get_credentials()
            if found is None:
                raise NoCredentialsError
            frozen = found.get_frozen_credentials()
        return Keys(frozen.access_key, frozen.secret_key, frozen.token)

    # --- sts, iot ---------------------------------------------------------

    def identity(self) -> Identity:
        """Return who we are (GetCallerIdentity)."""
        answer = self._call("sts", "get_caller_identity")
        return Identity(answer["Account"], answer["Arn"])

    def iot_endpoint(self, region: str) -> str:
        """Return the host of the account's IoT data endpoint (DescribeEndpoint)."""
        answer = self._call("iot", "describe_endpoint", region=region, endpointType="iot:Data-ATS")
        return str(answer["endpointAddress"])

    def retained_message(self, region: str, topic: str) -> bytes:
        """Return what AWS IoT keeps on a topic; empty when it keeps nothing."""
        with self._told("iot:GetRetainedMessage"):
            if ("iot-data", region) not in self._clients:
                address = self.access.endpoint_url or f"https://{self.iot_endpoint(region)}"
                self._clients["iot-data", region] = self._session.client(
                    "iot-data",
                    region_name=region,
                    **{**_client_settings(self.access), "endpoint_url": address},
                )
        try:
            answer = self._call("iot-data", "get_retained_message", region=region, topic=topic)
        except AwsError as error:
            if error.code == "ResourceNotFoundException":
                return b""
            raise
        return bytes(answer.get("payload", b""))

    # --- lambda -----------------------------------------------------------

    def layer_versions(self, name: str) -> Iterator[tuple[str, str]]:
        """Yield (ARN, description) of a layer's versions, newest first."""
        marker: dict[str, str] = {}
        while True:
            try:
                answer = self._call("lambda", "list_layer_versions", LayerName=name, **marker)
            except AwsError as error:
                if error.code == "ResourceNotFoundException":
                    return
                raise
            for version in answer.get("LayerVersions", []):
                yield version["LayerVersionArn"], version.get("Description", "")
            if not answer.get("NextMarker"):
                return
            marker = {"Marker": answer["NextMarker"]}

    def publish_layer(
        self, name: str, description: str, content: bytes, runtimes: tuple[str, ...]
    ) -> str:
        """Publish a layer version; return its ARN (PublishLayerVersion)."""
        answer = self._call(
            "lambda",
            "publish_layer_version",
            LayerName=name,
            Description=description,
            Content={"ZipFile": content},
            CompatibleRuntimes=list(runtimes),
            LicenseInfo="Apache-2.0",
        )
        return str(answer["LayerVersionArn"])

    def function_variables(self, name: str) -> dict[str, str]:
        """Return a function's environment variables (GetFunctionConfiguration)."""
        answer = self._call("lambda", "get_function_configuration", FunctionName=name)
        variables: dict[str, str] = answer.get("Environment", {}).get("Variables", {})
        return variables

    def mapping(self, uuid: str) -> dict[str, Any] | None:
        """Return an event source mapping; None when it is gone (GetEventSourceMapping)."""
        try:
            found: dict[str, Any] = self._call("lambda", "get_event_source_mapping", UUID=uuid)
        except AwsError as error:
            if error.code == "ResourceNotFoundException":
                return None
            raise
        return found

    def enable_mapping(self, uuid: str, enabled: bool) -> None:
        """Switch an event source mapping on or off (UpdateEventSourceMapping)."""
        self._call("lambda", "update_event_source_mapping", UUID=uuid, Enabled=enabled)

    def function_url(self, function: str) -> str:
        """Return the URL of a function or of its alias (GetFunctionUrlConfig).

        Args:
            function: Name or ARN, ":alias" at its end when the URL is an alias's.
        """
        head, _, alias = function.rpartition(":")
        qualified = function.count(":") in (1, 7)
        where = {"FunctionName": head, "Qualifier": alias} if qualified else {}
        answer = self._call(
            "lambda", "get_function_url_config", **(where or {"FunctionName": function})
        )
        return str(answer["FunctionUrl"])

    # --- cloudformation ---------------------------------------------------

    def stack(self, name: str) -> dict[str, Any] | None:
        """Return a stack as DescribeStacks has it; None when there is none."""
        try:
            answer = self._call("cloudformation", "describe_stacks", StackName=name)
        except AwsError as error:
            if error.code == "ValidationError" and "does not exist" in error.message:
                return None
            raise
        found: dict[str, Any] = answer["Stacks"][0]
        return found

    def template(self, stack: str) -> str:
        """Return a stack's template as it was given (GetTemplate)."""
        answer = self._call(
            "cloudformation", "get_template", StackName=stack, TemplateStage="Original"
        )
        body = answer["TemplateBody"]
        return body if isinstance(body, str) else json.dumps(body)  # botocore parses JSON

    def create_change_set(self, **parameters: Any) -> str:
        """Start making a change set; return its id (CreateChangeSet)."""
        return str(self._call("cloudformation", "create_change_set", **parameters)["Id"])

    def change_set(self, name: str, stack: str) -> dict[str, Any]:
        """Return a change set with all its changes (DescribeChangeSet)."""
        answer: dict[str, Any] = self._call(
            "cloudformation", "describe_change_set", ChangeSetName=name, StackName=stack
        )
        whole = answer
        while answer.get("NextToken"):
            answer = self._call(
                "cloudformation",
                "describe_change_set",
                ChangeSetName=name,
                StackName=stack,
                NextToken=answer["NextToken"],
            )
            whole["Changes"] = whole.get("Changes", []) + answer.get("Changes", [])
        return whole

    def execute_change_set(self, name: str, stack: str, **parameters: Any) -> None:
        """Apply a change set (ExecuteChangeSet)."""
        self._call(
            "cloudformation",
            "execute_change_set",
            ChangeSetName=name,
            StackName=stack,
            **parameters,
        )

    def delete_change_set(self, name: str, stack: str) -> None:
        """Delete a change set (DeleteChangeSet)."""
        self._call("cloudformation", "delete_change_set", ChangeSetName=name, StackName=stack)

    def stack_events(self, stack: str) -> Iterator[dict[str, Any]]:
        """Yield a stack's events, newest first (DescribeStackEvents)."""
        token: dict[str, str] = {}
        while True:
            answer = self._call("cloudformation", "describe_stack_events", StackName=stack, **token)
            yield from answer["StackEvents"]
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}

    def stack_resources(self, stack: str) -> list[dict[str, Any]]:
        """Return a stack's resources (ListStackResources)."""
        found: list[dict[str, Any]] = []
        token: dict[str, str] = {}
        while True:
            answer = self._call("cloudformation", "list_stack_resources", StackName=stack, **token)
            found += answer["StackResourceSummaries"]
            if not answer.get("NextToken"):
                return found
            token = {"NextToken": answer["NextToken"]}

    def delete_stack(self, stack: str, **parameters: Any) -> None:
        """Start deleting a stack (DeleteStack)."""
        self._call("cloudformation", "delete_stack", StackName=stack, **parameters)

    def accepts(self, operation: str, member: str) -> bool:
        """Tell whether the installed botocore knows a member of a CloudFormation call."""
        shape = self._client("cloudformation").meta.service_model.operation_model(operation)
        return member in shape.input_shape.members

    # --- s3 ---------------------------------------------------------------

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
        self._call(
            "s3",
            "put_bucket_lifecycle_configuration",
            LifecycleConfiguration={"Rules": rules},
            **ours,
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
        self, bucket: str, key: str, body: bytes, owner: str | None, kms_key: str | None = None
    ) -> None:
        """Upload an object (PutObject)."""
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
        self._call(
            "s3", "put_object", Bucket=bucket, Key=key, Body=body, **_owner(owner), **encryption
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

    # --- how calls are made -----------------------------------------------

    def _call(
        self, service: str, operation: str, *, region: str | None = None, **parameters: Any
    ) -> Any:
        name = f"{service}:{operation.title().replace('_', '')}"
        with self._told(name):
            method: Callable[..., Any] = getattr(self._client(service, region), operation)
            return method(**parameters)

    def _client(self, service: str, region: str | None = None) -> Any:
        with self._lock:  # a boto3 session must not make two clients at once
            key = (service, region)
            if key not in self._clients:
                self._clients[key] = self._session.client(
                    service,
                    region_name=region or self.region,
                    **_client_settings(self.access, service),
                )
            return self._clients[key]

    @contextmanager
    def _told(self, call: str) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

        try:
            yield
        except (BotoCoreError, ClientError, HTTPClientError) as error:
            raise faults.translate(error, self.access, call) from error


def _owner(owner: str | None) -> dict[str, str]:
    return {"ExpectedBucketOwner": owner} if owner else {}


def _session(access: Access) -> Any:
    import boto3
    import botocore.session

    core = botocore.session.Session(profile=access.profile)
    if not access.isolated:
        return boto3.Session(botocore_session=core, region_name=access.region)
    _hide_user_files(core)
    return boto3.Session(
        botocore_session=core,
        region_name=access.region,
        aws_access_key_id=access.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=access.environment["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=access.environment.get("AWS_SESSION_TOKEN"),
    )


def _hide_user_files(core: Any) -> None:
    from botocore.configprovider import ConstantProvider

    store = core.get_component("config_store")
    for name in ("config_file", "credentials_file"):
        store.set_config_provider(name, ConstantProvider("/dev/null"))
    store.set_config_provider("profile", ConstantProvider(None))


def _client_settings(access: Access, service: str = "") -> dict[str, Any]:
    from botocore.config import Config

    config: dict[str, Any] = {
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": READ_SECONDS,
        "retries": {"total_max_attempts": 2 if access.local else ATTEMPTS, "mode": "standard"},
        "max_pool_connections": 16,
    }
    if service == "s3":
        # For signed URLs: not version 2, no checksum of their making, and the region's
        # own host, because a new bucket's name leads elsewhere for hours.
        config |= {
            "signature_version": "s3v4",
            "request_checksum_calculation": "when_required",
            "s3": {"addressing_style": "virtual"},
        }
    if access.local:  # this machine is never behind a proxy, nor below a bucket's name
        config |= {"proxies": {}, "s3": {"addressing_style": "path"}}
    settings: dict[str, Any] = {"config": Config(**config)}
    if access.isolated:  # else botocore reads the process's own variables itself
        settings["endpoint_url"] = access.endpoint_url
        settings["verify"] = str(access.ca_file) if access.ca_file else True
    return settings
