"""Names that somebody else has, found before anything is deployed."""

from typing import Any

import pytest

from samlive import collisions
from samlive.collisions import Wanted
from samlive.deploy.names_api import LOOKUPS, Home
from samlive.errors import SamliveError
from samlive_transform import parse, transform
from samlive_transform.named import named
from samlive_transform.physical_names import NAMES
from stubbed_aws import ACCOUNT, REGION, StubbedAws
from transform_stage import options

HOME = Home("aws", REGION, ACCOUNT)
WANTED = Wanted("ana", "orders-ana", {}, HOME)
HEAD = """\
Transform: AWS::Serverless-2016-10-31
Parameters:
  Table: {Type: String, Default: orders}
  Hidden: {Type: String}
  Make: {Type: String, Default: "no"}
Conditions:
  Makes: !Equals [!Ref Make, "yes"]
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: src/, Handler: app.handler, Runtime: python3.12}
"""
TABLE = "  T: {Type: AWS::DynamoDB::Table, Properties: {TableName: !Ref Table}}\n"


def rewritten(text: str) -> Any:
    return transform(parse(HEAD + text, "t.yaml"), options(stage="ana"))


@pytest.fixture
def aws() -> StubbedAws:
    return StubbedAws()


def check(aws: StubbedAws, text: str, wanted: Wanted = WANTED) -> list[str]:
    notes: list[str] = []
    collisions.check(rewritten(text), aws, wanted, notes.append)
    aws.check_all_asked()
    return notes


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing has a name"),
        pytest.param("  Q: {Type: AWS::SQS::Queue}\n", id="a name of CloudFormation's"),
        pytest.param(
            "  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref Hidden}}\n",
            id="a parameter that nobody gave",
        ),
        pytest.param(
            "  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !ImportValue x}}\n",
            id="another stack's value",
        ),
        pytest.param(
            "  Q: {Type: AWS::SQS::Queue, Condition: Makes, Properties: {QueueName: q}}\n",
            id="a condition that does not hold",
        ),
        pytest.param(
            "  R: {Type: AWS::Events::Rule, Properties: {Name: r, EventBusName: other}}\n",
            id="a rule on a bus of its own",
        ),
        pytest.param("  Q: {Type: AWS::SQS::Queue, Properties: []}\n", id="no properties"),
    ],
)
def test_nothing_is_asked(aws: StubbedAws, text: str) -> None:
    assert check(aws, text) == []


def test_free_names_are_free(aws: StubbedAws) -> None:
    aws.refuse("dynamodb", "describe_table", "ResourceNotFoundException")
    assert check(aws, TABLE) == []


def test_all_taken_names_are_told_at_once_with_what_to_do(
    aws: StubbedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.answer("dynamodb", "describe_table", {}, {"TableName": "orders"})
    aws.answer("logs", "describe_log_groups", {"logGroups": [{"logGroupName": "/a/f-ana"}]})
    for stack in ("orders-team", ""):
        resource = {"StackName": stack, "LogicalResourceId": "T", "ResourceType": "x::y"}
        further = {"Timestamp": "2026-01-01T00:00:00Z", "ResourceStatus": "CREATE_COMPLETE"}
        found = [{**resource, **further}] if stack else []
        aws.answer("cloudformation", "describe_stack_resources", {"StackResources": found})
    exported = {"Name": "url-ana", "ExportingStackId": "arn:aws:cloudformation:r:1:stack/team/7"}
    aws.answer("cloudformation", "list_exports", {"Exports": [exported]})
    log = "  L: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /a/f}}\n"
    output = "Outputs:\n  Url: {Value: x, Export: {Name: url}}\n"
    monkeypatch.setattr(collisions, "AT_ONCE", 1)  # answers are scripted in an order
    with pytest.raises(SamliveError) as refused:
        check(aws, TABLE + log + output)
    lines = refused.value.message.splitlines()[1:]
    assert lines == [
        "  t.yaml:12: T.TableName orders: the stack orders-team has it; choose another: "
        "--parameter-overrides Table=...",
        "  t.yaml:13: L.LogGroupName /a/f-ana: it exists; an earlier stage of this name may have "
        "left it: delete it, or choose another --stage",
        "  t.yaml:15: Url.Export.Name url-ana: the stack team has it; choose another --stage, or "
        "another name in the template",
    ]
    assert "Nothing was deployed" in refused.value.hint


def test_what_the_stages_own_stack_has_is_no_collision(aws: StubbedAws) -> None:
    aws.answer("dynamodb", "describe_table", {})
    own = {
        "StackName": "orders-ana",
        "LogicalResourceId": "T",
        "ResourceType": "x::y",
        "Timestamp": "2026-01-01T00:00:00Z",
        "ResourceStatus": "CREATE_COMPLETE",
    }
    aws.answer("cloudformation", "describe_stack_resources", {"StackResources": [own]})
    assert check(aws, TABLE) == []


def test_what_cannot_be_looked_up_is_said(aws: StubbedAws) -> None:
    aws.refuse("dynamodb", "describe_table", "AccessDeniedException")
    aws.refuse("s3", "head_bucket", "403")
    aws.refuse("cloudformation", "list_exports", "Throttling")
    bucket = "  B: {Type: AWS::S3::Bucket, Properties: {BucketName: b}}\n"
    group = "  G: {Type: AWS::XRay::Group, Properties: {GroupName: g}}\n"
    output = "Outputs:\n  Url: {Value: x, Export: {Name: url}}\n"
    (note,) = check(aws, TABLE + bucket + group + output)
    assert "g-ana (AWS::XRay::Group)" in note
    assert "orders (you may not call dynamodb:DescribeTable)" in note
    assert "b-ana (you may not call s3:ListBucket)" in note
    assert "exports (cloudformation:ListExports: Throttling)" in note


def test_parameters_and_pseudo_parameters_are_filled_in() -> None:
    text = (
        "  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub 'q-${AWS::Region}-${Hidden}'}}\n"
    )
    (found,) = named(rewritten(text), {"Hidden": "h"}, {"AWS::Region": REGION})
    assert (found.name, found.parameters) == (f"q-{REGION}-h", ("Hidden",))


@pytest.mark.parametrize("type_", LOOKUPS)
def test_lookup_fits_botocores_model_and_a_type_that_has_names(type_: str, aws: StubbedAws) -> None:
    lookup = LOOKUPS[type_]
    assert type_ in NAMES
    aws.refuse(lookup.service, lookup.operation, (*lookup.absent, "ResourceNotFoundException")[0])
    assert aws.taken(lookup, "name-1", HOME) is None


def test_developers_policy_allows_every_lookup() -> None:
    from samlive_templates import render

    policy = render("policy/developer.json.j2", partition="aws", account=ACCOUNT, region=REGION)
    wanted = {lookup.permission for lookup in LOOKUPS.values()} - {"s3:ListBucket"}
    assert [each for each in sorted(wanted) if f'"{each}"' not in policy] == []
