"""Rewrites a SAM or CloudFormation template for a live dev stage.

    source = read(Path("template.yaml"))
    result = transform(source, Options(app="orders", stage="alice", ...))
    result.template, result.report, result.deployed(), result.people()

Nothing is imported before it is used: the parser, the text editor and the
linter are paid for only by those who call them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from samlive_transform.errors import TemplateError, TransformError
    from samlive_transform.options import Options
    from samlive_transform.rewrite import Result, transform
    from samlive_transform.source import Source, parse, read

__all__ = [
    "Options",
    "Result",
    "Source",
    "TemplateError",
    "TransformError",
    "parse",
    "read",
    "transform",
]

_HOMES = {
    "Options": "options",
    "Result": "rewrite",
    "Source": "source",
    "TemplateError": "errors",
    "TransformError": "errors",
    "parse": "source",
    "read": "source",
    "transform": "rewrite",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
