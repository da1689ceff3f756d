"""Which program runs a function with a runtime of its own (provided.*)."""

import os
from pathlib import Path

from samlive_relay.config import LocalFunction

NAME = "bootstrap"


def find(function: LocalFunction) -> Path | None:
    """Return the function's bootstrap, of its code or else of a layer; None without one.

    Args:
        function: The function; its code is what its build made.
    """
    for folder in (function.code, *reversed(function.layers)):
        path = folder / NAME
        if path.is_file() and os.access(path, os.X_OK):
            return path
    return None
