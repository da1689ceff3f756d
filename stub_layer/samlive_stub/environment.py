"""Which variables of the execution environment the local process gets.

The stub runs under its own runtime and handler, so what Lambda says about
those would mislead the developer's code; the relay puts the function's own in
their place. Names: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

import os
from collections.abc import Mapping

from .contract import VARIABLE, WRAPPER_VARIABLE

_OF_THE_STUB = frozenset(
    (
        VARIABLE,
        WRAPPER_VARIABLE,
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
        "LD_LIBRARY_PATH",
        "LD_PRELOAD",
        "PATH",
        "_HANDLER",
        "_LAMBDA_TELEMETRY_LOG_FD",
        "HOME",
        "OLDPWD",
        "PWD",
        "SHLVL",
        "_",
    )
)


def for_local_process(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables to send: the user's own, the role's credentials, AWS's facts.

    Those that were moved aside keep their prefix, so that the relay can tell the
    user's `PYTHONPATH` from one of Lambda's.

    Args:
        environ: Environment of the stub's process.
    """
    return {
        name: value
        for name, value in environ.items()
        if name not in _OF_THE_STUB and not name.startswith("PYTHON")
    }


def worker_of(environ: Mapping[str, str]) -> str:
    """Return this environment's worker id: its log stream's last 32 hex digits, a boot nonce.

    The log stream's name ends in digits of its own and links to CloudWatch. The
    nonce tells a restart after a crash from the process before.
    """
    tail = environ.get("AWS_LAMBDA_LOG_STREAM_NAME", "")[-32:].lower()
    if len(tail) != 32 or not all(digit in "0123456789abcdef" for digit in tail):
        tail = os.urandom(16).hex()
    return f"{tail}-{os.urandom(4).hex()}"
