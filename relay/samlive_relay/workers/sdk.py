"""Offers boto3 to functions whose virtual environment lacks it, as Lambda's runtime does.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html: the runtime
includes the SDK, so projects leave it out of their requirements. Samlive has one
of its own; links to just these packages go to the end of the import path, where
whatever the project has itself comes first.
"""

import importlib.util
import os
import sys
from pathlib import Path

from . import interpreters

PACKAGES = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3")
OLDEST = (3, 10)
"""What boto3 needs (Requires-Python of its package)."""

NAME = "aws-sdk"


def folders(interpreter: str, state: Path) -> list[str]:
    """Return what to append to the import path of an interpreter.

    Args:
        interpreter: Path of the Python.
        state: Folder that the links are made in.
    """
    if interpreter == sys.executable:
        return []
    found = interpreters.version(interpreter)
    if not found or tuple(map(int, found.split("."))) < OLDEST:
        return []
    folder = state / NAME
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in PACKAGES:
        _link(name, folder)
    return [str(folder)]


def _link(name: str, folder: Path) -> None:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        return
    origin = Path(spec.origin)
    target = origin.parent if origin.name == "__init__.py" else origin
    link = folder / target.name
    if link.is_symlink() and os.readlink(link) == str(target):
        return
    link.unlink(missing_ok=True)
    link.symlink_to(target)
