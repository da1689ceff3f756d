"""Makes texts that mention a renamed resource follow its new name.

Only where a text is certain to be that name: an ARN of the same service whose
last part it is, a value under a key that holds such names (`TableName`,
`FunctionName`), and an environment variable that equals it. A name that merely
occurs in a text (a path, a description) is left alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from samlive_transform.intrinsics import walk
from samlive_transform.model import Template
from samlive_transform.physical_names import ARN_SERVICES, MENTIONS
from samlive_transform.steps import Path, Step


_COLON = re.compile(r":(?![^{}]*\})")
"""What separates the parts of an ARN; the colons in `${AWS::Region}` do not."""


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
    names: dict[str, set[str]] = {}
    for each in renamed:
        names.setdefault(each.before, set()).add(each.after)
    certain = {before: next(iter(after)) for before, after in names.items() if len(after) == 1}
    own = {each.path for each in renamed}
    for section in ("Resources", "Globals", "Outputs"):
        for path, value in walk(template.tree.get(section), (section,)):
            if isinstance(value, str) and path not in own:
                after = _mention(path, value, certain, renamed)
                if after != value:
                    yield Step(path, after, "it names a resource that has another name here")


def _mention(path: Path, value: str, names: dict[str, str], renamed: list[Renamed]) -> str:
    if value in names and (path[-1] in MENTIONS or "Variables" in path[-2:-1]):
        return names[value]
    if value.startswith("arn:"):
        for each in renamed:
            value = _arn(value, each)
    return value


def _arn(arn: str, renamed: Renamed) -> str:
    parts = _COLON.split(arn, maxsplit=5)
    if len(parts) < 6 or parts[2] != ARN_SERVICES.get(renamed.type, "-"):
        return arn
    pattern = re.compile(rf"(?<![\w.-]){re.escape(renamed.before)}(?![\w.-])")
    resource = pattern.sub(lambda _: renamed.after, parts[5], count=1)
    return ":".join((*parts[:5], resource))
