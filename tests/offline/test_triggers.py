"""Event sources and resources that the emulator alone gets wrong."""

from typing import Any

import pytest

from offline_cloud import ROOT_KEY, settled, until

pytestmark = pytest.mark.e2e
Stack = dict[str, str]


def test_an_unknown_route_of_an_http_api_is_not_found(aws: Any, stack: Stack) -> None:
    status, _ = aws.http("GET", f"/_aws/execute-api/{stack['HttpApi']}/$default/nothing")
    assert status == 404


def test_an_http_api_from_an_openapi_body_answers(aws: Any, stack: Stack) -> None:
    url = f"/_aws/execute-api/{stack['HttpApi']}/$default/hello"
    assert aws.http("GET", url) == (200, {"path": "/hello"})


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_any_method_of_a_rest_api_answers(aws: Any, stack: Stack, method: str) -> None:
    url = f"/restapis/{stack['RestApi']}/Prod/_user_request_/some/path"
    assert aws.http(method, url) == (200, {"path": "/some/path"})


def test_a_queue_message_is_worked_on(aws: Any, stack: Stack) -> None:
    sqs = aws.client("sqs")
    sqs.send_message(QueueUrl=stack["Jobs"], MessageBody="job")
    done = until(
        lambda: sqs.receive_message(QueueUrl=stack["Done"], WaitTimeSeconds=1).get("Messages")
    )
    assert [message["Body"] for message in done] == ["JOB"]


def test_a_custom_resource_answers(aws: Any, stack: Stack) -> None:
    assert stack["Made"] == "GREEN"


def test_a_type_the_emulator_does_not_know_does_nothing(aws: Any, stack: Stack) -> None:
    assert stack["UnknownArn"].startswith("arn:aws:events:us-east-1:000000000000:shared-Unknown-")
    assert "AWS::Events::Archive (Unknown) does nothing offline" in aws.offline.log.read_text()


UNKNOWN = """
Resources:
  Unknown: {Type: AWS::Events::Archive, Properties: {SourceArn: "SOURCE"}}
  Queue: {Type: AWS::SQS::Queue, Properties: {Tags: [{Key: a, Value: !GetAtt Unknown.Arn}]}}
Outputs:
  Arn: {Value: !Sub "${Unknown.Arn}"}
"""


def test_a_type_that_does_nothing_can_be_updated(aws: Any) -> None:
    before = aws.deploy("unknown", UNKNOWN, {})
    client = aws.client("cloudformation", **ROOT_KEY)
    client.update_stack(StackName="unknown", TemplateBody=UNKNOWN.replace("SOURCE", "another"))
    stack = until(lambda: settled(client.describe_stacks(StackName="unknown")["Stacks"][0]))
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert stack["Outputs"][0]["OutputValue"] == before["Arn"]


def test_a_type_that_is_no_ones_is_refused(aws: Any) -> None:
    template = '{"Resources": {"A": {"Type": "Nobody::Knows::This"}}}'
    client = aws.client("cloudformation", **ROOT_KEY)
    with pytest.raises(client.exceptions.ClientError, match="Unrecognized resource types"):
        client.create_stack(StackName="nobody", TemplateBody=template)


LIMITS = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Jobs: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 30}}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Handler: index.handler
      InlineCode: "def handler(event, context): pass"
      MORE
      Events:
        Jobs: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn}}
"""


@pytest.mark.parametrize(
    ("more", "text"),
    [
        pytest.param("Timeout: 31", "visibility timeout: 30 seconds is less", id="queue"),
        pytest.param("Timeout: 901", "'901' at 'timeout'", id="timeout"),
    ],
)
def test_what_lambda_refuses_rolls_the_stack_back(aws: Any, more: str, text: str) -> None:
    with pytest.raises(AssertionError, match=text):
        aws.deploy(f"limits-{text[1:4].strip()}", LIMITS.replace("MORE", more), {})


def test_code_that_is_not_in_its_bucket_rolls_the_stack_back(aws: Any, stack: Stack) -> None:
    code = "CodeUri: {Bucket: artifacts, Key: not-there}"
    template = LIMITS.replace('InlineCode: "def handler(event, context): pass"', code)
    with pytest.raises(AssertionError, match="NoSuchKey"):
        aws.deploy("no-code", template.replace("MORE", ""), {})


HTTP_API = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Answer:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Handler: index.handler
      InlineCode: "def handler(event, context): return {'statusCode': 200, 'body': '1'}"
      Events:
        Http: {Type: HttpApi, Properties: {Path: PATH, Method: any}}
Outputs:
  Api: {Value: !Ref ServerlessHttpApi}
"""


def test_an_http_api_keeps_its_id_when_its_routes_change(aws: Any) -> None:
    before = aws.deploy("routes", HTTP_API.replace("PATH", "/old"), {})["Api"]
    client = aws.client("cloudformation", **ROOT_KEY)
    client.update_stack(
        StackName="routes",
        TemplateBody=HTTP_API.replace("PATH", "/new"),
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    stack = until(lambda: settled(client.describe_stacks(StackName="routes")["Stacks"][0]))
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert stack["Outputs"][0]["OutputValue"] == before
    url = f"/_aws/execute-api/{before}/$default"
    assert aws.http("PUT", f"{url}/new") == (200, 1)
    assert aws.http("PUT", f"{url}/old")[0] == 404


GUARDED = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      CorsConfiguration: {AllowOrigins: ["https://example.com"], AllowMethods: [GET]}
      Auth:
        DefaultAuthorizer: Keeper
        Authorizers:
          Keeper:
            FunctionArn: !GetAtt Keeper.Arn
            AuthorizerPayloadFormatVersion: "2.0"
            EnableSimpleResponses: true
            EnableFunctionDefaultPermissions: true
            Identity: {Headers: [authorization]}
  Keeper:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Handler: index.handler
      InlineCode: |
        def handler(event, context):
            word = event["headers"].get("authorization")
            return {"isAuthorized": word == "please", "context": {"who": "me"}}
  Answer:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Handler: index.handler
      InlineCode: |
        import json
        def handler(event, context):
            return {"statusCode": 200, "body": json.dumps(event)}
      Events:
        New: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: /new, Method: GET}}
        Old:
          Type: HttpApi
          Properties:
            ApiId: !Ref Api
            Path: /old
            Method: GET
            PayloadFormatVersion: "1.0"
            Auth: {Authorizer: NONE}
Outputs:
  Api: {Value: !Ref Api}
"""


@pytest.fixture(scope="module")
def guarded(aws: Any) -> str:
    api = aws.deploy("guarded", GUARDED, {})["Api"]
    return f"/_aws/execute-api/{api}/$default"


@pytest.mark.parametrize("word", [None, "now"])
def test_an_authorizer_of_an_http_api_refuses(aws: Any, guarded: str, word: str | None) -> None:
    headers = {"authorization": word} if word else {}
    status, _ = aws.http("GET", f"{guarded}/new", headers=headers)
    assert status == (403 if word else 401)


def test_an_authorizer_of_an_http_api_lets_through(aws: Any, guarded: str) -> None:
    status, event = aws.http("GET", f"{guarded}/new", headers={"authorization": "please"})
    assert (status, event["version"]) == (200, "2.0")
    assert event["requestContext"]["authorizer"] == {"lambda": {"who": "me"}}


def test_payload_format_1_reaches_the_function(aws: Any, guarded: str) -> None:
    status, event = aws.http("GET", f"{guarded}/old?q=1")
    assert (status, event["version"], event["httpMethod"]) == (200, "1.0", "GET")
    assert event["resource"] == "/old"
    assert event["queryStringParameters"] == {"q": "1"}


def test_cors_of_an_http_api_answers_the_preflight(aws: Any, guarded: str) -> None:
    asked = {"Origin": "https://example.com", "Access-Control-Request-Method": "GET"}
    status, _ = aws.http("OPTIONS", f"{guarded}/new", headers=asked)
    assert status in (200, 204)
