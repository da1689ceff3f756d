"""How SAM merges the `Globals` section into a function.

Lists concatenate, the global ones first; mappings merge key by key; anything
else, an intrinsic included, is replaced by the function's own value. A function
leaves globals out by `IgnoreGlobals`: "*" or a list of their names, each of
which must be in `Globals.Function` (SAM refuses others).

That last property is also how a rewrite overrides what cannot be unset
otherwise: the function ignores the global and carries its own full value, so
that neither `Globals` nor any other function has to be touched.
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html
"""

from collections.abc import Mapping
from typing import Any

from samlive_transform.intrinsics import intrinsic

REPLACED = frozenset({"Architectures"})
"""Properties of a function that SAM replaces although they are lists."""

FUNCTION_KEYS = frozenset(
    """
    Architectures AssumeRolePolicyDocument AutoPublishAlias AutoPublishAliasAllProperties
    CapacityProviderConfig CodeSigningConfigArn CodeUri DeadLetterQueue DeploymentPreference
    Description DurableConfig Environment EphemeralStorage EventInvokeConfig FileSystemConfigs
    FunctionScalingConfig FunctionUrlConfig Handler KmsKeyArn Layers LoggingConfig MemorySize
    PermissionsBoundary PropagateTags ProvisionedConcurrencyConfig PublishToLatestPublished
    RecursiveLoop ReservedConcurrentExecutions RolePath Runtime RuntimeManagementConfig SnapStart
    SourceKMSKeyArn Tags TenancyConfig Timeout Tracing VersionDeletionPolicy VpcConfig
    """.split()
)

SECTIONS = frozenset(
    """
    Api CapacityProvider Function HttpApi LayerVersion MicrovmImage NetworkConnector SimpleTable
    StateMachine WebSocketApi
    """.split()
)


def merge(shared: Any, own: Any) -> Any:
    """Return what SAM makes of a global and a function's own value."""
    if isinstance(shared, list) and isinstance(own, list):
        return shared + own
    if _is_map(shared) and _is_map(own):
        merged = dict(shared)
        for key, value in own.items():
            merged[key] = merge(shared[key], value) if key in shared else value
        return merged
    return own


def merge_function(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return a function's properties with the globals that apply to it."""
    merged = dict(shared)
    for key, value in own.items():
        keep = key in shared and key not in REPLACED
        merged[key] = merge(shared[key], value) if keep else value
    return merged


def applying(function_globals: Mapping[str, Any], ignore: Any) -> dict[str, Any]:
    """Return the globals that are left for a function with this `IgnoreGlobals`."""
    if ignore == "*":
        return {}
    ignored = ignore if isinstance(ignore, list) else []
    return {key: value for key, value in function_globals.items() if key not in ignored}


def _is_map(value: Any) -> bool:
    return isinstance(value, dict) and not intrinsic(value)
