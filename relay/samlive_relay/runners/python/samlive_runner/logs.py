"""The root logger as Lambda's runtime sets it up, in text or JSON.

Format, level and fields are described on
https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html and
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
"""

import json
import logging
import os
import sys
import time
import traceback
from typing import Any, Optional

_TEXT = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_KNOWN = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "aws_request_id",
    "taskName",
    "tenant_id",
}


class _ToLog(logging.Handler):
    """Writes to whatever sys.stdout is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stdout.write(self.format(record))


class _RequestId(logging.Filter):
    """Adds the id of the running request, and its tenant, to each record."""

    current = ""
    tenant: Optional[str] = None

    def filter(self, record: logging.LogRecord) -> bool:
        record.aws_request_id = self.current
        record.tenant_id = self.tenant
        return True


class _Json(logging.Formatter):
    """One JSON object per record."""

    def format(self, record: logging.LogRecord) -> str:
        plain = isinstance(record.msg, dict) and not record.args
        record.levelno = min(50, max(0, record.levelno)) // 10 * 10
        record.levelname = logging.getLevelName(record.levelno)
        entry: dict[str, Any] = {
            "timestamp": self.formatTime(record, _TIME),
            "level": record.levelname,
            "message": record.msg if plain else record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info and record.exc_info[0] is not None:
            entry["stackTrace"] = traceback.format_tb(record.exc_info[2])
            entry["errorType"] = record.exc_info[0].__name__
            entry["errorMessage"] = str(record.exc_info[1])
        entry["requestId"] = getattr(record, "aws_request_id", "")
        if record.exc_info and record.exc_info[0] is not None:
            entry["location"] = f"{record.pathname}:{record.funcName}:{record.lineno}"
        if getattr(record, "tenant_id", None) is not None:
            entry["tenantId"] = record.tenant_id  # type: ignore[attr-defined]
        extra = {name: value for name, value in vars(record).items() if name not in _KNOWN}
        return json.dumps({**entry, **extra}, ensure_ascii=False, default=str) + "\n"


_request = _RequestId()


def as_json() -> bool:
    """Tell whether the function logs JSON objects."""
    return os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"


def now() -> str:
    """Return the time as log records have it."""
    return time.strftime(_TIME, time.gmtime())


def install() -> None:
    """Set the root logger up, once per environment."""
    formatter = _Json() if as_json() else logging.Formatter(_TEXT, "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler = _ToLog()
    handler.setFormatter(formatter)
    handler.addFilter(_request)
    logging.getLogger().addHandler(handler)
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    level = {"TRACE": "DEBUG"}.get(level, level)
    if isinstance(logging.getLevelName(level), int):
        logging.getLogger().setLevel(level)


def begin(request_id: str, tenant: Optional[str] = None) -> None:
    """Tag records with a request, and its tenant, from now on."""
    _request.current, _request.tenant = request_id, tenant


def flush() -> None:
    """Push everything written so far to the relay."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue  # the function closed it
