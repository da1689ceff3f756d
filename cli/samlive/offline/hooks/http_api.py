"""HTTP APIs: routes, integrations, authorizers and CORS out of an OpenAPI body.

SAM turns `HttpApi` events into `AWS::ApiGatewayV2::Api` with a `Body`, which
the emulator ignores: every call would answer 404.
"""

import functools
import json
from typing import TYPE_CHECKING, Any

from samlive.offline.hooks import openapi

if TYPE_CHECKING:
    from samlive.offline.hooks import Parts

TYPE = "AWS::ApiGatewayV2::Api"
REQUIRES = (
    "ministack.services.cloudformation.provisioners:_RESOURCE_HANDLERS",
    "ministack.services.apigateway:_apis",
    "ministack.services.apigateway:_authorizers",
    "ministack.services.apigateway:_create_authorizer",
    "ministack.services.apigateway:_create_integration",
    "ministack.services.apigateway:_create_route",
    "ministack.services.apigateway:_integrations",
    "ministack.services.apigateway:_routes",
)


def install(parts: "Parts") -> None:
    """Import the body when an API is created, and again when it is updated."""
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
        _import(result[0], new.get("Body"))
        return result

    _RESOURCE_HANDLERS[TYPE] = {**handlers, "create": create_with_body, "update": update_with_body}


def _import(api_id: str, body: Any) -> None:
    """Put what a body says in the place of what the API has."""
    from ministack.services import apigateway

    if not isinstance(body, dict):
        return
    for store in (apigateway._routes, apigateway._integrations, apigateway._authorizers):
        store[api_id] = {}
    if cors := openapi.cors(body):
        apigateway._apis[api_id]["corsConfiguration"] = cors
    ids = {
        name: _made(apigateway._create_authorizer(api_id, wanted))["authorizerId"]
        for name, wanted in openapi.authorizers(body).items()
    }
    for route in openapi.routes(body):
        integration = _made(apigateway._create_integration(api_id, route.integration))
        wanted = {
            "routeKey": route.key,
            "target": f"integrations/{integration['integrationId']}",
            "authorizationType": openapi.authorization_type(body, route.authorizer),
            "authorizerId": ids.get(route.authorizer or ""),
            "authorizationScopes": list(route.scopes),
        }
        _made(apigateway._create_route(api_id, wanted))


def _made(reply: tuple[int, Any, bytes]) -> dict[str, Any]:
    status, _, body = reply
    answer: dict[str, Any] = json.loads(body)
    if status >= 400:
        raise ValueError(answer.get("message", str(answer)))
    return answer
