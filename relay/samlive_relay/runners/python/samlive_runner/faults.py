"""Errors in the shape that Lambda's Python runtime gives them.

    {"errorMessage": …, "errorType": …, "requestId": …, "stackTrace": […]}

Message texts are those of AWS's runtime interface client
(https://github.com/aws/aws-lambda-python-runtime-interface-client).
"""

import os
import sys
import traceback
from types import TracebackType
from typing import Any, Optional

from . import logs
from .jsontext import as_text

_OURS = os.path.dirname(os.path.abspath(__file__))
_INDENT = "\u00a0"  # Lambda's log keeps indentation by no-break spaces


class Fault(Exception):
    """A failure that the runtime names itself, such as an unknown handler.

    Args:
        kind: Error type, such as "Runtime.ImportModuleError".
        message: Error message.
        trace: Stack trace lines.
        place: File and line for the log, where Lambda's error has no trace.
    """

    def __init__(
        self, kind: str, message: str, trace: Optional[list[str]] = None, place: str = ""
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.trace = trace or []
        self.place = place


def as_error(problem: BaseException, request_id: str) -> dict[str, Any]:
    """Return the error object for an exception of the function or of the runtime."""
    if isinstance(problem, Fault):
        return _error(problem.kind, problem.message, problem.trace, request_id)
    trace = traceback.format_list(user_frames(problem.__traceback__))
    return _error(type(problem).__name__, str(problem), trace, request_id)


def user_frames(trace: Optional[TracebackType]) -> list[Any]:
    """Return the frames of a traceback without the runner's own at its start."""
    frames = [
        (frame.filename, frame.lineno, frame.name, frame.line)
        for frame in traceback.extract_tb(trace)
    ]
    while len(frames) > 1 and frames[0][0].startswith(_OURS):
        del frames[0]
    return frames


def last_user_line(trace: Optional[TracebackType]) -> str:
    """Return the line of the function's code that a traceback ends in; "" when in none."""
    for filename, line, name, text in reversed(user_frames(trace)):
        if not filename.startswith(("<", _OURS)):
            return f'  File "{filename}", line {line}, in {name}\n    {text}\n'
    return ""


def line_of(function: Any) -> str:
    """Return where a function is defined; "" when that is unknown."""
    code = getattr(function, "__code__", None)
    if code is None:
        return ""
    return f'  File "{code.co_filename}", line {code.co_firstlineno}, in {code.co_name}\n'


def log_problem(error: dict[str, Any], problem: BaseException, function: Any = None) -> None:
    """Log an error, and where it comes from when Lambda's own shape does not say."""
    place = ""
    if isinstance(problem, Fault) and not problem.trace:
        place = problem.place or line_of(function)
    log_error({**error, "stackTrace": error["stackTrace"] or [place]} if place else error)


def log_error(error: dict[str, Any]) -> None:
    """Write an error to the log as Lambda does, but with real line ends."""
    if logs.as_json():
        entry = {"timestamp": logs.now(), "level": "ERROR", **error}
        sys.stdout.write(as_text(entry) + "\n")
        return
    lines = [f"[ERROR] {error['errorType']}: {error['errorMessage']}".rstrip(": ")]
    lines.append("Traceback (most recent call last):")
    for entry in error["stackTrace"]:
        lines += [_keep_indent(line) for line in entry.splitlines()]
    sys.stdout.write("\n".join(lines) + "\n")


def _keep_indent(line: str) -> str:
    stripped = line.lstrip(" ")
    return _INDENT * (len(line) - len(stripped)) + stripped


def _error(kind: str, message: str, trace: list[str], request_id: str) -> dict[str, Any]:
    return {
        "errorMessage": message,
        "errorType": kind,
        "requestId": request_id,
        "stackTrace": trace,
    }
