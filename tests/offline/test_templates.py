"""Templates are expanded and evaluated as CloudFormation does."""

from typing import Any

import pytest

from offline_cloud import ROOT_KEY, settled, until
from samlive.offline.hooks.macros import MacroError, Macros

MACRO = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Handler: index.handler
      InlineCode: |
        import boto3
        def handler(event, context):
            account = boto3.client("sts").get_caller_identity()["Account"]
            if event["templateParameterValues"].get("Fail") == "yes":
                return {"requestId": event["requestId"], "status": "failure", "errorMessage": "no"}
            fragment = event["fragment"]
            if event["params"]:
                fragment = {**fragment, **event["params"]}
            else:
                for resource in fragment["Resources"].values():
                    assert resource["Type"] == "AWS::Serverless::Function"
                    resource["Properties"]["Handler"] = "index.other"
                by = event["transformId"]
                fragment["Outputs"] = {"Account": {"Value": account}, "By": {"Value": by}}
            return {"requestId": event["requestId"], "status": "success", "fragment": fragment}
  Macro:
    Type: AWS::CloudFormation::Macro
    Properties: {Name: Upper, FunctionName: !GetAtt Function.Arn}
"""
USER = """
Transform: [Upper, AWS::Serverless-2016-10-31]
Parameters:
  Fail: {Type: String, Default: "no"}
Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Handler: index.handler
      InlineCode: "def other(event, context): return 'other'"
"""
EMBEDDED = """
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      Fn::Transform: {Name: Upper, Parameters: {VisibilityTimeout: 77}}
Outputs:
  Url: {Value: !Ref Queue}
"""
CHILD = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Handler: index.handler
      InlineCode: "def handler(event, context): return 'child'"
Outputs:
  Name: {Value: !Ref Function}
"""
PARENT = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Child:
    Type: AWS::Serverless::Application
    Properties: {Location: "https://templates.s3.us-east-1.amazonaws.com/child.yaml"}
Outputs:
  Name: {Value: !GetAtt Child.Outputs.Name}
"""


@pytest.fixture(scope="module")
def macro(aws: Any) -> str:
    aws.deploy("macro", MACRO, {})
    return "Upper"


@pytest.mark.e2e
def test_an_unknown_macro_is_refused(aws: Any) -> None:
    with pytest.raises(Exception, match="No transform named 000000000000::Nobody found"):
        aws.deploy("nobody", USER.replace("Upper", "Nobody"), {})


@pytest.mark.e2e
def test_a_macro_that_fails_says_why(aws: Any, macro: str) -> None:
    with pytest.raises(Exception, match="Transform 000000000000::Upper failed with: no"):
        aws.deploy("failing", USER, {"Fail": "yes"})


@pytest.mark.e2e
def test_a_macro_sees_raw_sam_and_may_call_aws(aws: Any, macro: str) -> None:
    outputs = aws.deploy("user", USER, {})
    assert outputs == {"Account": "000000000000", "By": "000000000000::Upper"}
    resources = aws.client("cloudformation", **ROOT_KEY).list_stack_resources(StackName="user")
    ids = {
        r["LogicalResourceId"]: r["PhysicalResourceId"] for r in resources["StackResourceSummaries"]
    }
    assert aws.invoke(ids["Function"]) == ("other", False)


@pytest.mark.e2e
def test_a_macro_works_in_a_change_set(aws: Any, macro: str) -> None:
    client = aws.client("cloudformation", **ROOT_KEY)
    capabilities = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    made = client.create_change_set(
        StackName="changes",
        ChangeSetName="first",
        ChangeSetType="CREATE",
        TemplateBody=USER,
        Capabilities=capabilities,
    )
    until(
        lambda: client.describe_change_set(ChangeSetName=made["Id"])["Status"] == "CREATE_COMPLETE"
    )
    client.execute_change_set(ChangeSetName=made["Id"])
    stack = until(lambda: settled(client.describe_stacks(StackName="changes")["Stacks"][0]))
    assert stack["StackStatus"] == "CREATE_COMPLETE"


@pytest.mark.e2e
def test_an_embedded_macro_replaces_its_surroundings(aws: Any, macro: str) -> None:
    url = aws.deploy("embedded", EMBEDDED, {})["Url"]
    found = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    assert found["Attributes"]["VisibilityTimeout"] == "77"


@pytest.mark.e2e
def test_a_nested_sam_template_is_expanded(aws: Any) -> None:
    s3 = aws.client("s3", **ROOT_KEY)
    s3.create_bucket(Bucket="templates")
    s3.put_object(Bucket="templates", Key="child.yaml", Body=CHILD)
    name = aws.deploy("parent", PARENT, {})["Name"]
    assert aws.invoke(name) == ("child", False)


CONDITIONS = """
Parameters:
  Flag: {Type: String, Default: "true"}
  Names: {Type: CommaDelimitedList, Default: "a,b"}
Mappings:
  Sizes: {us-east-1: {Big: true}}
Conditions:
  Region: !Equals [!Ref AWS::Region, us-east-1]
  Flag: !Equals [!Ref Flag, true]
  Map: !Equals [!FindInMap [Sizes, !Ref AWS::Region, Big], "true"]
  Split: !Equals [!Select [1, !Split ["/", "s3://x"]], ""]
  Joined: !Equals [!Join ["-", !Ref Names], "a-b"]
  Sub: !Equals [!Sub "${AWS::Region}-${Flag}", "us-east-1-true"]
  Not: !Not [!Equals [!Ref AWS::Partition, aws]]
  All: !And [!Condition Region, !Condition Map, !Condition Sub]
Resources:
  Queue: {Type: AWS::SQS::Queue}
Outputs:
  Region: {Condition: Region, Value: "1"}
  Flag: {Condition: Flag, Value: "1"}
  Map: {Condition: Map, Value: "1"}
  Split: {Condition: Split, Value: "1"}
  Joined: {Condition: Joined, Value: "1"}
  Sub: {Condition: Sub, Value: "1"}
  Not: {Condition: Not, Value: "1"}
  All: {Condition: All, Value: "1"}
"""


@pytest.mark.e2e
def test_conditions_compare_any_intrinsics(aws: Any) -> None:
    outputs = aws.deploy("conditions", CONDITIONS, {})
    assert set(outputs) == {"Region", "Flag", "Map", "Split", "Joined", "Sub", "All"}


def test_transforms_of_aws_keep_their_place_in_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def call(self: Macros, name: str, fragment: Any, *rest: Any) -> Any:
        seen.append(name)
        return fragment

    def original(template: dict[str, Any]) -> dict[str, Any]:
        seen.append(template.pop("Transform", None))
        return template

    monkeypatch.setattr(Macros, "_call", call)
    template = {"Transform": ["A", "AWS::X", {"Name": "AWS::Y"}, "B"], "Resources": {}}
    assert Macros().expand(template, original, {}) == {"Resources": {}}
    assert seen == ["A", ["AWS::X", {"Name": "AWS::Y"}], "B", None]


def test_a_template_without_macros_is_left_to_the_emulator() -> None:
    template = {"Resources": {"A": {"Fn::Transform": {"Name": "AWS::Include"}}}}
    assert Macros().expand(template, lambda part: part, {}) is template


def test_a_macro_error_is_a_value_error_as_the_emulator_expects() -> None:
    assert issubclass(MacroError, ValueError)
