"""HTTP APIs: payload format 1.0, the one of REST APIs.

The emulator stores `PayloadFormatVersion: "1.0"` and sends format 2.0 all the
same, so a handler written for 1.0 fails. Here the event is rewritten on its
way to the function and the answer on its way back.
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import contextvars
import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from samlive.offline.hooks import Parts

Tree = dict[str, Any]
REQUIRES = (
    "ministack.services.apigateway:_invoke_lambda_proxy",
    "ministack.services.lambda_svc:_execute_function_with_config_scope",
)
_version: contextvars.ContextVar[str] = contextvars.ContextVar("payload_version", default="2.0")


def to_version_1(event: Tree) -> Tree:
    """Return an event of format 2.0 in format 1.0."""
    context, http = event["requestContext"], event["requestContext"]["http"]
    headers = dict(event.get("headers") or {})
    if event.get("cookies"):
        headers.setdefault("cookie", "; ".join(event["cookies"]))
    query = event.get("queryStringParameters") or {}
    _, _, resource = event["routeKey"].rpartition(" ")
    authorizer = context.get("authorizer") or {}
    claims = {**authorizer.get("lambda", {}), **authorizer.get("jwt", {})}
    return {
        "version": "1.0",
        "resource": resource,
        "path": event["rawPath"],
        "httpMethod": http["method"],
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {k: v.split(",")[-1] for k, v in query.items()} or None,
        "multiValueQueryStringParameters": {k: v.split(",") for k, v in query.items()} or None,
        "requestContext": {
            "accountId": context["accountId"],
            "apiId": context["apiId"],
            "authorizer": claims or None,
            "domainName": context["domainName"],
            "domainPrefix": context["apiId"],
            "extendedRequestId": context["requestId"],
            "httpMethod": http["method"],
            "identity": {"sourceIp": http["sourceIp"], "userAgent": http["userAgent"]},
            "path": event["rawPath"],
            "protocol": http["protocol"],
            "requestId": context["requestId"],
            "requestTime": context["time"],
            "requestTimeEpoch": context["timeEpoch"],
            "resourceId": None,
            "resourcePath": resource,
            "stage": context["stage"],
        },
        "pathParameters": event.get("pathParameters"),
        "stageVariables": event.get("stageVariables"),
        "body": event.get("body"),
        "isBase64Encoded": event.get("isBase64Encoded", False),
    }


def from_version_1(answer: Any) -> Any:
    """Return a function's answer of format 1.0 in format 2.0."""
    if not isinstance(answer, dict) or not answer.get("multiValueHeaders"):
        return answer
    headers, cookies = dict(answer.get("headers") or {}), list(answer.get("cookies") or [])
    for name, values in answer["multiValueHeaders"].items():
        if name.lower() == "set-cookie":
            cookies += values
        else:
            headers[name] = ",".join(str(value) for value in values)
    return {**answer, "headers": headers, "cookies": cookies}


def install(parts: "Parts") -> None:
    """Remember the version of an integration while its function runs; translate."""
    from ministack.services import apigateway, lambda_svc

    invoke = apigateway._invoke_lambda_proxy
    execute = lambda_svc._execute_function_with_config_scope

    @functools.wraps(invoke)
    async def invoke_in_version(integration: Tree, *arguments: Any, **named: Any) -> Any:
        token = _version.set(str(integration.get("payloadFormatVersion", "2.0")))
        try:
            return await invoke(integration, *arguments, **named)
        finally:
            _version.reset(token)

    @functools.wraps(execute)
    def execute_in_version(func: Tree, event: Any) -> Any:
        if _version.get() != "1.0":
            return execute(func, event)
        result = execute(func, to_version_1(event))
        return {**result, "body": from_version_1(result.get("body"))}

    apigateway._invoke_lambda_proxy = invoke_in_version
    lambda_svc._execute_function_with_config_scope = execute_in_version
