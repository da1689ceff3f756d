"""Finds the function that a handler string names: `a/b.c.handler` or `a.b.c.handler`."""

import importlib
import sys
from typing import Any, Callable

from .faults import Fault, last_user_line

Handler = Callable[[Any, Any], Any]


def find(name: str) -> Handler:
    """Import the handler's module and return the handler.

    Args:
        name: The template's Handler.

    Raises:
        Fault: The handler cannot be had; type and text are Lambda's.
        Exception: Whatever else the module raised while it was imported.
    """
    module_name, dot, attribute = name.rpartition(".")
    if not dot:
        raise Fault(
            "Runtime.MalformedHandlerName",
            f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)",
        )
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault(
            "Runtime.BuiltInModuleConflict",
            f"Cannot use built-in module {module_name} as a handler module",
        )
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as problem:
        raise Fault(
            "Runtime.ImportModuleError",
            f"Unable to import module '{module_name}': {problem}",
            place=last_user_line(problem.__traceback__),
        ) from problem
    except SyntaxError as problem:
        raise Fault(
            "Runtime.UserCodeSyntaxError",
            f"Syntax error in module '{module_name}': {problem}",
            [f'  File "{problem.filename}" Line {problem.lineno}\n    {problem.text}'],
        ) from problem
    try:
        found: Handler = getattr(module, attribute)
    except AttributeError:
        raise Fault(
            "Runtime.HandlerNotFound",
            f"Handler '{attribute}' missing on module '{module_name}'",
            place=f'  File "{getattr(module, "__file__", "")}"\n',
        ) from None
    return found
