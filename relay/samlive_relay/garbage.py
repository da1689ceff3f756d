"""Keeps Python's collector from looking at what stays anyway.

Each call makes hundreds of objects, hardly any of them in cycles. At its usual
threshold the collector runs twice a call, and every so often looks at all that
was ever imported: a tenth of a busy relay's time. It is the process's setting,
so whoever owns the process calls this, once it serves.
"""

import gc

NEW_OBJECTS = 10_000
"""New objects between two looks."""


def leave_alone() -> None:
    """Take what is there now for good, and look at new objects less often."""
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS)
