"""Makes texts that mention a renamed resource follow its new name.

Only where a text is certain to be that name: an ARN of the same service whose
last part it is, a value under a key that holds names of such resources
(`TableName`, `FunctionName`), and an environment variable that equals it. A name that merely
occurs in a text (a path, a description) is left alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from samlive_transform.intrinsics import walk
from samlive_transform.model import PLAIN_FUNCTION, SAM_FUNCTION, Template
from samlive_transform.physical_names import ARN_SERVICES, MENTIONS
from samlive_transform.steps import Path, Step

_COLON = re.compile(r":(?![^{}]*\})")
"""What separates the parts of an ARN; the colons in `${AWS::Region}` do not."""

_LOGS = "/aws/lambda/"
_LOG_GROUP = "AWS::Logs::LogGroup"
_VARIABLE = "a variable"
"""In place of a key: what an environment variable holds can be the name of anything."""

_REASON = "it names a resource that has another name here"


@dataclass(frozen=True, slots=True)
class Renamed:
    """A resource that got another physical name."""

    type: str
    before: str
    after: str
    path: Path


def follow(template: Template, renamed: list[Renamed]) -> Iterator[Step]:
    """Yield the steps that make mentions follow."""
    if not renamed:
        return
    names = _ByKey(renamed)
    services = _by_service(renamed)
    own = {each.path for each in renamed}
    for section in ("Resources", "Globals", "Outputs"):
        for path, value in walk(template.tree.get(section), (section,)):
            if isinstance(value, dict) and "Name" in value:
                yield from _dimension(path, value, names)
            if not isinstance(value, str) or path in own:
                continue
            key = _VARIABLE if "Variables" in path[-2:-1] else path[-1]
            if wanted := names.after(key, value):
                yield Step(path, wanted, _REASON)
            elif value.startswith("arn:") and (after := _arn(value, services)) != value:
                yield Step(path, after, _REASON)


def _dimension(path: Path, pair: dict[str, Any], names: "_ByKey") -> Iterator[Step]:
    """A pair such as `{Name: FunctionName, Value: orders}`, as alarms have them."""
    name, value = pair["Name"], pair.get("Value")
    if isinstance(name, str) and isinstance(value, str) and (wanted := names.after(name, value)):
        yield Step((*path, "Value"), wanted, _REASON)


class _ByKey:
    """The new names that a text may stand for, by the key that it is under."""

    def __init__(self, renamed: list[Renamed]) -> None:
        self._found: dict[tuple[str, str], set[str]] = {}
        keys: dict[str, list[str]] = {}
        for key, types in MENTIONS.items():
            for each in types:
                keys.setdefault(each, []).append(key)
        for one in renamed:
            self._add(one.before, one.after, keys.get(one.type, []))
            if one.type in (SAM_FUNCTION, PLAIN_FUNCTION):  # Lambda names the log group after it
                self._add(_LOGS + one.before, _LOGS + one.after, keys[_LOG_GROUP])

    def _add(self, before: str, after: str, keys: list[str]) -> None:
        for key in (*keys, _VARIABLE):
            self._found.setdefault((key, before), set()).add(after)

    def after(self, key: str | int, text: str) -> str:
        """Return the new name, "" when the text is none or could be one of two."""
        found = self._found.get((str(key), text), ())
        return next(iter(found)) if len(found) == 1 else ""


@dataclass(frozen=True, slots=True)
class _Names:
    """The renamed resources of one service."""

    after: dict[str, str]
    pattern: re.Pattern[str]


def _by_service(renamed: list[Renamed]) -> dict[str, _Names]:
    services: dict[str, dict[str, str]] = {}
    for each in renamed:
        if service := ARN_SERVICES.get(each.type):
            services.setdefault(service, {})[each.before] = each.after
    return {service: _Names(names, _pattern(names)) for service, names in services.items()}


def _pattern(names: dict[str, str]) -> re.Pattern[str]:
    """Match a whole name, the longest first; one that starts with "/" follows what it likes."""
    longest = sorted(names, key=len, reverse=True)
    starts = [
        ("" if name.startswith("/") else r"(?<![\w.-])") + re.escape(name) for name in longest
    ]
    return re.compile(f"(?:{'|'.join(starts)})(?![\\w.-])")


def _arn(arn: str, services: dict[str, _Names]) -> str:
    parts = _COLON.split(arn, maxsplit=5)
    names = services.get(parts[2]) if len(parts) == 6 else None
    if names is None:
        return arn
    resource = names.pattern.sub(lambda found: names.after[found[0]], parts[5], count=1)
    return ":".join((*parts[:5], resource))
