"""What the relay says, as events of the command's output."""

from collections.abc import Callable
from typing import Any

from samlive.output import Output
from samlive_relay import events


class Narrator:
    """The relay's observer.

    Args:
        output: Where events go.
        taken_over: Called with the new owner when another session took the stage.
    """

    def __init__(self, output: Output, taken_over: Callable[[str], None]) -> None:
        self._output = output
        self._taken_over = taken_over
        self._running: dict[str, str] = {}

    @property
    def running(self) -> tuple[str, ...]:
        """Functions that have invocations under way, one entry each."""
        return tuple(self._running.values())

    def __call__(self, event: events.RelayEvent) -> None:
        """Tell what the relay says; called on its event loop."""
        match event:
            case events.InvocationStarted():
                self._running[event.request_id] = event.function
                self._output.tell(
                    "invocation_started",
                    function=event.function,
                    request_id=event.request_id,
                    cold=event.cold,
                    caller=event.caller,
                )
            case events.InvocationEnded():
                self._running.pop(event.request_id, None)
                self._output.tell("invocation", **_ended(event))
            case events.LogLine():
                self._output.tell(
                    "log",
                    function=event.function,
                    request_id=event.request_id,
                    stream=event.stream,
                    text=event.text,
                )
            case events.Reloaded():
                self._output.tell("reload", functions=event.functions, files=event.files)
            case events.BuildStarted():
                self._output.tell("build", function=event.function, status="started")
            case events.BuildEnded():
                self._output.tell("build", **_built(event))
            case events.ConnectionChanged():
                self._output.tell("connection", state=event.state, detail=event.detail)
            case events.TakenOver():
                self._taken_over(event.owner)
            case events.Warned():
                self._output.tell("warning", function=event.function, text=event.text)


def _built(event: events.BuildEnded) -> dict[str, Any]:
    said: dict[str, Any] = {
        "function": event.function,
        "status": "failed" if event.problem else "built",
        "seconds": round(event.seconds, 3),
    }
    return {**said, "problem": event.problem} if event.problem else said


def _ended(event: events.InvocationEnded) -> dict[str, Any]:
    said: dict[str, Any] = {
        "function": event.function,
        "request_id": event.request_id,
        "status": event.status,
        "duration_ms": round(event.duration_ms, 3),
        "cold": event.cold,
        "over_timeout": event.over_timeout,
    }
    if event.status == "error":
        said["error"] = {"type": event.error_type, "message": event.error_message}
    return said
