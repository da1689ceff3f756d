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
    """

    def __init__(self, kind: str, message: str, trace: Optional[list[str]] = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.trace = trace or []


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
