"""Which callers of a function take its response as a stream.

A stub passes on what the local function does, streamed or not. Only when nobody
runs the function must it know: to such a caller a status and a text are said in
another form.

- function URLs: https://docs.aws.amazon.com/lambda/latest/dg/config-rs-invoke-furls.html
- REST APIs: https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html
"""

from collections.abc import Iterator
from typing import Any

from samlive_stub.contract import API, URL
from samlive_transform.intrinsics import branches, walk
from samlive_transform.model import Template

_API_TYPES = ("AWS::ApiGateway", "AWS::Serverless::")


def callers(template: Template) -> dict[str, str]:
    """Return the kinds of callers that functions stream to, as the stub's settings have them.

    Returns:
        `URL`, `API` or both, by the logical ids of functions that have such callers.
    """
    kinds: dict[str, set[str]] = {}
    for id, kind in _all(template):
        kinds.setdefault(id, set()).add(kind)
    return {id: "+".join(kind for kind in (URL, API) if kind in kinds[id]) for id in kinds}


def _all(template: Template) -> Iterator[tuple[str, str]]:
    for id, function in template.functions.items():
        url = function.properties.get("FunctionUrlConfig")
        if isinstance(url, dict) and _is_stream(url, template):
            yield id, URL
    for resource in template.of_type("AWS::Lambda::Url"):
        if _is_stream(resource.own, template):
            for id in template.called(resource.own.get("TargetFunctionArn")):
                yield id, URL
    for resource in template.resources.values():
        if not resource.type.startswith(_API_TYPES):
            continue
        for _, value in walk(resource.own):
            if isinstance(value, dict) and _streams(value):
                for id in template.called(value):
                    yield id, API


def _is_stream(url: dict[str, Any], template: Template) -> bool:
    modes = [template.resolver.text(each) for each in branches(url.get("InvokeMode"))]
    return "RESPONSE_STREAM" in modes


def _streams(integration: dict[str, Any]) -> bool:
    mode = integration.get("ResponseTransferMode", integration.get("responseTransferMode"))
    uri = integration.get("Uri", integration.get("uri"))
    return mode == "STREAM" or any(
        isinstance(text, str) and "/response-streaming-invocations" in text for _, text in walk(uri)
    )
