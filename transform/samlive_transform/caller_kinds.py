"""How each kind of event source calls a function: and waits, and goes on, or is polled.

    synchronous    the caller waits for the answer
    asynchronous   Lambda takes the event, answers at once, calls the function and tries again
    polling        Lambda fetches from a queue or stream, and calls the function with what it finds

The tables say what AWS documents; whoever is not in them counts as a caller
that waits, because the wrong guess in that direction loses nothing.

- services: https://docs.aws.amazon.com/lambda/latest/dg/lambda-services.html
- SAM's events: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-eventsource.html
- resources: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/introduction.html
- principals: https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
"""

from typing import Literal

Way = Literal["asynchronous", "polling", "synchronous"]

EVENTS: dict[str, Way] = {
    "AlexaSkill": "synchronous",
    "Api": "synchronous",
    "Cognito": "synchronous",
    "HttpApi": "synchronous",
    "CloudWatchEvent": "asynchronous",
    "CloudWatchLogs": "asynchronous",
    "EventBridgeRule": "asynchronous",
    "IoTRule": "asynchronous",
    "S3": "asynchronous",
    "SNS": "asynchronous",
    "Schedule": "asynchronous",
    "ScheduleV2": "asynchronous",
    "DocumentDB": "polling",
    "DynamoDB": "polling",
    "Kinesis": "polling",
    "MQ": "polling",
    "MSK": "polling",
    "SQS": "polling",
    "SelfManagedKafka": "polling",
}
"""Types of events of an `AWS::Serverless::Function`."""

RESOURCES: dict[str, Way] = {
    "AWS::CodeCommit::Repository": "asynchronous",
    "AWS::Config::ConfigRule": "asynchronous",
    "AWS::Events::Rule": "asynchronous",
    "AWS::IoT::TopicRule": "asynchronous",
    "AWS::Logs::SubscriptionFilter": "asynchronous",
    "AWS::S3::Bucket": "asynchronous",
    "AWS::SES::ReceiptRule": "asynchronous",
    "AWS::SNS::Subscription": "asynchronous",
    "AWS::SNS::Topic": "asynchronous",
    "AWS::Scheduler::Schedule": "asynchronous",
    "AWS::Lambda::EventSourceMapping": "polling",
    "AWS::ApiGateway::Authorizer": "synchronous",
    "AWS::ApiGateway::Method": "synchronous",
    "AWS::ApiGateway::RestApi": "synchronous",
    "AWS::ApiGatewayV2::Api": "synchronous",
    "AWS::ApiGatewayV2::Authorizer": "synchronous",
    "AWS::ApiGatewayV2::Integration": "synchronous",
    "AWS::AppSync::DataSource": "synchronous",
    "AWS::AppSync::FunctionConfiguration": "synchronous",
    "AWS::AppSync::GraphQLApi": "synchronous",
    "AWS::Bedrock::Agent": "synchronous",
    "AWS::Cognito::UserPool": "synchronous",
    "AWS::Connect::IntegrationAssociation": "synchronous",
    "AWS::ElasticLoadBalancingV2::TargetGroup": "synchronous",
    "AWS::KinesisFirehose::DeliveryStream": "synchronous",
    "AWS::Lambda::Url": "synchronous",
    "AWS::Lex::BotAlias": "synchronous",
    "AWS::Pipes::Pipe": "synchronous",
    "AWS::Serverless::Api": "synchronous",
    "AWS::Serverless::GraphQLApi": "synchronous",
    "AWS::Serverless::HttpApi": "synchronous",
    "AWS::Serverless::StateMachine": "synchronous",
    "AWS::StepFunctions::StateMachine": "synchronous",
    "AWS::VpcLattice::TargetGroup": "synchronous",
    # Called without waiting, but what they called has to report before a limit:
    "AWS::CloudFormation::CustomResource": "synchronous",
    "AWS::CodePipeline::Pipeline": "synchronous",
    "AWS::SecretsManager::RotationSchedule": "synchronous",
}
"""Resource types that call a function which they name."""

PRINCIPALS: dict[str, Way] = {
    "codecommit.amazonaws.com": "asynchronous",
    "config.amazonaws.com": "asynchronous",
    "events.amazonaws.com": "asynchronous",
    "iot.amazonaws.com": "asynchronous",
    "lambda.alarms.cloudwatch.amazonaws.com": "asynchronous",
    "logs.amazonaws.com": "asynchronous",
    "s3.amazonaws.com": "asynchronous",
    "scheduler.amazonaws.com": "asynchronous",
    "ses.amazonaws.com": "asynchronous",
    "sns.amazonaws.com": "asynchronous",
    "dynamodb.amazonaws.com": "polling",
    "kafka.amazonaws.com": "polling",
    "kinesis.amazonaws.com": "polling",
    "sqs.amazonaws.com": "polling",
    "alexa-appkit.amazon.com": "synchronous",
    "apigateway.amazonaws.com": "synchronous",
    "appsync.amazonaws.com": "synchronous",
    "cognito-idp.amazonaws.com": "synchronous",
    "elasticloadbalancing.amazonaws.com": "synchronous",
    "secretsmanager.amazonaws.com": "synchronous",
}
"""Services that an `AWS::Lambda::Permission` lets call a function."""

NO_CALLERS = (
    "AWS::ApplicationAutoScaling::",
    "AWS::CodeDeploy::",
    "AWS::IAM::",
    "AWS::KMS::Key",
    "AWS::Lambda::Alias",
    "AWS::Lambda::Version",
    "AWS::Logs::LogGroup",
    "AWS::Logs::MetricFilter",
    "AWS::Logs::QueryDefinition",
    "AWS::CloudWatch::Dashboard",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::SSM::Parameter",
    "AWS::SecretsManager::ResourcePolicy",
)
"""Beginnings of resource types that name functions and never call them."""
