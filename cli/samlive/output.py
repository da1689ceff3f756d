"""What the command says: one stream of events, for scripts as JSON, for people as text.

Everything that is told is an event with a name and fields. `--output json`
prints each as one line on standard output; docs/output.md describes them, and
they are stable. The text for people is made from the same events
(console.py), so neither can know more than the other.
"""

import json
import os
import signal
import sys
from typing import IO, Any, Protocol

EVENTS = {
    "starting": "a session begins: app, stage, stack, region, offline, version",
    "offline": "the embedded cloud runs: endpoint_url",
    "deploy": "progress of a deploy: status, stack; logical_id, type, reason for resources",
    "ready": "invocations are served: stage, stack, region, urls, outputs, functions, seconds",
    "invocation_started": "a request has arrived: function, request_id, cold, caller",
    "invocation": "a request was answered: function, request_id, status, duration_ms, cold",
    "log": "a function wrote a line: function, request_id, stream, text",
    "edit": "an edit changes the stage, and is deployed: files, changes",
    "reload": "code changed on disk: functions, files",
    "build": "what a function runs is being built, or was: function, status, seconds, problem",
    "connection": "the link to AWS IoT: state, detail",
    "note": "something to know that needs no action: text",
    "warning": "something to look at: text; function where it is about one",
    "error": "something failed: message, hint",
    "stopping": "the session ends: reason, waiting_for",
    "stopped": "the session has ended: stage, stack, left",
    "plan": "what a deploy would do: lines (with --dry-run)",
    "status": "a stage's state",
    "stage": "a stage that was found",
    "check": "one finding of samlive doctor: name, state, ok, text, hint",
}
"""Every event that is ever printed, with what it means."""


class Output(Protocol):
    """Where events go."""

    def tell(self, event: str, **fields: Any) -> None:
        """Say something.

        Args:
            event: Its name, one of EVENTS.
            fields: What is said; plain data.
        """


class JsonOutput:
    """One JSON object per line; when nobody reads them any more, the command ends."""

    def __init__(self, stream: IO[str] | None = None) -> None:
        self._stream = stream or sys.stdout

    def tell(self, event: str, **fields: Any) -> None:
        """Print an event."""
        line = json.dumps({"event": event, **fields}, ensure_ascii=False, default=str)
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except BrokenPipeError:
            _discard(self._stream)
            signal.raise_signal(signal.SIGTERM)


def _discard(stream: IO[str]) -> None:
    """Let further output, and the interpreter's last flush, go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def make(kind: str) -> Output:
    """Return the output that the user wants: "json" or "text"."""
    if kind == "json":
        return JsonOutput()
    from samlive.console import TextOutput

    return TextOutput()
