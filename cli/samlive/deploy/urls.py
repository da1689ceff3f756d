"""Addresses that really answer, for the APIs and function URLs of a stack.

Each API is named by its logical id. On AWS the address follows from the id and
the region. A cloud on this machine answers by path instead, as nothing
resolves AWS's host names to it; outputs that hold such an address are
translated in the same way.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

_AWS_HOST = re.compile(
    r"https?://(?P<id>[A-Za-z0-9-]+)\.(?P<kind>execute-api|lambda-url)\.[a-z0-9-]+\.[a-z0-9.-]+"
    r"(?::\d+)?(?P<path>/\S*)?\Z"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stack's addresses live.

    Args:
        region: The stack's region.
        partition: The account's partition.
        local: Base URL of a cloud on this machine; None for AWS.
    """

    region: str
    partition: str = "aws"
    local: str | None = None

    @property
    def suffix(self) -> str:
        """Domain of AWS in this partition."""
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"


def of_stack(
    resources: Iterable[Mapping[str, Any]], outputs: Mapping[str, str], place: Place
) -> dict[str, str]:
    """Return the URLs of a stack's APIs by logical id, and its outputs that are such URLs.

    Args:
        resources: Summaries as ListStackResources has them.
        outputs: The stack's outputs by name, and URLs of functions by logical id.
        place: Where the addresses live.
    """
    listed = list(resources)
    urls: dict[str, str] = {}
    rest: set[str] = set()
    for api in _of(listed, "AWS::ApiGatewayV2::Api"):
        stage = _stage(api, listed, "AWS::ApiGatewayV2::Stage") or "$default"
        urls[api["LogicalResourceId"]] = _http_api(api["PhysicalResourceId"], stage, "", place)
    for api in _of(listed, "AWS::ApiGateway::RestApi"):
        rest.add(api["PhysicalResourceId"])
        named = _stage(api, listed, "AWS::ApiGateway::Stage")
        if named:
            urls[api["LogicalResourceId"]] = _rest_api(api["PhysicalResourceId"], named, "", place)
    for name, value in outputs.items():
        found = _translated(value, rest, place)
        if found:
            urls[name] = found
    return urls


def _of(resources: Iterable[Mapping[str, Any]], kind: str) -> Iterable[Mapping[str, Any]]:
    for resource in resources:
        if resource["ResourceType"] == kind and resource.get("PhysicalResourceId"):
            yield resource


def _stage(api: Mapping[str, Any], resources: list[Mapping[str, Any]], kind: str) -> str | None:
    """Return an API's stage: the one that SAM named after it, else the only one."""
    stages = list(_of(resources, kind))
    for stage in stages:
        if stage["LogicalResourceId"].startswith(api["LogicalResourceId"]):
            return str(stage["PhysicalResourceId"])
    return str(stages[0]["PhysicalResourceId"]) if len(stages) == 1 else None


def _translated(value: str, rest: set[str], place: Place) -> str | None:
    found = _AWS_HOST.match(value)
    if found is None:
        return None
    if place.local is None:
        return value
    path = found["path"] or ""
    if found["kind"] == "lambda-url":
        return f"{place.local}/_aws/lambda-url/{found['id']}{path or '/'}"
    if found["id"] in rest:
        stage, _, remaining = path.lstrip("/").partition("/")
        return _rest_api(found["id"], stage, f"/{remaining}" if remaining else "", place)
    return _http_api(found["id"], "$default", path.rstrip("/"), place)


def _http_api(api: str, stage: str, path: str, place: Place) -> str:
    # Left out also locally: a shell would take $default for a variable.
    named = "" if stage == "$default" else f"/{stage}"
    if place.local:
        return f"{place.local}/_aws/execute-api/{api}{named}{path}"
    return f"https://{api}.execute-api.{place.region}.{place.suffix}{named}{path}"


def _rest_api(api: str, stage: str, path: str, place: Place) -> str:
    if place.local:
        return f"{place.local}/restapis/{api}/{stage}/_user_request_{path}"
    return f"https://{api}.execute-api.{place.region}.{place.suffix}/{stage}{path}"


def base(endpoint_url: str) -> str:
    """Return scheme, host and port of a cloud's endpoint."""
    parts = urlsplit(endpoint_url)
    return f"{parts.scheme}://{parts.netloc}"
