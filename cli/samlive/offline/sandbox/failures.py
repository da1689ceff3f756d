"""Lambda's own error answers, in its words.

Texts as Lambda returns them to a caller of Invoke; types as documented in
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import json
import signal

MAX_RESPONSE_BYTES = 6 * 1024 * 1024 + 100
"""Largest body of a synchronous response (the Runtime API's own number)."""


def error(kind: str, message: str) -> bytes:
    """Return an error body."""
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


def timed_out(request_id: str, seconds: float) -> bytes:
    """The function overran its timeout."""
    text = f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds"
    return error("Sandbox.Timedout", text)


def exited(request_id: str, code: int) -> bytes:
    """The runtime's process ended.

    Args:
        request_id: The invocation that waited.
        code: Exit status; negative for a signal, as `subprocess` has it.
    """
    if code == 0:
        reason = "Runtime exited without providing a reason"
    elif code < 0:
        names = {signal.SIGKILL: "killed", signal.SIGSEGV: "segmentation fault"}
        name = names.get(signal.Signals(-code)) or signal.Signals(-code).name
        reason = f"Runtime exited with error: signal: {name}"
    else:
        reason = f"Runtime exited with error: exit status {code}"
    return error("Runtime.ExitError", f"RequestId: {request_id} Error: {reason}")


def too_large() -> bytes:
    """The response exceeds the limit."""
    return error(
        "Function.ResponseSizeTooLarge",
        "Response payload size exceeded maximum allowed payload size "
        f"({MAX_RESPONSE_BYTES} bytes).",
    )


def truncated() -> bytes:
    """The runtime hung up in the middle of a streamed response."""
    return error("Runtime.TruncatedResponse", "")


def no_entry_point(request_id: str, reason: str) -> bytes:
    """There is nothing that could be started."""
    return error("Runtime.InvalidEntrypoint", f"RequestId: {request_id} Error: {reason}")
