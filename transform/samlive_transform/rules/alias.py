"""Lets versions and aliases follow the stub.

SAM publishes a new version when code, environment, memory or SnapStart change
(`AutoPublishAlias`); the inline code carries the stub's digest, so a new stub is
published there without more. A plain `AWS::Lambda::Version` is published once
and never again, unless a property of it changes: its description gets the
digest. What a version or alias pins of the replaced code goes. Nothing that
changes from session to session is written, as versions are kept for good.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-version.html
"""

from collections.abc import Iterator

from samlive_transform.model import Resource
from samlive_transform.steps import REMOVED, Note
from samlive_transform.view import Decision, View

_PUBLISH = "a version is published once only; the stub's digest makes a new stub a new version"
_GONE = "it belongs to the code that the stub replaces"
_SCALED = "scales provisioned concurrency of a live function: each unit is a stub that waits"


def rule(view: View) -> Iterator[Decision]:
    """Yield what the versions and aliases of live functions need."""
    for version in _of_live(view, "AWS::Lambda::Version"):
        for key in ("CodeSha256", "ProvisionedConcurrencyConfig", "RuntimePolicy"):
            yield from version.set(key, REMOVED, _GONE)
        yield from version.set("Description", f"samlive stub {view.options.layer_digest}", _PUBLISH)
    for alias in _of_live(view, "AWS::Lambda::Alias"):
        yield from alias.set("ProvisionedConcurrencyConfig", REMOVED, _GONE)
    for target in view.template.of_type("AWS::ApplicationAutoScaling::ScalableTarget"):
        dimension = target.own.get("ScalableDimension")
        called = set(view.template.called(target.own.get("ResourceId")))
        if dimension == "lambda:function:ProvisionedConcurrency" and called & view.live_ids:
            yield Note(target.path, _SCALED)


def _of_live(view: View, kind: str) -> Iterator[Resource]:
    for resource in view.template.of_type(kind):
        if view.live_ids & set(view.template.called(resource.own.get("FunctionName"))):
            yield resource
