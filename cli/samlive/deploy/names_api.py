"""Calls that tell whether a physical name is taken: one read-only call for each type.

A type without an entry cannot be looked up. Calls are chosen so that the answer holds no value of
a parameter or secret; whatever else it holds is not looked at.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from samlive.deploy.clients import Clients
from samlive.deploy.faults import AwsError


@dataclass(frozen=True, slots=True)
class Home:
    """Where names are looked up; ARNs are made of it."""

    partition: str
    region: str
    account: str

    def arn(self, service: str, resource: str, region: bool = True) -> str:
        """Return the ARN of a resource."""
        where = self.region if region else ""
        return f"arn:{self.partition}:{service}:{where}:{self.account}:{resource}"


_PREFIXES = {"stepfunctions": "states"}
_OTHERWISE = {"HeadBucket": "s3:ListBucket"}
"""Permissions that are not called like their calls.
https://docs.aws.amazon.com/service-authorization/latest/reference/"""

Arguments = Callable[[str, Home], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Lookup:
    """How one type's names are looked up.

    Args:
        service: Service that is asked.
        operation: Call that is made.
        arguments: Makes its arguments.
        absent: Error codes that mean: nobody has the name.
        found: Tells from the answer whether somebody has; any answer means so by default.
    """

    service: str
    operation: str
    arguments: Arguments = field(repr=False)
    absent: tuple[str, ...] = ("ResourceNotFoundException",)
    found: Callable[[Mapping[str, Any], str], bool] = lambda answer, name: True

    @property
    def permission(self) -> str:
        """The call as IAM names it."""
        call = self.operation.title().replace("_", "")
        return _OTHERWISE.get(call) or f"{_PREFIXES.get(self.service, self.service)}:{call}"


def _named(key: str) -> Arguments:
    return lambda name, home: {key: name}


def _role_like(operation: str, key: str) -> Lookup:
    return Lookup("iam", operation, _named(key), ("NoSuchEntity",))


_FUNCTION = Lookup("lambda", "get_function_configuration", _named("FunctionName"))
_TABLE = Lookup("dynamodb", "describe_table", _named("TableName"))
_MACHINE = Lookup(
    "stepfunctions",
    "describe_state_machine",
    lambda name, home: {"stateMachineArn": home.arn("states", f"stateMachine:{name}")},
    ("StateMachineDoesNotExist",),
)

LOOKUPS: dict[str, Lookup] = {
    "AWS::CloudWatch::Alarm": Lookup(
        "cloudwatch",
        "describe_alarms",
        lambda name, home: {"AlarmNames": [name], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]},
        found=lambda answer, name: bool(
            answer.get("MetricAlarms") or answer.get("CompositeAlarms")
        ),
    ),
    "AWS::DynamoDB::GlobalTable": _TABLE,
    "AWS::DynamoDB::Table": _TABLE,
    "AWS::ECR::Repository": Lookup(
        "ecr",
        "describe_repositories",
        lambda name, home: {"repositoryNames": [name]},
        ("RepositoryNotFoundException",),
    ),
    "AWS::Events::EventBus": Lookup("events", "describe_event_bus", _named("Name")),
    "AWS::Events::Rule": Lookup("events", "describe_rule", _named("Name")),
    "AWS::Glue::Database": Lookup(
        "glue", "get_database", _named("Name"), ("EntityNotFoundException",)
    ),
    "AWS::IAM::Group": _role_like("get_group", "GroupName"),
    "AWS::IAM::InstanceProfile": _role_like("get_instance_profile", "InstanceProfileName"),
    "AWS::IAM::ManagedPolicy": Lookup(
        "iam",
        "get_policy",
        lambda name, home: {"PolicyArn": home.arn("iam", f"policy/{name}", region=False)},
        ("NoSuchEntity",),
    ),
    "AWS::IAM::Role": _role_like("get_role", "RoleName"),
    "AWS::IAM::User": _role_like("get_user", "UserName"),
    "AWS::KMS::Alias": Lookup("kms", "describe_key", _named("KeyId"), ("NotFoundException",)),
    "AWS::Kinesis::Stream": Lookup("kinesis", "describe_stream_summary", _named("StreamName")),
    "AWS::KinesisFirehose::DeliveryStream": Lookup(
        "firehose", "describe_delivery_stream", _named("DeliveryStreamName")
    ),
    "AWS::Lambda::Function": _FUNCTION,
    "AWS::Logs::LogGroup": Lookup(
        "logs",
        "describe_log_groups",
        lambda name, home: {"logGroupNamePrefix": name, "limit": 1},
        found=lambda answer, name: any(
            each.get("logGroupName") == name for each in answer.get("logGroups", [])
        ),
    ),
    "AWS::S3::Bucket": Lookup("s3", "head_bucket", _named("Bucket"), ("404", "NoSuchBucket")),
    "AWS::SNS::Topic": Lookup(
        "sns",
        "get_topic_attributes",
        lambda name, home: {"TopicArn": home.arn("sns", name)},
        ("NotFound", "NotFoundException"),
    ),
    "AWS::SQS::Queue": Lookup(
        "sqs",
        "get_queue_url",
        _named("QueueName"),
        ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"),
    ),
    "AWS::SSM::Parameter": Lookup(
        "ssm",
        "describe_parameters",
        lambda name, home: {
            "ParameterFilters": [{"Key": "Name", "Option": "Equals", "Values": [name]}]
        },
        found=lambda answer, name: bool(answer.get("Parameters")),
    ),
    "AWS::Scheduler::Schedule": Lookup("scheduler", "get_schedule", _named("Name")),
    "AWS::SecretsManager::Secret": Lookup("secretsmanager", "describe_secret", _named("SecretId")),
    "AWS::Serverless::Function": _FUNCTION,
    "AWS::Serverless::SimpleTable": _TABLE,
    "AWS::Serverless::StateMachine": _MACHINE,
    "AWS::StepFunctions::StateMachine": _MACHINE,
}


class NamesApi(Clients):
    """What samlive asks about names."""

    def taken(self, lookup: Lookup, name: str, home: Home) -> str | None:
        """Return the resource that has a name, as CloudFormation calls it; None when none has.

        Raises:
            AwsError: It cannot be told.
        """
        arguments = lookup.arguments(name, home)
        try:
            answer = self._call(lookup.service, lookup.operation, **arguments)
        except AwsError as error:
            if error.code in lookup.absent:
                return None
            raise
        if not lookup.found(answer, name):
            return None
        arns = [value for value in arguments.values() if str(value).startswith("arn:")]
        return str(answer.get("QueueUrl") or (arns[0] if arns else name))

    def exports(self) -> Iterator[tuple[str, str]]:
        """Yield name and exporting stack of every export of the region (ListExports)."""
        token: dict[str, str] = {}
        while True:
            answer = self._call("cloudformation", "list_exports", **token)
            for each in answer.get("Exports", []):
                yield each["Name"], each["ExportingStackId"].rpartition(":stack/")[2].split("/")[0]
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}

    def stack_with(self, physical_id: str) -> str | None:
        """Return the stack that holds a resource, if one does (DescribeStackResources)."""
        try:
            answer = self._call(
                "cloudformation", "describe_stack_resources", PhysicalResourceId=physical_id
            )
        except AwsError:
            return None  # no stack has it, or nobody may know
        found = answer.get("StackResources", [])
        return str(found[0]["StackName"]) if found else None
