"""What a line of a function's log says, for people.

Lambda's runtimes put level, time and request id in front of a line, or write the
whole record as a JSON object when the template asks for that. The terminal shows
the function and the moment anyway, so of either form only level, text and what
the record holds besides are shown. Other lines, JSON ones too, stay as they are.
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
"""

import json
import re
from typing import Any

_STAMP = r"\d{4}-\d\d-\d\dT[\d:.]+Z\t[0-9a-f-]{36}\t"
_LOGGED = re.compile(rf"(?:\[(?P<python>[A-Z]+)\]\t{_STAMP}|{_STAMP}(?P<node>[A-Z]+)\t)")
_KNOWN = frozenset(
    {
        "timestamp",
        "level",
        "message",
        "requestId",
        "tenantId",
        "logger",
        "location",
        "errorType",
        "errorMessage",
        "stackTrace",
    }
)


def read(line: str) -> tuple[str, list[str]]:
    """Return level and lines of text; no level for a line that no runtime has written.

    Args:
        line: A line of the log.
    """
    if line.startswith('{"timestamp"'):
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        if isinstance(record, dict) and isinstance(record.get("level"), str):
            return record["level"], list(_lines(record))
    found = _LOGGED.match(line)
    if found is None:
        return "", [line]
    return found["python"] or found["node"], [line[found.end() :]]


def _lines(record: dict[str, Any]) -> list[str]:
    message = record.get("message", "")
    inner = message if isinstance(message, dict) and "errorType" in message else {}
    error = {**record, **inner}
    texts = [] if inner else [_text(message)]
    texts += [f"{name}={_text(record[name])}" for name in record if name not in _KNOWN]
    lines = [" ".join(filter(None, texts))]
    if "errorType" in error and "stackTrace" in error:
        said = f"{error['errorType']}: {error.get('errorMessage', '')}".rstrip(": ")
        if said not in lines[0]:
            lines.append(said)
        for entry in error["stackTrace"] or ():
            lines += [part for part in str(entry).splitlines() if part != said]
    return [line for line in lines if line] or [""]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
