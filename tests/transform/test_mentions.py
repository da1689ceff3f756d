"""What follows a renamed resource, and what is left alone."""

from typing import Any

import pytest

from samlive_transform.mentions import Renamed, follow
from samlive_transform.model import Template

TABLE = Renamed("AWS::DynamoDB::Table", "orders", "orders-alice", ("Resources", "Table", "x"))
LOGS = Renamed("AWS::Logs::LogGroup", "/app/logs", "/app/logs-alice", ("Resources", "Logs", "x"))


def followed(value: Any, key: str = "Value", *renamed: Renamed) -> Any:
    tree = {"Resources": {"Fn": {"Properties": {key: value}}}}
    steps = list(follow(Template(tree, {}), list(renamed or (TABLE, LOGS))))
    return [step.value for step in steps]


@pytest.mark.parametrize(
    ("value", "key"),
    [
        pytest.param("orders", "PathPart", id="a word of its own"),
        pytest.param("orders", "Description", id="a text"),
        pytest.param("orders", "TopicName", id="the name of something else"),
        pytest.param("orders-archive", "TableName", id="a longer name"),
        pytest.param("arn:aws:sqs:eu-west-1:1:orders", "Resource", id="another service"),
        pytest.param("arn:aws:dynamodb:eu-west-1:1:table/orders-2", "Resource", id="a longer arn"),
        pytest.param("arn:aws:dynamodb:eu-west-1:1:table/my.orders", "Resource", id="a suffix"),
        pytest.param("arn:aws:dynamodb", "Resource", id="no arn"),
        pytest.param({"Ref": "orders"}, "TableName", id="a reference"),
    ],
)
def test_left_alone(value: Any, key: str) -> None:
    assert followed(value, key) == []


@pytest.mark.parametrize(
    ("value", "key", "after"),
    [
        ("orders", "TableName", "orders-alice"),
        ({"Variables": {"TABLE": "orders"}}, "Environment", "orders-alice"),
        (
            "arn:aws:dynamodb:eu-west-1:1:table/orders",
            "Resource",
            "arn:aws:dynamodb:eu-west-1:1:table/orders-alice",
        ),
        (
            {"Fn::Sub": "arn:${AWS::Partition}:dynamodb:${AWS::Region}:1:table/orders/index/*"},
            "Resource",
            "arn:${AWS::Partition}:dynamodb:${AWS::Region}:1:table/orders-alice/index/*",
        ),
        (
            "arn:aws:logs:eu-west-1:1:log-group:/app/logs:*",
            "Resource",
            "arn:aws:logs:eu-west-1:1:log-group:/app/logs-alice:*",
        ),
    ],
)
def test_follows(value: Any, key: str, after: str) -> None:
    assert followed(value, key) == [after]


def test_the_dimension_of_an_alarm_follows() -> None:
    assert followed([{"Name": "TableName", "Value": "orders"}], "Dimensions") == ["orders-alice"]
    assert followed([{"Name": "Colour", "Value": "orders"}], "Dimensions") == []


def test_the_log_group_of_a_function_follows() -> None:
    function = Renamed("AWS::Lambda::Function", "pay", "pay-alice", ("Resources", "Pay", "x"))
    found = followed("/aws/lambda/pay", "LogGroupName", function)
    assert found == ["/aws/lambda/pay-alice"]


def test_a_name_that_became_two_is_followed_by_nobody() -> None:
    other = Renamed("AWS::S3::Bucket", "orders", "orders-x", ("Resources", "Bucket", "x"))
    assert followed({"Variables": {"PLACE": "orders"}}, "Environment", TABLE, other) == []
    assert followed("orders", "TableName", TABLE, other) == ["orders-alice"]
    assert followed("orders", "Bucket", TABLE, other) == ["orders-x"]
