"""Lambda: asynchronous events, and where those go that cannot run.

What AWS does and the emulator does not:

- A reserved concurrency of 0 sends an event to its on-failure destination at once.
- Versions and aliases share the function's reserved concurrency, and have event
  invoke configs of their own; "$LATEST" is the function itself.
- The function's role must be allowed to use a destination: when it is set, and
  when it is used.
- A dead-letter queue gets the event alone, a destination a record about it.
- SNS, EventBridge and IoT rules call asynchronously, with retries.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
"""

import contextvars
import functools
import json
import logging
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from samlive.offline.hooks import Parts

Tree = dict[str, Any]
REQUIRES = (
    "ministack.app:AUTH",
    "ministack.core.iam_evaluator:EvalContext",
    "ministack.core.iam_evaluator:_gather_role_policies",
    "ministack.core.iam_evaluator:evaluate",
    "ministack.services.eventbridge:_dispatch_to_lambda",
    "ministack.services.iot:_dispatch_rule_to_lambda",
    "ministack.services.lambda_svc:_delete_event_invoke_config",
    "ministack.services.lambda_svc:_execute_function_with_config_scope",
    "ministack.services.lambda_svc:_execution_record_for_config",
    "ministack.services.lambda_svc:_functions",
    "ministack.services.lambda_svc:_get_base_func_record_for_ref",
    "ministack.services.lambda_svc:_get_event_invoke_config",
    "ministack.services.lambda_svc:_get_func_record_for_ref",
    "ministack.services.lambda_svc:_get_func_record_for_ref_in_scope",
    "ministack.services.lambda_svc:_invalid_parameter_value",
    "ministack.services.lambda_svc:_put_event_invoke_config",
    "ministack.services.lambda_svc:_reserved_concurrency",
    "ministack.services.lambda_svc:_route_async_failure",
    "ministack.services.lambda_svc:invoke_async_with_retry",
    "ministack.services.sns:_deliver_to_lambda",
    "ministack.services.sqs:_act_send_message",
    "ministack.services.sqs:_queue_by_arn",
)

ACTIONS = {
    "events": "events:PutEvents",
    "lambda": "lambda:InvokeFunction",
    "s3": "s3:PutObject",
    "sns": "sns:Publish",
    "sqs": "sqs:SendMessage",
}
"""What a role must be allowed to do on a destination, by its service."""

_log = logging.getLogger("samlive.offline")
_called: contextvars.ContextVar[str] = contextvars.ContextVar("called", default="")
"""ARN that an event was sent to, with version or alias."""
_as_event: contextvars.ContextVar[bool] = contextvars.ContextVar("as_event", default=False)
"""Whether what is executed was called asynchronously."""


def qualifier_of(arn: str) -> str:
    """Return the version or alias of a function's ARN; "" for the newest version."""
    # arn:aws:lambda:<region>:<account>:function:<name>[:<version or alias>]
    found = arn.split(":")[7:8]
    return "" if found in ([], ["$LATEST"]) else found[0]


def place_of(settings: Tree, config: Tree) -> tuple[str, bool]:
    """Return the ARN that failed events go to, "" for none, and whether it gets records.

    Args:
        settings: The event invoke config that counts.
        config: The function's configuration.
    """
    places = settings.get("DestinationConfig") or {}
    if arn := (places.get("OnFailure") or {}).get("Destination"):
        return str(arn), True
    return str((config.get("DeadLetterConfig") or {}).get("TargetArn") or ""), False


def record(arn: str, event: Any, condition: str, count: int, answer: Any = None) -> Tree:
    """Return what Lambda tells a destination of an event that could not run.

    Args:
        arn: The function, with version or alias.
        event: The event.
        condition: Why, such as "RetriesExhausted".
        count: How often it was tried.
        answer: The function's last answer; None when it never ran.
    """
    told = {
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "functionArn": arn if arn.count(":") > 6 else f"{arn}:$LATEST",
            "condition": condition,
            "approximateInvokeCount": count,
        },
        "requestPayload": event,
    }
    if answer is None:
        return told
    context = {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    return {**told, "responseContext": context, "responsePayload": answer}


def install(parts: "Parts") -> None:
    """Replace the emulator's asynchronous calls, and what leads to them."""
    from ministack.services import lambda_svc

    lambda_svc._reserved_concurrency = _shared(lambda_svc._reserved_concurrency)
    lambda_svc.invoke_async_with_retry = _by_config(lambda_svc.invoke_async_with_retry)
    lambda_svc._route_async_failure = _routed(lambda_svc._route_async_failure)
    lambda_svc._put_event_invoke_config = _checked(lambda_svc._put_event_invoke_config)
    for name in ("_put", "_get", "_delete"):
        whole = f"{name}_event_invoke_config"
        setattr(lambda_svc, whole, _of_latest(getattr(lambda_svc, whole)))
    _lead_events()


def _shared(reserved: Callable[..., Any]) -> Callable[..., Any]:
    """Let versions and aliases share the function's reserved concurrency."""

    @functools.wraps(reserved)
    def shared(func: Tree, config: Tree) -> Any:
        from ministack.services import lambda_svc

        found = reserved(func, config)
        if found is not None:
            return found
        base = lambda_svc._functions.get(config.get("FunctionName", ""))
        return reserved(base, {}) if base else None

    return shared


def _by_config(invoke: Callable[..., None]) -> Callable[..., None]:
    """Call asynchronously as the config of the version or alias says."""

    @functools.wraps(invoke)
    def by_config(func: Tree, event: Any) -> None:
        from ministack.services import lambda_svc

        config = func.get("config") or func
        arn = _called.get() or config.get("FunctionArn", "")
        base = lambda_svc._get_base_func_record_for_ref(arn)[0] or func
        settings = (base.get("event_invoke_configs") or {}).get(qualifier_of(arn)) or {}
        context = contextvars.copy_context()
        context.run(_called.set, arn)
        context.run(_as_event.set, False)
        if lambda_svc._reserved_concurrency(base, config) == 0:
            told = record(arn, event, "ZeroReservedConcurrency", 0)
            context.run(_give_up, base, settings, event, told)
        else:
            context.run(invoke, {**func, "event_invoke_config": settings}, event)

    return by_config


def _routed(route: Callable[..., None]) -> Callable[..., None]:
    """Give events up as the function's role allows."""

    @functools.wraps(route)
    def routed(target: str, name: str, event: Any, result: Tree) -> None:
        from ministack.services import lambda_svc

        base = lambda_svc._functions.get(name) or {}
        arn = _called.get() or (base.get("config") or {}).get("FunctionArn", "")
        settings = (base.get("event_invoke_configs") or {}).get(qualifier_of(arn)) or {}
        told = record(arn, event, "RetriesExhausted", 3, result.get("body") or {})
        if target.split(":")[2:3] == ["sqs"]:
            _give_up(base, settings, event, told)
        elif refusal := _refusal(base.get("config") or {}, target):
            _log.warning("an event of %s is lost: %s", name, refusal)
        else:
            route(target, name, event, result)

    return routed


def _give_up(base: Tree, settings: Tree, event: Any, told: Tree) -> None:
    """Send what cannot run where it belongs, or say that it is lost."""
    from ministack.services import sqs

    config = base.get("config") or {}
    target, as_record = place_of(settings, config)
    name = config.get("FunctionName", "?")
    if not target:
        _log.warning("an event of %s is lost: it cannot run, and has no destination", name)
        return
    queue = sqs._queue_by_arn(target)
    refusal = _refusal(config, target) or ("" if queue else f"{target} is no queue")
    if refusal:
        _log.warning("an event of %s is lost: %s", name, refusal)
        return
    body = json.dumps(told if as_record else event, ensure_ascii=False, separators=(",", ":"))
    sqs._act_send_message({"MessageBody": body}, queue["url"])


def _refusal(config: Tree, target: str) -> str:
    """Return why a function's role may not use a destination; "" when it may."""
    from ministack import app
    from ministack.core import iam_evaluator

    parts = target.split(":")
    action = ACTIONS.get(parts[2]) if len(parts) > 5 else None
    role = str(config.get("Role", ""))
    if not app.AUTH or action is None or role.count(":") < 5:
        return ""
    account, name = role.split(":")[4], role.rpartition("/")[2]
    asked = iam_evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{account}:assumed-role/{name}/awslambda",
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=target,
        region=parts[3],
    )
    policies = iam_evaluator._gather_role_policies(name, account)
    if iam_evaluator.evaluate(asked, policies).decision == "Allow":
        return ""
    verb = action.partition(":")[2]
    return f"The function's execution role does not have permissions to call {verb} on {target}"


def _checked(put: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse a destination that the function's role may not use."""

    @functools.wraps(put)
    def checked(name: str, qualifier: str | None, data: Tree) -> Any:
        from ministack.services import lambda_svc

        config = (lambda_svc._functions.get(name) or {}).get("config") or {}
        for place in (data.get("DestinationConfig") or {}).values():
            target = (place or {}).get("Destination")
            if target and (refusal := _refusal(config, target)):
                return lambda_svc._invalid_parameter_value(refusal)
        return put(name, qualifier, data)

    return checked


def _of_latest(call: Callable[..., Any]) -> Callable[..., Any]:
    """Take "$LATEST" for the function itself."""

    @functools.wraps(call)
    def of_latest(name: str, qualifier: str | None = None, *more: Any) -> Any:
        return call(name, None if qualifier == "$LATEST" else qualifier, *more)

    return of_latest


def _lead_events() -> None:
    """Lead what services call asynchronously to the asynchronous call."""
    from ministack.services import eventbridge, iot, lambda_svc, sns

    deliver, execute = sns._deliver_to_lambda, lambda_svc._execute_function_with_config_scope

    @functools.wraps(execute)
    def executed(func: Tree, event: Any) -> Any:
        if not _as_event.get():
            return execute(func, event)
        lambda_svc.invoke_async_with_retry(func, event)
        return {"body": None}

    @functools.wraps(deliver)
    def delivered(endpoint: str, *arguments: Any) -> None:
        context = contextvars.copy_context()
        context.run(_called.set, endpoint)
        context.run(_as_event.set, True)
        context.run(deliver, endpoint, *arguments)

    def of_rule(arn: str, payload: Any) -> None:
        try:
            event = json.loads(payload)
        except (TypeError, ValueError):
            event = {"body": payload}
        _start(arn, event, lambda_svc._get_func_record_for_ref(arn))

    def of_topic_rule(account: str, region: str, arn: str, event: Any) -> None:
        scope = {"account_id": account, "region": region}
        _start(arn, event, lambda_svc._get_func_record_for_ref_in_scope(arn, **scope))

    lambda_svc._execute_function_with_config_scope = executed
    sns._deliver_to_lambda = delivered
    eventbridge._dispatch_to_lambda = of_rule
    iot._dispatch_rule_to_lambda = of_topic_rule


def _start(arn: str, event: Any, found: tuple[Any, Any, str]) -> None:
    from ministack.services import lambda_svc

    func, config, name = found
    if not func or not config:
        _log.warning("an event is lost: there is no function %s", name)
        return
    context = contextvars.copy_context()
    context.run(_called.set, arn)
    execution = lambda_svc._execution_record_for_config(func, config)
    context.run(lambda_svc.invoke_async_with_retry, execution, event)
