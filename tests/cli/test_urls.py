"""Addresses that answer: AWS's own, and their paths on a cloud on this machine."""

from typing import Any

import pytest

from samlive.deploy import urls

AWS = urls.Place("eu-central-1")
LOCAL = urls.Place("eu-central-1", local="http://127.0.0.1:4566")


def resource(logical: str, kind: str, physical: str | None) -> dict[str, Any]:
    found = {"LogicalResourceId": logical, "ResourceType": kind}
    return {**found, "PhysicalResourceId": physical} if physical else found


STACK = [
    resource("HttpApi", "AWS::ApiGatewayV2::Api", "h1"),
    resource("HttpApiApiGatewayDefaultStage", "AWS::ApiGatewayV2::Stage", "$default"),
    resource("AdminApi", "AWS::ApiGateway::RestApi", "r1"),
    resource("AdminApiv1Stage", "AWS::ApiGateway::Stage", "v1"),
    resource("Orders", "AWS::Lambda::Function", "f"),
]


def test_other_addresses_and_texts_are_no_urls() -> None:
    outputs = {
        "Queue": "https://sqs.eu-central-1.amazonaws.com/1/q",
        "Name": "orders",
        "Text": "see https://h1.execute-api.eu-central-1.amazonaws.com now",
    }
    assert urls.of_stack([], outputs, LOCAL) == {}


def test_resource_that_was_not_made_has_no_address() -> None:
    assert urls.of_stack([resource("A", "AWS::ApiGatewayV2::Api", None)], {}, AWS) == {}


def test_addresses_on_aws() -> None:
    assert urls.of_stack(STACK, {}, AWS) == {
        "HttpApi": "https://h1.execute-api.eu-central-1.amazonaws.com",
        "AdminApi": "https://r1.execute-api.eu-central-1.amazonaws.com/v1",
    }


def test_addresses_in_china() -> None:
    place = urls.Place("cn-north-1", "aws-cn")
    found = urls.of_stack(STACK[:1], {}, place)
    assert found == {"HttpApi": "https://h1.execute-api.cn-north-1.amazonaws.com.cn"}


def test_addresses_on_this_machine() -> None:
    assert urls.of_stack(STACK, {}, LOCAL) == {
        "HttpApi": "http://127.0.0.1:4566/_aws/execute-api/h1",
        "AdminApi": "http://127.0.0.1:4566/restapis/r1/v1/_user_request_",
    }


def test_named_stage_of_an_http_api() -> None:
    stack = [
        resource("Api", "AWS::ApiGatewayV2::Api", "h1"),
        resource("Live", "AWS::ApiGatewayV2::Stage", "live"),
    ]
    assert urls.of_stack(stack, {}, AWS)["Api"].endswith(".amazonaws.com/live")
    assert urls.of_stack(stack, {}, LOCAL)["Api"].endswith("/h1/live")


@pytest.mark.parametrize(
    ("value", "local"),
    [
        (
            "https://h1.execute-api.eu-central-1.amazonaws.com",
            "/_aws/execute-api/h1",
        ),
        (
            "https://h1.execute-api.eu-central-1.amazonaws.com/orders/",
            "/_aws/execute-api/h1/orders",
        ),
        (
            "https://r1.execute-api.eu-central-1.amazonaws.com/v1/admin",
            "/restapis/r1/v1/_user_request_/admin",
        ),
        ("https://abc.lambda-url.eu-central-1.on.aws/", "/_aws/lambda-url/abc/"),
    ],
)
def test_output_is_translated_on_this_machine_and_kept_on_aws(value: str, local: str) -> None:
    assert urls.of_stack(STACK, {"Url": value}, AWS)["Url"] == value
    assert urls.of_stack(STACK, {"Url": value}, LOCAL)["Url"] == f"http://127.0.0.1:4566{local}"
