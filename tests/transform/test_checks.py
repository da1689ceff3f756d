"""The checks themselves: each must see what it is there for."""

import copy
from dataclasses import replace
from typing import Any

import transform_checks as checks
from samlive_transform import Result, Source, parse, transform
from transform_stage import options

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
# The orders team's functions.
Resources:
  Fn:  # live
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: s3://bucket/key
      Handler: app.handler
      Runtime: python3.12
      Role: !GetAtt Role.Arn
      Events: {Queue: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn}}}
  Queue: {Type: AWS::SQS::Queue}
  Role:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: []}}
"""


def made() -> tuple[Source, Result, Any]:
    source = parse(TEMPLATE)
    result = transform(source, options())
    _, after = checks.translations(source, result)
    return source, result, copy.deepcopy(after)


def test_a_good_rewrite_has_no_complaints() -> None:
    source, result, after = made()
    assert [
        *checks.permissions(result, after),
        *checks.queues(result, after),
        *checks.report(source, result),
        *checks.people(source, result),
    ] == []


def test_a_missing_permission_is_seen() -> None:
    _, result, after = made()
    del after["Resources"]["Role"]["Properties"]["Policies"]
    assert list(checks.permissions(result, after)) == ["Fn: the role Role lacks the permission"]


def test_a_permission_in_one_branch_only_is_seen() -> None:
    _, result, after = made()
    role = after["Resources"]["Role"]["Properties"]
    role["Policies"] = {"Fn::If": ["C", role["Policies"], []]}
    assert len(list(checks.permissions(result, after))) == 1


def test_a_queue_that_is_too_quick_is_seen() -> None:
    _, result, after = made()
    after["Resources"]["Queue"]["Properties"]["VisibilityTimeout"] = 899
    assert len(list(checks.queues(result, after))) == 1


def test_resources_that_were_added_are_counted() -> None:
    before: dict[str, Any] = {"Resources": {}}
    after = {"Resources": dict.fromkeys("abcd")}
    assert list(checks.added(before, after)) == ["4 resources added"]


def test_a_change_that_is_not_reported_is_seen() -> None:
    source, result, _ = made()
    silent = replace(result, report=replace(result.report, changes=result.report.changes[1:]))
    assert any(text.startswith("not in the report") for text in checks.report(source, silent))


def test_a_report_of_nothing_is_seen() -> None:
    source, result, _ = made()
    lie = replace(result.report.changes[0], path="Properties.Nothing", before=1, after=2)
    told = replace(result, report=replace(result.report, changes=(*result.report.changes, lie)))
    assert any(text.startswith("in the report but") for text in checks.report(source, told))


def test_a_lost_comment_and_another_meaning_are_seen() -> None:
    source, result, _ = made()

    class Careless(Result):
        def people(self) -> str:
            text = super().people().replace("# The orders team's functions.\n", "")
            return text.replace("Timeout: 900", "Timeout: 9")

    careless = Careless(result.source, result.template, result.report)
    assert list(checks.people(source, careless)) == [
        "people's output means something else",
        "people's output lost the comment \"# The orders team's functions.\"",
    ]
