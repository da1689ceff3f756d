"""Replaces a live function's code by the stub.

The stub is a few lines of inline Python plus one layer, so nothing is built or
uploaded for a live function whatever its runtime. Properties that belong to
the replaced code (image, SnapStart, provisioned concurrency, code signing, a
pinned runtime, file systems) go, as they would break the stub or make each
deploy slow. Everything that others see of the function stays: logical id, role,
architecture, events, aliases, URLs, tags, tracing.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html
"""

from collections.abc import Iterator

from samlive_stub.contract import MIN_STUB_MEMORY_MB
from samlive_templates import render
from samlive_transform.model import Function
from samlive_transform.steps import REMOVED, Note, Step
from samlive_transform.view import Decision, View

_CODE = "the stub runs in place of the code, which stays on your machine"
_GONE = "it belongs to the code that the stub replaces"
_MEMORY = "below 512 MB a stub takes about a second to connect"
_RESERVED = "ReservedConcurrentExecutions"
_ONE = "runs once at a time: while an invocation rests at a breakpoint, all others are throttled"
_UNSEEN = "makes a function of its own, which stays as it is"
_NO_SAM = (
    "the template has SAM functions but does not name SAM: CloudFormation needs "
    "'Transform: AWS::Serverless-2016-10-31'"
)
_SHIFT = "traffic moves to a new stub at once"
_SHIFT_NAMED = "traffic moves to a new stub at once; the template refers to the deployment itself"
_BUILD = "nothing is built for a stub"

_SAM_GONE = (
    "CodeUri ImageUri ImageConfig PackageType SnapStart ProvisionedConcurrencyConfig "
    "CodeSigningConfigArn RuntimeManagementConfig FileSystemConfigs "
    "AutoPublishCodeSha256 SourceKMSKeyArn"
).split()
_PLAIN_GONE = (
    "ImageConfig PackageType SnapStart CodeSigningConfigArn RuntimeManagementConfig "
    "FileSystemConfigs"
).split()
_DEPLOYMENT = frozenset({"ServerlessDeploymentApplication", "CodeDeployServiceRole"})
"""What SAM makes once for the deployments of all functions."""

_BUILD_METADATA = (
    "BuildMethod BuildProperties BuildArchitecture Dockerfile DockerContext DockerTag "
    "DockerBuildArgs DockerBuildTarget DockerBuildExtraParams"
).split()


def rule(view: View) -> Iterator[Decision]:
    """Yield the stub's code, layer and runtime for every live function."""
    if any(function.is_sam for function in view.live) and not view.template.uses_sam:
        yield Note(("Resources",), _NO_SAM)
    code = render("stub/index.py.j2", digest=view.options.layer_digest)
    for function in view.live:
        yield from _code(function, view, code)
        yield from function.exactly(_removals(function), _GONE)
        yield from _deployment(function, view)
        memory = view.template.resolver.integer(function.properties.get("MemorySize", 128))
        if memory is not None and memory < MIN_STUB_MEMORY_MB:
            yield from function.exactly({"MemorySize": MIN_STUB_MEMORY_MB}, _MEMORY)
        yield from _metadata(function)
        if view.template.resolver.integer(function.properties.get(_RESERVED)) == 1:
            yield Note(function.at(_RESERVED), _ONE)
    for unseen in view.template.of_type("AWS::Serverless::WebFunction"):
        yield Note(unseen.path, _UNSEEN)


def _code(function: Function, view: View, code: str) -> Iterator[Step]:
    wanted = {
        "Runtime": view.options.stub_runtime,
        "Handler": "index.handler",
        "Layers": [view.options.layer_arn],
    }
    own = {"InlineCode": code} if function.is_sam else {"Code": {"ZipFile": code}}
    yield from function.exactly(wanted | own, _CODE)


def _removals(function: Function) -> dict[str, object]:
    return dict.fromkeys(_SAM_GONE if function.is_sam else _PLAIN_GONE, REMOVED)


def _deployment(function: Function, view: View) -> Iterator[Step]:
    """Let traffic move at once.

    Hooks stay named, so that they are still known as such; and where the template
    refers to what SAM makes for a deployment, it has to be made.
    """
    preference = function.properties.get("DeploymentPreference") if function.is_sam else None
    if preference is None:
        return
    hooks = preference.get("Hooks") if isinstance(preference, dict) else None
    kept = {"Hooks": hooks} if hooks else {}
    if isinstance(preference, dict) and view.template.named & {
        *_DEPLOYMENT,
        f"{function.id}DeploymentGroup",
    }:
        kept |= {key: preference[key] for key in ("Enabled", "Role") if key in preference}
        yield from function.exactly(
            {"DeploymentPreference": {"Type": "AllAtOnce"} | kept}, _SHIFT_NAMED
        )
    else:
        wanted = {"Enabled": False} | kept if kept else REMOVED
        yield from function.exactly({"DeploymentPreference": wanted}, _SHIFT)


def _metadata(function: Function) -> Iterator[Step]:
    build = [key for key in function.metadata if key in _BUILD_METADATA]
    if build and len(build) == len(function.metadata):
        yield Step((*function.path, "Metadata"), REMOVED, _BUILD)
        return
    for key in build:
        yield Step((*function.path, "Metadata", key), REMOVED, _BUILD)
