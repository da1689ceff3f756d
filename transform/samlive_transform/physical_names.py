"""Which properties give a resource a name that only one resource of the account can have.

Limits are those of the resource types' schemas. A type whose names may repeat
(APIs, user pools, layers, task definitions) is not here: nothing collides there.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Name:
    """A property that holds a physical name.

    Args:
        path: Property path.
        limit: Most characters of the name.
        joint: What joins the name and the stage: "-", or "_" where no hyphen is allowed.
        lower: Whether upper case is not allowed.
    """

    path: str
    limit: int
    joint: str = "-"
    lower: bool = False


NAMES: dict[str, Name] = {
    "AWS::Athena::DataCatalog": Name("Name", 256),
    "AWS::Athena::WorkGroup": Name("Name", 128),
    "AWS::AutoScaling::AutoScalingGroup": Name("AutoScalingGroupName", 255),
    "AWS::Backup::BackupVault": Name("BackupVaultName", 50),
    "AWS::Batch::ComputeEnvironment": Name("ComputeEnvironmentName", 128),
    "AWS::Batch::JobQueue": Name("JobQueueName", 128),
    "AWS::CloudFormation::Macro": Name("Name", 128),
    "AWS::CloudFront::CachePolicy": Name("CachePolicyConfig.Name", 128),
    "AWS::CloudFront::Function": Name("Name", 64),
    "AWS::CloudFront::OriginAccessControl": Name("OriginAccessControlConfig.Name", 64),
    "AWS::CloudFront::OriginRequestPolicy": Name("OriginRequestPolicyConfig.Name", 128),
    "AWS::CloudFront::ResponseHeadersPolicy": Name("ResponseHeadersPolicyConfig.Name", 128),
    "AWS::CloudTrail::Trail": Name("TrailName", 128),
    "AWS::CloudWatch::Alarm": Name("AlarmName", 255),
    "AWS::CloudWatch::CompositeAlarm": Name("AlarmName", 255),
    "AWS::CloudWatch::Dashboard": Name("DashboardName", 255),
    "AWS::CodeBuild::Project": Name("Name", 255),
    "AWS::CodeCommit::Repository": Name("RepositoryName", 100),
    "AWS::CodeDeploy::Application": Name("ApplicationName", 100),
    "AWS::CodePipeline::Pipeline": Name("Name", 100),
    "AWS::Cognito::UserPoolDomain": Name("Domain", 63, lower=True),
    "AWS::Config::ConfigRule": Name("ConfigRuleName", 128),
    "AWS::DynamoDB::GlobalTable": Name("TableName", 255),
    "AWS::DynamoDB::Table": Name("TableName", 255),
    "AWS::EC2::KeyPair": Name("KeyName", 255),
    "AWS::EC2::LaunchTemplate": Name("LaunchTemplateName", 128),
    "AWS::EC2::SecurityGroup": Name("GroupName", 255),
    "AWS::ECR::Repository": Name("RepositoryName", 256, lower=True),
    "AWS::ECS::Cluster": Name("ClusterName", 255),
    "AWS::ElasticBeanstalk::Application": Name("ApplicationName", 100),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": Name("Name", 32),
    "AWS::ElasticLoadBalancingV2::TargetGroup": Name("Name", 32),
    "AWS::Elasticsearch::Domain": Name("DomainName", 28, lower=True),
    "AWS::Events::ApiDestination": Name("Name", 64),
    "AWS::Events::Archive": Name("ArchiveName", 48),
    "AWS::Events::Connection": Name("Name", 64),
    "AWS::Events::EventBus": Name("Name", 256),
    "AWS::Events::Rule": Name("Name", 64),
    "AWS::Glue::Crawler": Name("Name", 255),
    "AWS::Glue::Database": Name("DatabaseInput.Name", 255, "_"),
    "AWS::Glue::Job": Name("Name", 255),
    "AWS::Glue::Trigger": Name("Name", 255),
    "AWS::Glue::Workflow": Name("Name", 255),
    "AWS::IAM::Group": Name("GroupName", 128),
    "AWS::IAM::InstanceProfile": Name("InstanceProfileName", 128),
    "AWS::IAM::ManagedPolicy": Name("ManagedPolicyName", 128),
    "AWS::IAM::Role": Name("RoleName", 64),
    "AWS::IAM::User": Name("UserName", 64),
    "AWS::IoT::Policy": Name("PolicyName", 128),
    "AWS::IoT::Thing": Name("ThingName", 128),
    "AWS::IoT::TopicRule": Name("RuleName", 128, "_"),
    "AWS::KMS::Alias": Name("AliasName", 256),
    "AWS::Kinesis::Stream": Name("Name", 128),
    "AWS::KinesisFirehose::DeliveryStream": Name("DeliveryStreamName", 64),
    "AWS::Lambda::Function": Name("FunctionName", 64),
    "AWS::Logs::LogGroup": Name("LogGroupName", 512),
    "AWS::MSK::Cluster": Name("ClusterName", 64),
    "AWS::OpenSearchService::Domain": Name("DomainName", 28, lower=True),
    "AWS::Pipes::Pipe": Name("Name", 64),
    "AWS::RDS::DBCluster": Name("DBClusterIdentifier", 63),
    "AWS::RDS::DBInstance": Name("DBInstanceIdentifier", 63),
    "AWS::RDS::DBProxy": Name("DBProxyName", 63),
    "AWS::RDS::DBSubnetGroup": Name("DBSubnetGroupName", 255),
    "AWS::ResourceGroups::Group": Name("Name", 128),
    "AWS::S3::AccessPoint": Name("Name", 50, lower=True),
    "AWS::S3::Bucket": Name("BucketName", 63, lower=True),
    "AWS::SES::ConfigurationSet": Name("Name", 64),
    "AWS::SNS::Topic": Name("TopicName", 256),
    "AWS::SQS::Queue": Name("QueueName", 80),
    "AWS::SSM::Document": Name("Name", 128),
    "AWS::SSM::Parameter": Name("Name", 1011),
    "AWS::Scheduler::Schedule": Name("Name", 64),
    "AWS::Scheduler::ScheduleGroup": Name("Name", 64),
    "AWS::SecretsManager::Secret": Name("Name", 512),
    "AWS::Serverless::Function": Name("FunctionName", 64),
    "AWS::Serverless::SimpleTable": Name("TableName", 255),
    "AWS::Serverless::StateMachine": Name("Name", 80),
    "AWS::ServiceDiscovery::PrivateDnsNamespace": Name("Name", 253),
    "AWS::StepFunctions::Activity": Name("Name", 80),
    "AWS::StepFunctions::StateMachine": Name("StateMachineName", 80),
    "AWS::Synthetics::Canary": Name("Name", 255, lower=True),
    "AWS::Timestream::Database": Name("DatabaseName", 256),
    "AWS::WAFv2::IPSet": Name("Name", 128),
    "AWS::WAFv2::RuleGroup": Name("Name", 128),
    "AWS::WAFv2::WebACL": Name("Name", 128),
    "AWS::XRay::Group": Name("GroupName", 32),
}

EVENT_NAMES: dict[str, Name] = {
    "CloudWatchEvent": Name("RuleName", 64),
    "EventBridgeRule": Name("RuleName", 64),
    "Schedule": Name("Name", 64),
    "ScheduleV2": Name("Name", 64),
}
"""The same for the rules and schedules that SAM makes of events."""

EXPORT = Name("Name", 255)

FIXED: dict[str, str] = {
    "AWS::ApiGateway::DomainName": "DomainName",
    "AWS::ApiGatewayV2::DomainName": "DomainName",
    "AWS::CloudFront::Distribution": "DistributionConfig.Aliases",
    "AWS::Route53::HostedZone": "Name",
    "AWS::Route53::RecordSet": "Name",
    "AWS::SES::EmailIdentity": "EmailIdentity",
    "AWS::Serverless::Api": "Domain.DomainName",
    "AWS::Serverless::HttpApi": "Domain.DomainName",
}
"""Names that belong to somebody's domain: a suffix would make them another's."""

_TABLES = frozenset({"AWS::DynamoDB::GlobalTable", "AWS::DynamoDB::Table"})
_TOO_COMMON = frozenset({"Name", "Domain", "GroupName", "DomainName", "PolicyName"})


def _mentions() -> dict[str, frozenset[str]]:
    found = {
        "Bucket": frozenset({"AWS::S3::Bucket"}),
        "EventBusName": frozenset({"AWS::Events::EventBus"}),
        "LogGroup": frozenset({"AWS::Logs::LogGroup"}),
        "Queue": frozenset({"AWS::SQS::Queue"}),
        "StreamName": frozenset({"AWS::Kinesis::Stream"}),
        "Table": _TABLES,
        "TableArn": _TABLES,
    }
    for kind, name in NAMES.items():
        key = name.path.rpartition(".")[2]
        if key not in _TOO_COMMON:
            found[key] = found.get(key, frozenset()) | {kind}
    return found


MENTIONS: dict[str, frozenset[str]] = _mentions()
"""Keys under which a value that equals the name of a resource of these types is that name."""

ARN_SERVICES: dict[str, str] = {
    "AWS::DynamoDB::GlobalTable": "dynamodb",
    "AWS::DynamoDB::Table": "dynamodb",
    "AWS::Events::EventBus": "events",
    "AWS::Events::Rule": "events",
    "AWS::IAM::ManagedPolicy": "iam",
    "AWS::IAM::Role": "iam",
    "AWS::Kinesis::Stream": "kinesis",
    "AWS::KinesisFirehose::DeliveryStream": "firehose",
    "AWS::Lambda::Function": "lambda",
    "AWS::Logs::LogGroup": "logs",
    "AWS::S3::Bucket": "s3",
    "AWS::SNS::Topic": "sns",
    "AWS::SQS::Queue": "sqs",
    "AWS::SSM::Parameter": "ssm",
    "AWS::SecretsManager::Secret": "secretsmanager",
    "AWS::Serverless::Function": "lambda",
    "AWS::Serverless::SimpleTable": "dynamodb",
    "AWS::Serverless::StateMachine": "states",
    "AWS::StepFunctions::StateMachine": "states",
}
"""The service in the ARNs of a type's resources."""
