"""Makes clients of AWS services that nobody uses, so that making the first real ones is quick.

A function that makes its clients at module scope spends most of a reload there,
for two reasons that are gone the second time: caches of the packages are empty
(regular expressions, modules that load late), and after a fork each page that
is written to is copied first, some 2,500 of them at 4 us. So a zygote makes the
clients once for the caches, and a fork that waits for its environment once more
for the pages. Which clients is told by what botocore's loader was asked for
before: see `botocore_loader`.

They are made with credentials that are none, with no configuration file, and
thrown away: none of them opens a connection, and what an environment gets is
what it makes itself.
"""

import contextlib
import gc
import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any, Callable

NOBODY = {
    "aws_access_key_id": "rehearsal",
    "aws_secret_access_key": "rehearsal",
    "region_name": "us-east-1",
}
NOWHERE = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def rehearse(recorded: list[Any], wanted: Callable[[], bool] = lambda: False) -> None:
    """Make each client and resource that functions made before, and throw it away.

    Args:
        recorded: Calls of botocore's data loader.
        wanted: Whether there is something better to do by now; asked between two clients.
    """
    boto3 = sys.modules.get("boto3.session")
    plans = list(dict.fromkeys(_plans(recorded)))
    if boto3 is None or not plans:
        return
    with _nowhere(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whoever makes them first is to be warned
        try:
            session = boto3.Session(**NOBODY)
        except Exception:
            return
        for kind, service, version in plans:
            if wanted():
                return
            try:
                getattr(session, kind)(service, api_version=version)
            except Exception:
                continue  # the function meets it again, and is told
        del session
        gc.collect()  # clients are cycles: whoever looks at all objects is to find none of these


def _plans(recorded: list[Any]) -> Iterator[tuple[str, str, Any]]:
    """Find "client" or "resource", service and API version in calls of the loader."""
    for call in recorded:
        if len(call) < 4 or call[0] != "load_service_model":
            continue
        version = call[-1]
        if call[2] == "resources-1":
            yield "resource", call[1], version
        elif call[2] == "service-2":
            yield "client", call[1], version


@contextlib.contextmanager
def _nowhere() -> Iterator[None]:
    """Keep what is read of the developer's own configuration out."""
    before = dict(os.environ)
    os.environ.update(NOWHERE)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
