"""Lets all botocore sessions of a process share one data loader.

A session reads some 18 JSON files when its first clients are made, which is
most of what a module-level client costs. botocore keeps them per loader, and
makes a loader per session; here it is one per search path, filled in the zygote.
"""

import gc
import sys
from typing import Any

_loaders: dict[Any, Any] = {}


def share() -> None:
    """Make botocore's sessions share a loader, if botocore is loaded."""
    session = sys.modules.get("botocore.session")
    make = getattr(session, "create_loader", None)
    if session is None or make is None or getattr(make, "shared", False):
        return

    def create_loader(search_path: Any = None) -> Any:
        if search_path not in _loaders:
            _loaders[search_path] = make(search_path)
        return _loaders[search_path]

    create_loader.shared = True  # type: ignore[attr-defined]
    # By name, because botocore.session has imported the function.
    session.create_loader = create_loader  # type: ignore[attr-defined]


def calls() -> list[Any]:
    """Return what the loaders of this process have loaded, to be repeated in a zygote."""
    module = sys.modules.get("botocore.loaders")
    if module is None:
        return []
    kind = module.Loader
    loaders = [*_loaders.values(), *(found for found in gc.get_objects() if type(found) is kind)]
    keys = dict.fromkeys(key for loader in loaders for key in getattr(loader, "_cache", {}))
    return [list(key) for key in keys if _is_plain(key)]


def _is_plain(key: Any) -> bool:
    """Tell whether a cache key is a method's name and its positional arguments."""
    return isinstance(key, tuple) and all(part is None or isinstance(part, str) for part in key)


def repeat(recorded: list[Any]) -> None:
    """Load again what another process has recorded."""
    session = sys.modules.get("botocore.session")
    if session is None or not recorded:
        return
    loader = session.create_loader(None)
    for name, *arguments in recorded:
        try:
            getattr(loader, name)(*arguments)
        except Exception:
            continue  # another version of botocore: the function loads what it needs
