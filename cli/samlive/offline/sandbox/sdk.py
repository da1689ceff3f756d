"""boto3 for functions, and nothing else of ours.

The managed Python runtimes bring boto3, so packages need not contain it. Here
it comes from the environment samlive is installed in, through a folder of
links to just these packages: a function must not be able to import what only
this machine has.
"""

import importlib.util
from pathlib import Path

_MODULES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six")


def gather(folder: Path) -> Path:
    """Make a folder that holds links to boto3 and what it needs.

    Args:
        folder: Made anew.

    Returns:
        The folder.
    """
    folder.mkdir(mode=0o700)
    for name in _MODULES:
        spec = importlib.util.find_spec(name)
        if spec is None or not spec.origin:
            continue
        source = Path(spec.origin)
        if source.name == "__init__.py":
            source = source.parent
        (folder / source.name).symlink_to(source)
    return folder
