"""What the relay tells its owner (the command) while it runs.

Frozen data; the owner passes one callable, `Observer`, that is called on the
relay's event loop and must not block.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class InvocationStarted:
    """A request was accepted for a function."""

    function: str
    request_id: str
    worker: str
    cold: bool
    caller: str = ""
    """What sent the event, such as "GET /orders"; empty when it does not show."""


@dataclass(frozen=True, slots=True)
class InvocationEnded:
    """A request got its one terminal answer."""

    function: str
    request_id: str
    worker: str
    status: Literal["ok", "error"]
    duration_ms: float
    cold: bool
    error_type: str = ""
    error_message: str = ""
    over_timeout: bool = False
    """True when the function's declared timeout would have ended it in production."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line that the function wrote; no line end."""

    function: str
    request_id: str
    stream: Literal["stdout", "stderr"]
    text: str


@dataclass(frozen=True, slots=True)
class Reloaded:
    """Code on disk changed; the next request of these functions runs it."""

    functions: tuple[str, ...]
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BuildStarted:
    """What a function runs is being built from its sources."""

    function: str


@dataclass(frozen=True, slots=True)
class BuildEnded:
    """A build has ended; a problem is what the compiler said when it failed."""

    function: str
    seconds: float
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ConnectionChanged:
    """The link to the broker: "connected", "reconnecting" or "refused", and why."""

    state: Literal["connected", "reconnecting", "refused"]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class TakenOver:
    """Another relay took the stage; this one has stopped taking requests."""

    owner: str


@dataclass(frozen=True, slots=True)
class Warned:
    """Something the user should know: refused frames, a missing interpreter, ..."""

    function: str
    text: str


RelayEvent = (
    InvocationStarted
    | InvocationEnded
    | LogLine
    | Reloaded
    | BuildStarted
    | BuildEnded
    | ConnectionChanged
    | TakenOver
    | Warned
)
Observer = Callable[[RelayEvent], None]
