"""What the hooks decide, without the emulator."""

import asyncio
import contextlib
from typing import Any

import pytest

from samlive.offline import origins
from samlive.offline.hooks import lambda_actions, openapi
from samlive.offline.hooks.conditions import resolved
from samlive.offline.hooks.lambda_limits import function_breach, visibility_breach
from samlive.offline.hooks.payload_version import from_version_1, to_version_1
from samlive.offline.hooks.template_url import path_style
from samlive.offline.hooks.unknown_types import Handlers, Placeholders
from samlive.offline.proxy import ConnectProxy

URI = (
    "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/"
    "arn:aws:lambda:eu-west-1:000000000000:function:f/invocations"
)


def body(path: str, method: str, **integration: Any) -> dict[str, Any]:
    return {"paths": {path: {method: {"x-amazon-apigateway-integration": integration}}}}


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({}, id="empty"),
        pytest.param({"paths": None}, id="no paths"),
        pytest.param({"paths": {"/a": {"parameters": [], "get": {}}}}, id="no integration"),
        pytest.param(body("/a", "summary", uri=URI), id="no method"),
    ],
)
def test_what_is_no_route_is_left_out(document: dict[str, Any]) -> None:
    assert openapi.routes(document) == []


@pytest.mark.parametrize(
    ("path", "method", "key"),
    [
        ("/a/{id}", "get", "GET /a/{id}"),
        ("/a", "x-amazon-apigateway-any-method", "ANY /a"),
        ("$default", "x-amazon-apigateway-any-method", "$default"),
        ("/$default", "x-amazon-apigateway-any-method", "$default"),
    ],
)
def test_route_keys(path: str, method: str, key: str) -> None:
    (route,) = openapi.routes(body(path, method, uri=URI, type="aws_proxy"))
    assert (route.key, route.authorizer) == (key, None)
    function = "arn:aws:lambda:eu-west-1:000000000000:function:f"
    assert route.integration["integrationUri"] == function
    assert route.integration["integrationType"] == "AWS_PROXY"


SCHEMES = {
    "Token": {
        "x-amazon-apigateway-authorizer": {
            "type": "jwt",
            "identitySource": "$request.header.Authorization",
            "jwtConfiguration": {"issuer": "https://i", "audience": ["a"]},
        }
    },
    "Function": {"x-amazon-apigateway-authorizer": {"type": "request", "authorizerUri": URI}},
    "AWS_IAM": {"x-amazon-apigateway-authtype": "awsSigv4"},
}


@pytest.mark.parametrize(
    ("security", "kind"),
    [
        (None, "NONE"),
        ([], "NONE"),
        ([{"NONE": []}], "NONE"),
        ([{"Token": ["read"]}], "JWT"),
        ([{"Function": []}], "CUSTOM"),
        ([{"AWS_IAM": []}], "AWS_IAM"),
    ],
)
def test_security_schemes_become_authorization_types(security: Any, kind: str) -> None:
    document = body("/a", "get", uri=URI)
    document["components"] = {"securitySchemes": SCHEMES}
    document["paths"]["/a"]["get"]["security"] = security
    (route,) = openapi.routes(document)
    assert openapi.authorization_type(document, route.authorizer) == kind
    assert route.scopes == (("read",) if kind == "JWT" else ())


def test_authorizers_are_read_from_the_security_schemes() -> None:
    found = openapi.authorizers({"components": {"securitySchemes": SCHEMES}})
    assert found == {
        "Token": {
            "name": "Token",
            "authorizerType": "JWT",
            "identitySource": ["$request.header.Authorization"],
            "jwtConfiguration": {"issuer": "https://i", "audience": ["a"]},
        },
        "Function": {"name": "Function", "authorizerType": "REQUEST", "authorizerUri": URI},
    }


def test_operands_of_comparisons_are_resolved() -> None:
    def double(operand: Any) -> Any:
        return operand * 2

    condition = {"Fn::Not": [{"Fn::Or": [{"Fn::Equals": ["a", "b"]}, {"Condition": "Other"}]}]}
    assert resolved(condition, double) == {
        "Fn::Not": [{"Fn::Or": [{"Fn::Equals": ["aa", "bb"]}, {"Condition": "Other"}]}]
    }


def test_booleans_are_compared_as_text() -> None:
    equal = {"Fn::Equals": [True, "true"]}
    assert resolved(equal, lambda operand: operand) == {"Fn::Equals": ["true", "true"]}


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://s3.eu-west-1.amazonaws.com/b/k/l", "https://s3.eu-west-1.amazonaws.com/b/k/l"),
        ("https://example.com/b/k", "https://example.com/b/k"),
        ("http://127.0.0.1:4566/b/k", "http://127.0.0.1:4566/b/k"),
        ("https://b.s3.amazonaws.com/k/l", "https://s3.amazonaws.com/b/k/l"),
        ("https://b.c.s3-us-west-2.amazonaws.com/k", "https://s3-us-west-2.amazonaws.com/b.c/k"),
        (
            "https://b.s3.cn-north-1.amazonaws.com.cn/k",
            "https://s3.cn-north-1.amazonaws.com.cn/b/k",
        ),
    ],
)
def test_template_urls_in_path_style(url: str, wanted: str) -> None:
    assert path_style(url) == wanted


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        pytest.param("/", {"host": "evil.example:4566"}, id="name of its own"),
        pytest.param("/", {"host": "127.0.0.1.evil.example"}, id="name like ours"),
        pytest.param("/", {"origin": "https://evil.example"}, id="script"),
        pytest.param("/", {"origin": "null"}, id="frame"),
        pytest.param("/", {"origin": "http://localhost.evil.example"}, id="origin like ours"),
        pytest.param("/?Action=CreateStack", {"sec-fetch-site": "cross-site"}, id="link"),
        pytest.param("/_samlive/faults", {"origin": "https://evil.example"}, id="our paths"),
        pytest.param("/_aws/execute-api/a/b", {"host": "evil.example"}, id="name and stack's API"),
    ],
)
def test_web_pages_are_kept_away(path: str, headers: dict[str, str]) -> None:
    assert origins.refusal(path, encoded(headers)) is not None


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        pytest.param("/", {}, id="program"),
        pytest.param("/", {"host": "x-ats.iot.us-east-1.localhost:4566"}, id="broker"),
        pytest.param("/", {"host": "bucket.s3.eu-west-1.amazonaws.com"}, id="name of AWS"),
        pytest.param("/", {"origin": "http://localhost:3000"}, id="page of this machine"),
        pytest.param("/", {"sec-fetch-site": "none"}, id="address bar"),
        pytest.param("/_aws/execute-api/a/b", {"origin": "https://app.example"}, id="HTTP API"),
        pytest.param(
            "/restapis/a/Prod/_user_request_/x", {"origin": "https://app.example"}, id="REST API"
        ),
        pytest.param(
            "/x", {"host": "a.execute-api.localhost:1", "origin": "https://app.example"}, id="host"
        ),
    ],
)
def test_programs_and_pages_of_this_machine_are_let_through(
    path: str, headers: dict[str, str]
) -> None:
    assert origins.refusal(path, encoded(headers)) is None


def encoded(headers: dict[str, str]) -> dict[bytes, bytes]:
    wanted = {"host": "127.0.0.1:4566", **headers}
    return {name.encode(): value.encode() for name, value in wanted.items()}


EVENT = {
    "version": "2.0",
    "routeKey": "POST /a/{id}",
    "rawPath": "/a/1",
    "headers": {"accept": "x"},
    "cookies": ["c=1", "d=2"],
    "queryStringParameters": {"q": "1,2"},
    "requestContext": {
        "accountId": "1",
        "apiId": "api",
        "authorizer": {"jwt": {"claims": {"sub": "me"}, "scopes": []}},
        "domainName": "host",
        "http": {"method": "POST", "protocol": "HTTP/1.1", "sourceIp": "::1", "userAgent": "u"},
        "requestId": "r",
        "stage": "$default",
        "time": "t",
        "timeEpoch": 1,
    },
    "pathParameters": {"id": "1"},
    "body": "b",
    "isBase64Encoded": False,
}


def test_an_event_in_format_1() -> None:
    event = to_version_1(EVENT)
    assert event["version"] == "1.0"
    assert (event["resource"], event["path"], event["httpMethod"]) == ("/a/{id}", "/a/1", "POST")
    assert event["headers"] == {"accept": "x", "cookie": "c=1; d=2"}
    assert event["multiValueHeaders"]["accept"] == ["x"]
    assert event["queryStringParameters"] == {"q": "2"}
    assert event["multiValueQueryStringParameters"] == {"q": ["1", "2"]}
    assert event["requestContext"]["authorizer"]["claims"] == {"sub": "me"}
    assert event["pathParameters"] == {"id": "1"}
    assert event["body"] == "b"


@pytest.mark.parametrize("answer", ["text", None, {"statusCode": 200, "headers": {"a": "b"}}])
def test_answers_without_repeated_headers_are_left_alone(answer: Any) -> None:
    assert from_version_1(answer) == answer


def test_repeated_headers_and_cookies_of_format_1() -> None:
    answer = from_version_1(
        {"headers": {"A": "1"}, "multiValueHeaders": {"B": ["2", "3"], "Set-Cookie": ["c=1"]}}
    )
    assert answer["headers"] == {"A": "1", "B": "2,3"}
    assert answer["cookies"] == ["c=1"]


def test_only_types_of_aws_are_taken_as_doing_nothing() -> None:
    handlers = Handlers({"AWS::SQS::Queue": {"create": None}})
    assert "AWS::Serverless::Function" not in handlers
    assert "Nobody::Knows::This" not in handlers
    assert handlers.get("Nobody::Knows::This") is None
    with pytest.raises(KeyError):
        handlers["Nobody::Knows::This"]
    assert handlers["AWS::SQS::Queue"] == {"create": None}
    assert set(handlers["AWS::Events::Archive"]) == {"create", "update", "delete"}


def test_placeholders_have_every_attribute() -> None:
    attributes = Placeholders(Id="stack-a-1", ArnPrefix="arn:aws:x:r:1:")
    assert "Anything" in attributes
    assert attributes["Arn"] == "arn:aws:x:r:1:stack-a-1"
    assert attributes["Name"] == "stack-a-1-name"


@pytest.mark.parametrize(
    ("props", "text"),
    [
        pytest.param({"Timeout": 901}, "'901' at 'timeout'", id="timeout"),
        pytest.param({"Runtime": "python9.9.9"}, "python9.9.9", id="runtime"),
        pytest.param({"MemorySize": 64}, "'64' at 'memorySize'", id="memory"),
        pytest.param({"Layers": ["a"] * 6}, "more than 5 layers", id="layers"),
        pytest.param(
            {"Environment": {"Variables": {"A": "x" * 4089}}}, "4KB limit (4097", id="variables"
        ),
        pytest.param(
            {"Environment": {"Variables": {"AWS_REGION": "x"}}}, "['AWS_REGION']", id="reserved"
        ),
        pytest.param(
            {"Code": {"ZipFile": "x"}, "Runtime": "provided.al2023"}, "provided", id="inline"
        ),
    ],
)
def test_functions_that_aws_refuses_are_refused(props: dict[str, Any], text: str) -> None:
    assert text in str(function_breach(props))


@pytest.mark.parametrize(
    "props",
    [
        {},
        {"Timeout": 900, "MemorySize": 10240, "Layers": ["a"] * 5},
        {"Environment": {"Variables": {"A": "x" * 4088}}},
        {"Code": {"ZipFile": "x"}, "Runtime": "python3.13"},
        *({"Runtime": name} for name in ("java21", "dotnet8", "ruby3.4", "provided", "java8.al2")),
    ],
)
def test_functions_at_the_limits_pass(props: dict[str, Any]) -> None:
    assert function_breach(props) is None


def test_a_queue_must_hide_messages_as_long_as_its_function_may_run() -> None:
    assert visibility_breach(30, 30) is None
    assert "30 seconds is less than Function timeout: 31" in str(visibility_breach(30, 31))


async def exchange(proxy: ConnectProxy, request: bytes) -> bytes:
    """Send a request through a proxy and return all that comes back."""
    port = await proxy.start()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), 60)
        writer.close()
        return answer
    finally:
        await proxy.stop()


async def named_server(name: bytes) -> tuple[asyncio.Server, int]:
    """A server that says its name and what it heard."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard = await reader.read()
        writer.write(name + b" heard " + heard)
        with contextlib.suppress(OSError):
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


def test_the_proxy_only_connects() -> None:
    answer = asyncio.run(exchange(ConnectProxy(1), b"GET http://a/ HTTP/1.1\r\n\r\n"))
    assert answer.startswith(b"HTTP/1.1 405 ")


def test_the_proxy_says_when_nobody_listens() -> None:
    answer = asyncio.run(exchange(ConnectProxy(1), b"CONNECT a.localhost:443 HTTP/1.1\r\n\r\n"))
    assert answer.startswith(b"HTTP/1.1 502 ")


@pytest.mark.parametrize("port", ["443", "12345"])
def test_names_under_localhost_lead_to_the_tls_port(port: str) -> None:
    async def run() -> bytes:
        server, tls_port = await named_server(b"tls")
        async with server:
            request = f"CONNECT x-ats.iot.us-east-1.localhost:{port} HTTP/1.1\r\n\r\nhello"
            return await exchange(ConnectProxy(tls_port), request.encode())

    assert asyncio.run(run()) == b"HTTP/1.1 200 OK\r\n\r\ntls heard hello"


def test_other_names_are_reached_directly() -> None:
    async def run() -> bytes:
        server, port = await named_server(b"other")
        async with server:
            return await exchange(
                ConnectProxy(1), f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\nhello".encode()
            )

    assert asyncio.run(run()) == b"HTTP/1.1 200 OK\r\n\r\nother heard hello"


def test_other_names_go_through_the_proxy_that_was_set_before() -> None:
    async def run() -> bytes:
        server, port = await named_server(b"upstream")
        async with server:
            proxy = ConnectProxy(1, f"http://me:secret@127.0.0.1:{port}")
            return await exchange(proxy, b"CONNECT example.com:443 HTTP/1.1\r\n\r\n")

    heard = asyncio.run(run())
    assert heard.startswith(b"upstream heard CONNECT example.com:443 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic bWU6c2VjcmV0\r\n\r\n" in heard


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/2015-03-31/functions/f", None),
        ("GET", "/2015-03-31/layers/f/concurrency", None),
        ("DELETE", "/2017-10-31/functions/f/concurrency", "DeleteFunctionConcurrency"),
        ("GET", "/2019-09-30/functions/f/concurrency", "GetFunctionConcurrency"),
        (
            "GET",
            "/2019-09-25/functions/f/event-invoke-config/list",
            "ListFunctionEventInvokeConfigs",
        ),
        ("PUT", "/2019-09-25/functions/f/event-invoke-config", "PutFunctionEventInvokeConfig"),
    ],
)
def test_actions_of_calls_about_events(method: str, path: str, expected: str | None) -> None:
    assert lambda_actions.action(method, path) == expected
