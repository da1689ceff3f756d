"""CloudFormation macros: registering them, and expanding templates with them.

The emulator ignores a transform it does not know and deploys the template as
it is. Here `AWS::CloudFormation::Macro` registers a function under a name, and
a template that names it is sent through that function: embedded `Fn::Transform`
first, then the list in `Transform` in its order, AWS's own transforms between.
A name that nobody registered is refused, as CloudFormation does.

A macro may call AWS, that is, this very process. So while macros exist, stack
operations run on a thread of their own and not on the event loop.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-macros.html
"""

import asyncio
import contextvars
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from samlive.offline.hooks import Parts

TYPE = "AWS::CloudFormation::Macro"
REQUIRES = (
    "ministack.core.concurrency:run_reentrant",
    "ministack.core.responses:get_account_id",
    "ministack.core.responses:get_region",
    "ministack.services.cloudformation:handle_request",
    "ministack.services.cloudformation:reset",
    "ministack.services.cloudformation.changesets:_apply_transforms",
    "ministack.services.cloudformation.engine:_apply_transforms",
    "ministack.services.cloudformation.engine:_transform_parameters",
    "ministack.services.cloudformation.handlers:_apply_transforms",
    "ministack.services.cloudformation.provisioners:_RESOURCE_HANDLERS",
    "ministack.services.cloudformation.stacks:_create_stack_task_in_region",
    "ministack.services.cloudformation.stacks:_stack_region_context",
    "ministack.services.lambda_svc:_execute_function_with_config_scope",
    "ministack.services.lambda_svc:_execution_record_for_config",
    "ministack.services.lambda_svc:_get_func_record_for_ref_in_scope",
)
Tree = dict[str, Any]
Expand = Callable[..., Tree]


class MacroError(ValueError):
    """A macro is unknown, or failed; the message is CloudFormation's."""


@dataclass(frozen=True, slots=True)
class Macros:
    """The macros of all accounts and regions, by (account, region, name)."""

    functions: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def expand(self, template: Tree, original: Expand, parameters: Tree) -> Tree:
        """Apply all transforms of a template.

        Args:
            template: As it was sent.
            original: Applies AWS's own transforms.
            parameters: Values of its parameters.

        Raises:
            MacroError: A macro is unknown or failed.
        """
        declared = template.get("Transform")
        entries = declared if isinstance(declared, list) else [declared] if declared else []
        if not entries and not self.functions:
            return original(template)
        body = {key: value for key, value in template.items() if key != "Transform"}
        body = self._embedded(body, parameters)
        pending: list[Any] = []
        for entry in entries:
            name = entry.get("Name") if isinstance(entry, dict) else entry
            if str(name).startswith("AWS::"):
                pending.append(entry)
                continue
            if pending:
                body, pending = original({**body, "Transform": pending}), []
            body = self._call(str(name), body, {}, parameters)
        return original({**body, "Transform": pending} if pending else body)

    def _embedded(self, node: Any, parameters: Tree) -> Any:
        """Apply `Fn::Transform` with names of ours, the deepest one first."""
        if isinstance(node, list):
            return [self._embedded(item, parameters) for item in node]
        if not isinstance(node, dict):
            return node
        found = {key: self._embedded(value, parameters) for key, value in node.items()}
        call = found.get("Fn::Transform")
        if not isinstance(call, dict) or str(call.get("Name", "AWS::")).startswith("AWS::"):
            return found
        del found["Fn::Transform"]
        return self._call(call["Name"], found, call.get("Parameters") or {}, parameters)

    def _call(self, name: str, fragment: Any, params: Tree, parameters: Tree) -> Any:
        from ministack.core.responses import get_account_id, get_region

        account, region = get_account_id(), get_region()
        function = self.functions.get((account, region, name))
        if function is None:
            raise MacroError(f"No transform named {account}::{name} found.")
        request = {
            "region": region,
            "accountId": account,
            "fragment": fragment,
            "transformId": f"{account}::{name}",
            "params": params,
            "requestId": str(uuid.uuid4()),
            "templateParameterValues": parameters,
        }
        answer = _invoke(function, request)
        if answer.get("requestId") != request["requestId"] or answer.get("status") != "success":
            reason = answer.get("errorMessage") or f"status {answer.get('status')}"
            raise MacroError(f"Transform {account}::{name} failed with: {reason}")
        return answer["fragment"]


def _invoke(function: str, request: Tree) -> Tree:
    from ministack.services import lambda_svc

    found, config, name = lambda_svc._get_func_record_for_ref_in_scope(function)
    if found is None or config is None:
        raise MacroError(f"The function of the macro does not exist: {name}")
    record = lambda_svc._execution_record_for_config(found, config)
    result = lambda_svc._execute_function_with_config_scope(record, request)
    body = result.get("body")
    if result.get("error") or not isinstance(body, dict):
        message = body.get("errorMessage") if isinstance(body, dict) else body
        raise MacroError(f"Transform {request['transformId']} failed with: {message}")
    return body


def install(parts: "Parts") -> None:
    """Register the resource type, wrap the transforms and the request handler."""
    from ministack.services.cloudformation import changesets, engine, handlers, provisioners

    macros = Macros()
    provisioners._RESOURCE_HANDLERS[TYPE] = _handlers(macros)
    original = engine._apply_transforms

    def apply(template: Tree, provided: Any = None, previous: Any = None) -> Tree:
        parameters = engine._transform_parameters(template, provided, previous)

        def aws_own(part: Tree) -> Tree:
            expanded: Tree = original(part, provided, previous)
            return expanded

        return macros.expand(template, aws_own, parameters)

    for module in (engine, handlers, changesets):
        module._apply_transforms = apply
    _leave_the_event_loop(macros)


def _handlers(macros: Macros) -> Tree:
    from ministack.core.responses import get_account_id, get_region

    def key(name: str) -> tuple[str, str, str]:
        return get_account_id(), get_region(), name

    def create(logical_id: str, props: Tree, stack: str) -> tuple[str, Tree]:
        name = props["Name"]
        if key(name) in macros.functions:
            raise MacroError(f"{name} already exists")
        macros.functions[key(name)] = props["FunctionName"]
        return name, {}

    def update(physical_id: str, old: Tree, new: Tree, stack: str) -> tuple[str, Tree]:
        if new["Name"] != physical_id:
            created = create("", new, stack)
            delete(physical_id, old)
            return created
        macros.functions[key(physical_id)] = new["FunctionName"]
        return physical_id, {}

    def delete(physical_id: str, props: Tree) -> None:
        macros.functions.pop(key(physical_id), None)

    return {"create": create, "update": update, "delete": delete}


def _leave_the_event_loop(macros: Macros) -> None:
    from ministack.core.concurrency import run_reentrant
    from ministack.services import cloudformation
    from ministack.services.cloudformation import stacks

    handle, reset = cloudformation.handle_request, cloudformation.reset
    loops: list[asyncio.AbstractEventLoop] = []

    async def handle_request(*arguments: Any, **named: Any) -> Any:
        loops[:] = [asyncio.get_running_loop()]
        request = handle(*arguments, **named)
        if not macros.functions:
            return await request
        return await run_reentrant(_finish, request)

    def create_task(coroutine: Any, stack: Tree | None, stack_id: str | None = None) -> None:
        with stacks._stack_region_context(stack, stack_id):
            context = contextvars.copy_context()

        def start() -> None:
            loops[0].create_task(coroutine, context=context)

        loops[0].call_soon_threadsafe(start)

    def forget() -> None:
        macros.functions.clear()
        reset()

    cloudformation.handle_request, cloudformation.reset = handle_request, forget
    stacks._create_stack_task_in_region = create_task
    for module in _users_of_tasks():
        module._create_stack_task_in_region = create_task


def _users_of_tasks() -> list[Any]:
    """Return the modules that bound the function at import."""
    from ministack.services.cloudformation import changesets, handlers

    name = "_create_stack_task_in_region"
    return [module for module in (changesets, handlers) if hasattr(module, name)]


def _finish(request: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that awaits nothing."""
    try:
        request.send(None)
    except StopIteration as done:
        return done.value
    raise RuntimeError("a request of CloudFormation waits for something")
