"""HTTP APIs: routes and integrations out of an OpenAPI body.

SAM turns `HttpApi` events into `AWS::ApiGatewayV2::Api` with a `Body`, which
the emulator ignores: every call would answer 404. Authorizers in the body are
not imported; a warning says so.
"""

import functools
import json
import logging
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from samlive.offline.hooks import Parts

TYPE = "AWS::ApiGatewayV2::Api"
REQUIRES = (
    "ministack.services.cloudformation.provisioners:_RESOURCE_HANDLERS",
    "ministack.services.apigateway:_create_integration",
    "ministack.services.apigateway:_create_route",
    "ministack.services.apigateway:_routes",
    "ministack.services.apigateway:_integrations",
)
_FUNCTION = re.compile(r"functions/(arn:[^/]+)/invocations")
_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch"})
_log = logging.getLogger("samlive.offline")


def routes(body: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Read an OpenAPI document.

    Args:
        body: The `Body` of an HTTP API, intrinsics resolved.

    Returns:
        Route key and integration (as CreateIntegration takes it) per operation.
    """
    found = []
    for path, item in (body.get("paths") or {}).items():
        for method, operation in (item or {}).items():
            spec = (operation or {}).get("x-amazon-apigateway-integration")
            verb = "ANY" if "any-method" in method else method.upper()
            if spec and (verb == "ANY" or method.lower() in _METHODS):
                key = "$default" if path in ("$default", "/$default") else f"{verb} {path}"
                found.append((key, _integration(spec)))
    return found


def _integration(spec: dict[str, Any]) -> dict[str, Any]:
    uri = spec.get("uri", "")
    arn = _FUNCTION.search(uri)
    return {
        "integrationType": spec.get("type", "aws_proxy").upper(),
        "integrationUri": arn.group(1) if arn else uri,
        "payloadFormatVersion": spec.get("payloadFormatVersion", "2.0"),
        "integrationMethod": spec.get("httpMethod", "POST"),
    }


def install(parts: "Parts") -> None:
    """Import the body when an API is created, and again when it changes."""
    from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS

    handlers = _RESOURCE_HANDLERS[TYPE]
    create, update = handlers["create"], handlers["update"]

    @functools.wraps(create)
    def create_with_body(logical_id: str, props: dict[str, Any], stack: str) -> Any:
        result = create(logical_id, props, stack)
        _import(result[0], props.get("Body"))
        return result

    @functools.wraps(update)
    def update_with_body(
        physical_id: str, old: dict[str, Any], new: dict[str, Any], *rest: Any, **named: Any
    ) -> Any:
        result = update(physical_id, old, new, *rest, **named)
        if new.get("Body") != old.get("Body") or result[0] != physical_id:
            _import(result[0], new.get("Body"))
        return result

    _RESOURCE_HANDLERS[TYPE] = {**handlers, "create": create_with_body, "update": update_with_body}


def _import(api_id: str, body: Any) -> None:
    from ministack.services import apigateway

    if not isinstance(body, dict):
        return
    if (body.get("components") or {}).get("securitySchemes"):
        _log.warning("HTTP API %s: authorizers are not enforced offline", api_id)
    apigateway._routes[api_id] = {}
    apigateway._integrations[api_id] = {}
    for key, integration in routes(body):
        _, _, reply = apigateway._create_integration(api_id, integration)
        target = f"integrations/{json.loads(reply)['integrationId']}"
        apigateway._create_route(api_id, {"routeKey": key, "target": target})
