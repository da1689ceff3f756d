"""Reads environment variables in one step.

`os.environ.get` is four functions in Python, and each call of a handler reads six
variables. They are read anew each time, because a function may set them.
"""

import os
import sys
from typing import Optional

_ENCODING = sys.getfilesystemencoding()


def read(name: bytes) -> Optional[str]:
    """Return what `os.environ.get` returns for a variable.

    Args:
        name: Its name.
    """
    # Where the mapping keeps them, unless somebody has put another one there.
    kept = getattr(os.environ, "_data", None) if os.supports_bytes_environ else None
    if not isinstance(kept, dict):
        return os.environ.get(name.decode())
    value = kept.get(name)
    return None if value is None else value.decode(_ENCODING, "surrogateescape")
