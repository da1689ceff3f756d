"""Lets all botocore sessions of a process share one data loader.

A session reads some 18 JSON files when its first clients are made, which is
most of what a module-level client costs. botocore keeps them per loader, and
makes a loader per session; here it is one per search path, filled in the zygote.
"""

import gc
import os
import sys
from typing import Any

RESOURCES = "resources-1"
"""Type of the models that come with boto3, not with botocore."""

BY_NAME = ("api_version", "service_name", "type_name")
"""Arguments that botocore passes to its loaders by name."""

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
    """Tell whether a cache key is a method's name and its arguments as text."""
    return isinstance(key, tuple) and all(part is None or isinstance(part, str) for part in key)


def repeat(recorded: list[Any]) -> None:
    """Load again what another process has recorded.

    Args:
        recorded: Keys of the loaders' caches: a method's name and its arguments,
            those passed by name as name and value.
    """
    session = sys.modules.get("botocore.session")
    if session is None or not recorded:
        return
    loader = session.create_loader(None)
    boto3 = sys.modules.get("boto3")
    if boto3 is not None:
        # Where its sessions look for resources: without it they would be noted as absent.
        loader.search_paths.append(os.path.join(os.path.dirname(str(boto3.__file__)), "data"))
    for name, *arguments in recorded:
        if boto3 is None and RESOURCES in arguments:
            continue
        named = {}
        while len(arguments) > 2 and arguments[-2] in BY_NAME:
            value = arguments.pop()
            named[arguments.pop()] = value
        try:
            getattr(loader, name)(*arguments, **named)
        except Exception:
            continue  # another version of botocore: the function loads what it needs
