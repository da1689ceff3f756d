"""The Init phase: connects first, then compiles what only an invocation needs.

The layer holds sources, so importing a module means compiling it. Until the
stage's topics are subscribed, half of them are not needed: the retained presence
is on its way while the other half is compiled. All of it is done before the
first event is asked for, as Lambda gives Init more processor time than it gives
a small function's invocations. What is compiled stays, so the search for cycles,
which the loader has turned off, begins after it.
"""

import gc
import os
from collections.abc import Mapping

from .connection import Connection
from .contract import VARIABLE, Settings, presence_topic, reply_topic, stub_client_id
from .environment import worker_of
from .session import Refused


class Early:
    """The environment's connection, and what became of the first try to open it.

    Args:
        settings: What the transform wrote for this function.
        environ: Environment of this process.
    """

    __slots__ = ("connection", "problem", "worker")

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        stage = settings.app, settings.stage
        self.worker = worker_of(environ)
        self.problem: Exception | None = None
        self.connection = Connection(
            settings.endpoint,
            settings.region,
            stub_client_id(*stage, self.worker),
            (presence_topic(*stage), reply_topic(*stage, self.worker)),
            environ,
        )

    def connect(self) -> None:
        """Try once; a failure is kept in `problem`."""
        self.problem = None
        try:
            self.connection.connect()
        except (Refused, OSError) as problem:
            self.problem = problem


def main() -> int:
    """Run the stub in this process's environment; return its exit status."""
    early = None
    try:
        early = Early(Settings.decode(os.environ.get(VARIABLE, "")), os.environ)
    except ValueError:
        pass  # `Runtime` meets it again and tells Lambda
    else:
        early.connect()
    from .runtime import Runtime

    gc.freeze()  # what is loaded stays
    gc.enable()
    return Runtime(os.environ, early).run()
