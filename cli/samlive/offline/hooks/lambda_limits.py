"""Lambda: what AWS refuses when a stack is deployed, and the emulator takes.

A template that is wrong for AWS must fail here, with the resource and in AWS's
words, instead of at the first deployment to the cloud.

- functions: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
  and https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
- queues: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
"""

import functools
import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from samlive.offline.hooks import Parts

FUNCTION = "AWS::Lambda::Function"
MAPPING = "AWS::Lambda::EventSourceMapping"
REQUIRES = (
    "ministack.services.cloudformation.provisioners:_RESOURCE_HANDLERS",
    "ministack.services.cloudformation.provisioners:_lambda_function_for_cfn_ref",
    "ministack.services.lambda_svc:_fetch_code_from_s3",
    "ministack.services.sqs:_queue_by_arn",
)

MAX_VARIABLES_BYTES = 4096
MAX_TIMEOUT_SECONDS = 900
MAX_LAYERS = 5
MEMORY_MB = range(128, 10240 + 1)
RUNTIMES = re.compile(
    r"nodejs\d+\.x|python3\.\d+|java\d+(\.al2)?|dotnet(core)?\d+(\.\d+)?|ruby\d+\.\d+"
    r"|go1\.x|provided(\.al2(023)?)?"
)
"""The form of a runtime's name; new versions follow it."""
INLINE_RUNTIMES = ("nodejs", "python")
RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)
_VARIABLES = "Lambda was unable to configure your environment variables because the environment "


def function_breach(props: dict[str, Any]) -> str | None:
    """Tell what AWS would refuse about a function, or None.

    Args:
        props: Its properties, intrinsics resolved.
    """
    variables = (props.get("Environment") or {}).get("Variables") or {}
    size = len(json.dumps(variables, separators=(",", ":"), ensure_ascii=False).encode())
    if size > MAX_VARIABLES_BYTES:
        return f"{_VARIABLES}variables you have provided exceeded the 4KB limit ({size} bytes)"
    if reserved := sorted(RESERVED.intersection(variables)):
        return f"{_VARIABLES}variables you have provided contains reserved keys: {reserved}"
    if not 1 <= int(props.get("Timeout", 3)) <= MAX_TIMEOUT_SECONDS:
        return f"Value '{props['Timeout']}' at 'timeout' must be from 1 to {MAX_TIMEOUT_SECONDS}"
    if int(props.get("MemorySize", 128)) not in MEMORY_MB:
        return f"Value '{props['MemorySize']}' at 'memorySize' must be from 128 to 10240"
    if len(props.get("Layers") or []) > MAX_LAYERS:
        return f"Cannot reference more than {MAX_LAYERS} layers."
    runtime = str(props.get("Runtime", ""))
    if runtime and not RUNTIMES.fullmatch(runtime):
        return f"Value {runtime} at 'runtime' failed to satisfy constraint: it names no runtime"
    inline = (props.get("Code") or {}).get("ZipFile") is not None
    if inline and not runtime.startswith(INLINE_RUNTIMES):
        return f"ZipFile can only be used with nodejs and python, not with {runtime}"
    return None


def visibility_breach(visibility: int, timeout: int) -> str | None:
    """Tell what AWS would refuse about a queue that triggers a function, or None.

    Args:
        visibility: Visibility timeout of the queue in seconds.
        timeout: Timeout of the function in seconds.
    """
    if visibility >= timeout:
        return None
    return (
        f"Queue visibility timeout: {visibility} seconds is less than "
        f"Function timeout: {timeout} seconds"
    )


def install(parts: "Parts") -> None:
    """Check functions and event source mappings before they are made or changed."""
    from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS

    for kind, check in ((FUNCTION, _check_function), (MAPPING, _check_mapping)):
        handlers = _RESOURCE_HANDLERS[kind]
        _RESOURCE_HANDLERS[kind] = {
            **handlers,
            "create": _checked(handlers["create"], check, 1),
            "update": _checked(handlers["update"], check, 2),
        }


def _checked(
    handler: Callable[..., Any], check: Callable[[dict[str, Any]], str | None], position: int
) -> Callable[..., Any]:
    """Return the handler, with a check of its argument at a position in front."""

    @functools.wraps(handler)
    def checked(*arguments: Any, **named: Any) -> Any:
        if breach := check(arguments[position]):
            raise ValueError(breach)
        return handler(*arguments, **named)

    return checked


def _check_function(props: dict[str, Any]) -> str | None:
    from ministack.services import lambda_svc

    code = props.get("Code") or {}
    bucket, key = code.get("S3Bucket"), code.get("S3Key")
    version = code.get("S3ObjectVersion")
    if bucket and key and lambda_svc._fetch_code_from_s3(bucket, key, version_id=version) is None:
        return (
            "Error occurred while GetObject. S3 Error Code: NoSuchKey. "
            f"S3 Error Message: The specified key does not exist ({bucket}/{key})."
        )
    return function_breach(props)


def _check_mapping(props: dict[str, Any]) -> str | None:
    from ministack.services import sqs
    from ministack.services.cloudformation import provisioners

    queue = sqs._queue_by_arn(props.get("EventSourceArn") or "")
    function = provisioners._lambda_function_for_cfn_ref(props.get("FunctionName", ""))[0]
    if queue is None or function is None:
        return None
    visibility = int(queue["attributes"].get("VisibilityTimeout", "30"))
    return visibility_breach(visibility, int(function["config"].get("Timeout") or 3))
