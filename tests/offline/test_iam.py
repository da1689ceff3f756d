"""Permissions are enforced: for the developer and for functions."""

import json
from typing import Any

import pytest

from offline_cloud import ROOT_KEY
from samlive.offline import identity

pytestmark = pytest.mark.e2e
Stack = dict[str, str]


@pytest.mark.parametrize(
    ("service", "call", "arguments"),
    [
        pytest.param("iam", "create_user", {"UserName": "x"}, id="users"),
        pytest.param(
            "s3",
            "create_bucket",
            {"Bucket": "samlive-111111111111-eu"},
            id="bucket of another account",
        ),
        pytest.param("ec2", "describe_instances", {}, id="servers"),
    ],
)
def test_the_developer_may_not(aws: Any, service: str, call: str, arguments: Any) -> None:
    client = aws.client(service)
    with pytest.raises(client.exceptions.ClientError, match=r"AccessDenied|UnauthorizedOperation"):
        getattr(client, call)(**arguments)


def test_a_wrong_secret_is_refused(aws: Any) -> None:
    client = aws.client("sts", aws_secret_access_key="wrong")
    with pytest.raises(client.exceptions.ClientError, match="SignatureDoesNotMatch"):
        client.get_caller_identity()


def test_a_web_page_is_refused_whatever_its_key(aws: Any) -> None:
    page = {"Origin": "https://evil.example"}
    status, answer = aws.http("POST", "/?Action=ListQueues", headers=page)
    assert status == 403
    assert "https://evil.example may not use the offline cloud" in answer["message"]


def test_the_developer_is_a_user_and_not_root(aws: Any) -> None:
    found = aws.client("sts").get_caller_identity()["Arn"]
    assert found == "arn:aws:iam::000000000000:user/developer"


def test_a_function_may_not_what_its_role_does_not_allow(aws: Any, stack: Stack) -> None:
    iam = aws.client("iam", **ROOT_KEY)
    role = stack["WorkerRole"]
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    policies = {n: iam.get_role_policy(RoleName=role, PolicyName=n) for n in names}
    event = {"Records": [{"body": "x"}]}
    try:
        for name in names:
            iam.delete_role_policy(RoleName=role, PolicyName=name)
        answer, failed = aws.invoke(stack["Worker"], event)
    finally:
        for name, policy in policies.items():
            document = json.dumps(policy["PolicyDocument"])
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)
    assert failed
    assert "AccessDenied" in answer["errorMessage"]
    assert "sqs:sendmessage" in answer["errorMessage"].lower()


def test_managed_policies_named_as_in_sam_reach_the_role(aws: Any) -> None:
    template = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Reader:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Handler: index.handler
      Policies: [AmazonDynamoDBReadOnlyAccess]
      InlineCode: "def handler(event, context): pass"
Outputs:
  Role: {Value: !Ref ReaderRole}
"""
    role = aws.deploy("managed", template, {})["Role"]
    attached = aws.client("iam", **ROOT_KEY).list_attached_role_policies(RoleName=role)[
        "AttachedPolicies"
    ]
    arns = {policy["PolicyArn"] for policy in attached}
    assert "arn:aws:iam::aws:policy/AmazonDynamoDBReadOnlyAccess" in arns


def test_the_policies_are_for_the_offline_account_and_the_region() -> None:
    documents = identity.policies("eu-west-1")
    assert set(documents) == {"samlive", "project"}
    assert ":iot:eu-west-1:000000000000:" in documents["samlive"]
    for document in documents.values():
        assert json.loads(document)["Statement"]


def test_the_project_policy_covers_nothing_that_samlive_calls() -> None:
    statements = json.loads(identity.policies("eu-west-1")["project"])["Statement"]
    actions = [a for s in statements for a in _as_list(s["Action"])]
    assert not [a for a in actions if a.startswith(("iot:", "cloudformation:", "sts:"))]
    assert not [a for a in actions if a.startswith("lambda:") and "Layer" in a]


def _as_list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
