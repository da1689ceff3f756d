"""Lambda: every invocation runs in our sandbox.

The emulator has a way out for functions that run elsewhere, a proxy URL per
function. With every function given one, and the proxy call replaced, all
invocations from all event sources come here, whatever their runtime.
"""

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

from samlive.offline.sandbox import failures
from samlive.offline.sandbox.delivery import current
from samlive.offline.sandbox.function import Answer, Function, Layer

if TYPE_CHECKING:
    from samlive.offline.hooks import Parts
    from samlive.offline.sandbox.pool import Pool

REQUIRES = (
    "ministack.services.lambda_svc:_proxy_url_for",
    "ministack.services.lambda_svc:_execute_function_proxy",
    "ministack.services.lambda_svc:_resolve_layer_zip",
    "ministack.services.lambda_svc:_xray_trace_id_for_invocation",
    "ministack.core.lambda_runtime:execution_credentials",
)


def install(parts: "Parts") -> None:
    """Lead all invocations into the pool."""
    from ministack.services import lambda_svc

    def execute(func: dict[str, Any], event: Any, url: str, request_id: str) -> dict[str, Any]:
        config = func.get("config") or func
        payload = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        trace = lambda_svc._xray_trace_id_for_invocation(config) or ""
        return _result(_execute(parts.pool, _function(func, config), payload, request_id, trace))

    lambda_svc._proxy_url_for = lambda config: "samlive:"
    lambda_svc._execute_function_proxy = execute


def _execute(
    pool: "Pool", function: Function, payload: bytes, request_id: str, trace: str
) -> Answer:
    """Run a function; what it streams to a caller that streams is delivered by then."""
    delivery, error = current.get(), failures.error("SamLive.InternalError", "The sandbox failed.")
    try:
        answer = pool.execute(function, payload, request_id, trace, delivery)
        error = answer.body if answer.error else b""
    finally:
        if delivery is not None and delivery.opened:
            delivery.end(error)
    return answer


def _function(func: dict[str, Any], config: dict[str, Any]) -> Function:
    from ministack.core.lambda_runtime import execution_credentials

    code = func.get("code_zip") or b""
    arn = config.get("FunctionArn", "")
    logging = config.get("LoggingConfig") or {}
    name = config.get("FunctionName", "unknown")
    return Function(
        name=name,
        arn=arn,
        version=config.get("Version") or "$LATEST",
        package=config.get("PackageType") or "Zip",
        runtime=config.get("Runtime") or "",
        handler=config.get("Handler") or "",
        timeout=int(config.get("Timeout") or 3),
        memory=int(config.get("MemorySize") or 128),
        region=arn.split(":")[3] if arn.count(":") > 3 else "us-east-1",
        account=arn.split(":")[4] if arn.count(":") > 4 else "",
        log_group=logging.get("LogGroup") or f"/aws/lambda/{name}",
        log_format=logging.get("LogFormat") or "Text",
        log_level=logging.get("ApplicationLogLevel") or "INFO",
        variables=dict((config.get("Environment") or {}).get("Variables") or {}),
        credentials=execution_credentials(config),
        code=code,
        code_sha=config.get("CodeSha256") or _digest(code),
        layers=_layers(config),
    )


def _layers(config: dict[str, Any]) -> tuple[Layer, ...]:
    from ministack.services import lambda_svc

    attached = config.get("Layers") or []
    contents = [(entry, lambda_svc._resolve_layer_zip(entry)) for entry in attached]
    return tuple(
        Layer(entry["Arn"] if isinstance(entry, dict) else entry, content)
        for entry, content in contents
        if content
    )


def _digest(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def _result(answer: Answer) -> dict[str, Any]:
    result: dict[str, Any] = {"log": answer.log}
    try:
        result["body"] = json.loads(answer.body)
    except ValueError:
        result |= {"body": answer.body.decode("utf-8", "replace"), "raw_payload": True}
    if answer.error:
        result["error"] = True
    return result
