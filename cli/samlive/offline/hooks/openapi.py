"""Reads the OpenAPI document of an HTTP API, as SAM writes it.

From the document come what CreateRoute, CreateIntegration and CreateAuthorizer
of the API Gateway v2 API would be told. Nothing here knows the emulator.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]
_FUNCTION = re.compile(r"functions/(arn:[^/]+)/invocations")
_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch"})
_AUTHORIZER = "x-amazon-apigateway-authorizer"
_IAM = "x-amazon-apigateway-authtype"


@dataclass(frozen=True, slots=True)
class Route:
    """One operation.

    Args:
        key: Route key, such as "GET /a/{id}" or "$default".
        integration: Arguments of CreateIntegration.
        authorizer: Name of its security scheme, or None.
        scopes: Scopes its token needs.
    """

    key: str
    integration: Document
    authorizer: str | None = None
    scopes: tuple[str, ...] = field(default=())


def routes(document: Document) -> list[Route]:
    """Return the operations that have an integration, in the document's order."""
    return [
        _route(path, verb, operation, document.get("security"))
        for path, verb, operation in _operations(document)
    ]


def authorizers(document: Document) -> dict[str, Document]:
    """Return the arguments of CreateAuthorizer by the name of the security scheme."""
    return {
        name: _authorizer(name, scheme[_AUTHORIZER])
        for name, scheme in _schemes(document).items()
        if _AUTHORIZER in scheme
    }


def authorization_type(document: Document, name: str | None) -> str:
    """Return a route's AuthorizationType for a security scheme, or for none."""
    scheme = _schemes(document).get(name or "", {})
    if _IAM in scheme:
        return "AWS_IAM"
    kind = (scheme.get(_AUTHORIZER) or {}).get("type")
    return {"jwt": "JWT", "request": "CUSTOM"}.get(str(kind).lower(), "NONE")


def cors(document: Document) -> Document | None:
    """Return the CORS configuration, or None."""
    found: Document | None = document.get("x-amazon-apigateway-cors")
    return found


def _operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    for path, item in (document.get("paths") or {}).items():
        for method, operation in (item or {}).items():
            verb = "ANY" if "any-method" in method else method.upper()
            known = verb == "ANY" or method.lower() in _METHODS
            if known and (operation or {}).get("x-amazon-apigateway-integration"):
                yield path, verb, operation


def _route(path: str, verb: str, operation: Document, default: Any) -> Route:
    name, scopes = _security(operation.get("security", default))
    return Route(
        key="$default" if path in ("$default", "/$default") else f"{verb} {path}",
        integration=_integration(operation["x-amazon-apigateway-integration"]),
        authorizer=name,
        scopes=scopes,
    )


def _security(requirements: Any) -> tuple[str | None, tuple[str, ...]]:
    """Return the first security scheme of an operation, and its scopes."""
    for requirement in requirements or []:
        for name, scopes in requirement.items():
            return name, tuple(scopes or ())
    return None, ()


def _integration(spec: Document) -> Document:
    uri = spec.get("uri", "")
    arn = _FUNCTION.search(uri)
    return {
        "integrationType": spec.get("type", "aws_proxy").upper(),
        "integrationUri": arn.group(1) if arn else uri,
        "payloadFormatVersion": spec.get("payloadFormatVersion", "2.0"),
        "integrationMethod": spec.get("httpMethod", "POST"),
    }


def _authorizer(name: str, spec: Document) -> Document:
    source = spec.get("identitySource")
    wanted = {
        "name": name,
        "authorizerType": str(spec.get("type", "")).upper(),
        "identitySource": source.split(",") if isinstance(source, str) else source,
        "jwtConfiguration": spec.get("jwtConfiguration"),
        "authorizerUri": spec.get("authorizerUri"),
        "authorizerPayloadFormatVersion": spec.get("authorizerPayloadFormatVersion"),
        "authorizerResultTtlInSeconds": spec.get("authorizerResultTtlInSeconds"),
        "enableSimpleResponses": spec.get("enableSimpleResponses"),
        "authorizerCredentialsArn": spec.get("authorizerCredentials"),
    }
    return {key: value for key, value in wanted.items() if value is not None}


def _schemes(document: Document) -> dict[str, Document]:
    schemes: dict[str, Document] = (document.get("components") or {}).get("securitySchemes") or {}
    return schemes
