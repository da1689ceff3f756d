"""Lets a debugger attach to an environment, and keeps it attached across reloads.

A debugged process is not replaced when a file is saved: the debugger would lose
it. Its own modules are forgotten and imported again instead; breakpoints stay,
as they belong to files. State of other modules stays too, which is the price.
"""

import importlib
import os
import sys

from . import fresh


def wait_for_debugger(port: int, path: str) -> None:
    """Listen for a debugger and wait until one has attached.

    Args:
        port: Port on 127.0.0.1.
        path: Folder that holds debugpy, for interpreters that do not have it.
    """
    # debugpy warns about frozen modules, which hold no breakpoint of the user's.
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    try:
        debugpy = _debugpy(path)
        debugpy.listen(("127.0.0.1", port))
    except Exception as problem:
        print(f"No debugger on port {port}: {problem}", file=sys.stderr)
        return
    print(f"Waiting for a debugger on 127.0.0.1:{port}", file=sys.stderr, flush=True)
    debugpy.wait_for_client()


def forget(ledger: fresh.Ledger) -> None:
    """Forget the user's own modules, so that they are imported again."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name != "__main__" and file and ledger.owns(file):
            del sys.modules[name]
    ledger.forget()
    importlib.invalidate_caches()


def _debugpy(path: str):  # type: ignore[no-untyped-def]
    try:
        return importlib.import_module("debugpy")
    except ImportError:
        sys.path.append(path)
        try:
            return importlib.import_module("debugpy")
        finally:
            sys.path.remove(path)
