"""A stack as it was before samlive took it over, and how to bring that back.

Kept are the original template, word for word, and those of nested stacks, the
parameters, the tags, and copies of the code that the templates name in S3:
buckets for artifacts are cleaned by time, and a stage may be adopted for longer
than that. As long as the originals are still there, what comes back is the very
text; otherwise the same template, naming the copies.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

_URI = re.compile(r"s3://(?P<bucket>[^/]+)/(?P<key>.+)\Z")
_URL = re.compile(
    r"https://(?:s3[.-][a-z0-9-]*\.?amazonaws\.com[a-z.]*/(?P<bucket>[^/]+)|"
    r"(?P<host>[a-z0-9.-]+)\.s3[.-][a-z0-9.-]*amazonaws\.com[a-z.]*)/(?P<key>[^?]+)\Z"
)
_PAIRS = (("S3Bucket", "S3Key"), ("Bucket", "Key"))
HIDDEN = re.compile(r"\*+\Z")
"""What CloudFormation says instead of a NoEcho parameter's value."""


@dataclass(frozen=True, slots=True)
class Place:
    """An object in S3."""

    bucket: str
    key: str


@dataclass(frozen=True, slots=True)
class Nested:
    """The template of a nested stack.

    Args:
        path: Its logical ids, such as "Middle/Bottom".
        bucket: Where the template above it says that it lies; empty when that does not show.
        key: The same.
        template: Its template, word for word.
    """

    path: str
    bucket: str
    key: str
    template: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Original:
    """A stack before it was adopted.

    Args:
        template: Its template, word for word.
        parameters: Values by name; None where CloudFormation hides them.
        tags: Its tags.
        capabilities: What it was allowed.
        copies: Where copies of its code lie, as [bucket, key, key of the copy].
        nested: Templates of nested stacks, each after the one that holds it.
    """

    template: str = field(repr=False)
    parameters: Mapping[str, str | None] = field(repr=False)
    tags: Mapping[str, str]
    capabilities: tuple[str, ...]
    copies: tuple[tuple[str, str, str], ...] = ()
    nested: tuple[Nested, ...] = ()

    def encode(self) -> bytes:
        """Return the text that is kept."""
        return json.dumps(asdict(self), indent=1).encode()

    @classmethod
    def decode(cls, data: bytes) -> "Original":
        """Read the text that was kept."""
        found = json.loads(data)
        return cls(
            found["template"],
            found["parameters"],
            found["tags"],
            tuple(found["capabilities"]),
            tuple((bucket, key, copy) for bucket, key, copy in found["copies"]),
            tuple(Nested(**each) for each in found.get("nested", ())),
        )


def of_stack(stack: Mapping[str, Any], template: str) -> Original:
    """Return what has to be kept of a stack, its code not yet copied."""
    parameters = {
        each["ParameterKey"]: None
        if HIDDEN.match(each.get("ParameterValue", ""))
        else each.get("ParameterValue", "")
        for each in stack.get("Parameters", [])
    }
    tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}
    return Original(template, parameters, tags, tuple(stack.get("Capabilities", ())))


def code_of(tree: Any) -> list[Place]:
    """Return the objects in S3 that a template names, each once."""
    found: dict[Place, None] = {}
    _map(tree, lambda place: found.setdefault(place))
    return list(found)


def replaced(tree: Any, moved: Mapping[Place, Place]) -> Any:
    """Return a template that names other objects in S3."""
    return _map(tree, lambda place: moved.get(place))


def _map(value: Any, change: Callable[[Place], Place | None]) -> Any:
    """Return a copy in which each named object is what `change` gives, or stays."""
    if isinstance(value, str):
        return _text(value, change)
    if isinstance(value, list):
        return [_map(item, change) for item in value]
    if not isinstance(value, dict):
        return value
    for bucket, key in _PAIRS:
        if isinstance(value.get(bucket), str) and isinstance(value.get(key), str):
            new = change(Place(value[bucket], value[key]))
            return {**value, bucket: new.bucket, key: new.key} if new else value
    return {name: _map(item, change) for name, item in value.items()}


def _text(value: str, change: Callable[[Place], Place | None]) -> str:
    for place, form in _named(value):
        new = change(place)
        return form.format(bucket=new.bucket, key=new.key) if new else value
    return value


def _named(value: str) -> Iterator[tuple[Place, str]]:
    if match := _URI.match(value):
        yield Place(match["bucket"], match["key"]), "s3://{bucket}/{key}"
    elif match := _URL.match(value):
        place = Place(match["bucket"] or match["host"], match["key"])
        yield place, "https://s3.amazonaws.com/{bucket}/{key}"
