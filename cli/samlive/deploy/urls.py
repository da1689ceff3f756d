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
    """Return the URLs of a stack by logical id, and its outputs that are such URLs.

    Args:
        resources: Summaries as ListStackResources has them.
        outputs: The stack's outputs by name.
        place: Where the addresses live.
    """
    listed = list(resources)
    http = {r["PhysicalResourceId"]: r["LogicalResourceId"] for r in _of(listed, "V2::Api")}
    rest = {r["PhysicalResourceId"]: r["LogicalResourceId"] for r in _of(listed, "::RestApi")}
    urls = {logical: _http_api(api, "", place) for api, logical in http.items()}
    stages = [r["PhysicalResourceId"] for r in _of(listed, "AWS::ApiGateway::Stage")]
    for number, (api, logical) in enumerate(rest.items()):
        stage = _stage_of(logical, listed) or (stages[number] if number < len(stages) else None)
        if stage:
            urls[logical] = _rest_api(api, stage, "", place)
    for name, value in outputs.items():
        found = _translated(value, set(rest), place)
        if found:
            urls[name] = found
    return urls


def _of(resources: Iterable[Mapping[str, Any]], ending: str) -> Iterable[Mapping[str, Any]]:
    for resource in resources:
        if resource["ResourceType"].endswith(ending) and resource.get("PhysicalResourceId"):
            yield resource


def _stage_of(api: str, resources: Iterable[Mapping[str, Any]]) -> str | None:
    """Return the stage that SAM made for an API: its logical id starts with the API's."""
    for resource in _of(resources, "AWS::ApiGateway::Stage"):
        if resource["LogicalResourceId"].startswith(api):
            return str(resource["PhysicalResourceId"])
    return None


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
    return _http_api(found["id"], path.rstrip("/"), place)


def _http_api(api: str, path: str, place: Place) -> str:
    if place.local:
        return f"{place.local}/_aws/execute-api/{api}/$default{path}"
    return f"https://{api}.execute-api.{place.region}.{place.suffix}{path}"


def _rest_api(api: str, stage: str, path: str, place: Place) -> str:
    if place.local:
        return f"{place.local}/restapis/{api}/{stage}/_user_request_{path}"
    return f"https://{api}.execute-api.{place.region}.{place.suffix}/{stage}{path}"


def base(endpoint_url: str) -> str:
    """Return scheme, host and port of a cloud's endpoint."""
    parts = urlsplit(endpoint_url)
    return f"{parts.scheme}://{parts.netloc}"
