"""Made-up templates in every form that the rules must survive, for property tests."""

from typing import Any

from hypothesis import strategies as st

IF = "Fn::If"
NO_VALUE = {"Ref": "AWS::NoValue"}
CONDITIONS = {"Yes": {"Fn::Equals": ["a", "a"]}, "Open": {"Fn::Equals": [{"Ref": "Env"}, "x"]}}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
OWN_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
}

VARIABLES = st.dictionaries(
    st.sampled_from(["TABLE", "NODE_OPTIONS", "LD_PRELOAD", "AWS_LAMBDA_EXEC_WRAPPER", "OTEL_X"]),
    st.sampled_from(["x", {"Ref": "Env"}, {IF: ["Yes", "a", NO_VALUE]}]),
    max_size=3,
)


def either(values: st.SearchStrategy[Any], absent: bool = False) -> st.SearchStrategy[Any]:
    """Return values, or an `Fn::If` over two of them."""
    other = st.just(NO_VALUE) if absent else values
    choice = st.builds(lambda left, right: {IF: ["Open", left, right]}, values, other)
    return st.one_of(values, choice)


ENVIRONMENT = either(
    st.builds(lambda variables: {"Variables": variables}, either(VARIABLES)), absent=True
)
POLICIES = st.sampled_from(
    [
        "AmazonS3ReadOnlyAccess",
        ["AmazonS3ReadOnlyAccess", {"SQSPollerPolicy": {"QueueName": "q"}}],
        {"DynamoDBReadPolicy": {"TableName": "orders"}},
        [OWN_POLICY],
        [{IF: ["Open", "AmazonS3ReadOnlyAccess", NO_VALUE]}],
    ]
)
ROLES = st.sampled_from(
    [
        {"Fn::GetAtt": ["RoleA", "Arn"]},
        {"Fn::GetAtt": "RoleB.Arn"},
        {"Fn::Sub": "${RoleA.Arn}"},
        {IF: ["Open", {"Fn::GetAtt": ["RoleA", "Arn"]}, {"Fn::GetAtt": ["RoleB", "Arn"]}]},
    ]
)
EVENTS = st.dictionaries(
    st.sampled_from(["One", "Two"]),
    st.sampled_from(
        [
            {"Type": "SQS", "Properties": {"Queue": {"Fn::GetAtt": ["Queue", "Arn"]}}},
            {
                "Type": "SQS",
                "Properties": {
                    "Queue": {"Fn::GetAtt": ["Slow", "Arn"]},
                    "MaximumBatchingWindowInSeconds": 20,
                },
            },
            {"Type": "SNS", "Properties": {"Topic": {"Ref": "Topic"}, "SqsSubscription": True}},
            {"Type": "SNS", "Properties": {"Topic": {"Ref": "Topic"}}},
            {"Type": "Schedule", "Properties": {"Schedule": "rate(1 day)", "Name": "daily"}},
            {"Type": "HttpApi", "Properties": {"Path": "/", "Method": "get"}},
        ]
    ),
    max_size=2,
)
SHARED = st.fixed_dictionaries(
    {},
    optional={
        "Timeout": st.sampled_from([3, 900, {"Ref": "Seconds"}]),
        "MemorySize": st.sampled_from([128, 1024]),
        "Layers": st.sampled_from(
            [[{"Ref": "Layer"}], {IF: ["Yes", [{"Ref": "Layer"}], NO_VALUE]}]
        ),
        "Environment": st.builds(lambda variables: {"Variables": variables}, VARIABLES),
        "VpcConfig": st.just({"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}),
        "Tags": st.just({"team": "orders"}),
    },
)
PUBLISHED = st.sampled_from(
    [
        {},
        {"AutoPublishAlias": "live"},
        {"AutoPublishAlias": "live", "DeploymentPreference": {"Type": "AllAtOnce"}},
        {"AutoPublishAlias": "live", "SnapStart": {"ApplyOn": "PublishedVersions"}},
    ]
)
SAM = st.builds(
    lambda shared, published, own, role: shared | published | own | role,
    SHARED,
    PUBLISHED,
    st.fixed_dictionaries(
        {"CodeUri": st.sampled_from(["s3://bucket/key", {"Bucket": "b", "Key": "k"}])},
        optional={
            "FunctionName": st.sampled_from(["orders", {"Fn::Sub": "${AWS::StackName}-x"}]),
            "Environment": ENVIRONMENT,
            "Events": EVENTS,
            "Description": st.just("text"),
        },
    ),
    st.one_of(
        st.fixed_dictionaries({}, optional={"Policies": POLICIES}),
        st.builds(lambda role: {"Role": role}, ROLES),
    ),
)
PLAIN = st.fixed_dictionaries(
    {
        "Code": st.sampled_from([{"ZipFile": "x"}, {"S3Bucket": "b", "S3Key": "k"}]),
        "Handler": st.just("index.handler"),
        "Runtime": st.sampled_from(["nodejs22.x", "python3.12"]),
        "Role": ROLES,
    },
    optional={"Environment": ENVIRONMENT, "Timeout": st.sampled_from([3, 30])},
)


def _resource(kind: str, properties: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties} | extra


EXTRA = st.fixed_dictionaries(
    {},
    optional={
        "Condition": st.just("Yes"),
        "DependsOn": st.sampled_from(["Topic", ["Topic"]]),
        "Metadata": st.sampled_from([{"SamLive": {"Live": False}}, {"BuildMethod": "esbuild"}]),
    },
)
FUNCTIONS = st.one_of(
    st.builds(lambda p, e: _resource("AWS::Serverless::Function", p, e), SAM, EXTRA),
    st.builds(lambda p, e: _resource("AWS::Lambda::Function", p, e), PLAIN, EXTRA),
)


@st.composite
def templates(draw: st.DrawFn) -> dict[str, Any]:
    """Return a template with one to four functions, one of them live in any case."""
    resources: dict[str, Any] = {
        "Always": {
            "Type": "AWS::Serverless::Function",
            "Properties": {"CodeUri": "s3://bucket/key", "Events": draw(EVENTS)},
        },
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Slow": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 910}},
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "orders"}},
        "RoleA": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
        "RoleB": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": TRUST,
                "Policies": [{"PolicyName": "own", "PolicyDocument": OWN_POLICY}],
            },
        },
        "Layer": {
            "Type": "AWS::Serverless::LayerVersion",
            "Properties": {"ContentUri": "s3://bucket/layer"},
        },
    }
    for name in draw(st.lists(st.sampled_from(["FnA", "FnB", "FnC"]), unique=True, max_size=3)):
        resources[name] = draw(FUNCTIONS)
    tree: dict[str, Any] = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Parameters": {
            "Env": {"Type": "String", "Default": "dev"},
            "Seconds": {"Type": "Number", "Default": 10},
        },
        "Conditions": CONDITIONS,
        "Globals": {"Function": draw(SHARED) | {"Runtime": "python3.12", "Handler": "app.handler"}},
        "Resources": resources,
        "Outputs": {"Topic": {"Value": {"Ref": "Topic"}, "Export": {"Name": "topic"}}},
    }
    return tree
