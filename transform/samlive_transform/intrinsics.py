"""CloudFormation's intrinsic functions, as plain data.

An intrinsic is a mapping with exactly one key, `Ref`, `Condition` or `Fn::...`.
The transform never resolves one in the output; it only needs to know what a
value refers to and to reach every branch of an `Fn::If`.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

import re
from collections.abc import Callable, Container, Iterator
from typing import Any, TypeAlias

NO_VALUE = {"Ref": "AWS::NoValue"}

_Way: TypeAlias = "tuple[_Way, str | int] | None"
"""A path from its end: what is above, and the last step."""

_PLACEHOLDER = re.compile(r"\$\{([^!}][^}]*)\}")


def intrinsic(value: Any) -> str:
    """Return the name of the intrinsic that value is, or "" when it is none."""
    if isinstance(value, dict) and len(value) == 1:
        key = next(iter(value))
        if isinstance(key, str) and (key in ("Ref", "Condition") or key.startswith("Fn::")):
            return key
    return ""


def is_if(value: Any) -> bool:
    """Tell whether value is a complete `Fn::If`."""
    return intrinsic(value) == "Fn::If" and (
        isinstance(value["Fn::If"], list) and len(value["Fn::If"]) == 3
    )


def is_no_value(value: Any) -> bool:
    """Tell whether value stands for an absent property."""
    return bool(value == NO_VALUE)


def branches(value: Any) -> Iterator[Any]:
    """Yield every value that a (nested) `Fn::If` can take; value itself when it is none."""
    if is_if(value):
        yield from branches(value["Fn::If"][1])
        yield from branches(value["Fn::If"][2])
    else:
        yield value


def possible(value: Any, holds: Callable[[Any], bool | None]) -> Iterator[Any]:
    """Yield the branches of value that can be taken.

    Args:
        value: A value, perhaps an `Fn::If`.
        holds: Tells whether a condition holds; None when that is not known.
    """
    if not is_if(value):
        yield value
        return
    condition, yes, no = value["Fn::If"]
    held = holds(condition)
    if held is not False:
        yield from possible(yes, holds)
    if held is not True:
        yield from possible(no, holds)


def map_branches(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return value with change applied to every branch of its `Fn::If`s."""
    if is_if(value):
        condition, yes, no = value["Fn::If"]
        return {"Fn::If": [condition, map_branches(yes, change), map_branches(no, change)]}
    return change(value)


def placeholders(text: str) -> list[str]:
    """Return the names in `${...}` of an `Fn::Sub` text, escaped ones left out."""
    return [name.strip() for name in _PLACEHOLDER.findall(text)]


def sub_parts(value: Any) -> tuple[str, dict[str, Any]] | None:
    """Return text and variables of an `Fn::Sub`, or None when value is none."""
    if intrinsic(value) != "Fn::Sub":
        return None
    body = value["Fn::Sub"]
    if isinstance(body, str):
        return body, {}
    if isinstance(body, list) and len(body) == 2 and isinstance(body[0], str):
        return body[0], body[1] if isinstance(body[1], dict) else {}
    return None


def escape_sub(text: str) -> str:
    """Return text so that `Fn::Sub` gives it back unchanged."""
    return text.replace("${", "${!")


def ref(value: Any) -> str:
    """Return the name that a `Ref` names, or "" when value is none."""
    name = value["Ref"] if intrinsic(value) == "Ref" else None
    return name if isinstance(name, str) else ""


def get_att(value: Any) -> tuple[str, str] | None:
    """Return (logical id, attribute) of an `Fn::GetAtt` in list or dotted form."""
    if intrinsic(value) != "Fn::GetAtt":
        return None
    body = value["Fn::GetAtt"]
    if isinstance(body, str):
        name, dot, attribute = body.partition(".")
        return (name, attribute) if dot else None
    if isinstance(body, list) and len(body) >= 2 and isinstance(body[0], str):
        return body[0], ".".join(str(part) for part in body[1:])
    return None


def references(value: Any) -> Iterator[tuple[str, str]]:
    """Yield (name, attribute) of everything that value refers to, at any depth.

    The attribute is "" for a `Ref` and for `${Name}`; `DependsOn` is not a value.
    """
    if isinstance(value, list):
        for item in value:
            yield from references(item)
        return
    if not isinstance(value, dict):
        return
    name = intrinsic(value)
    if name == "Ref" and isinstance(value["Ref"], str):
        yield value["Ref"], ""
        return
    if name == "Fn::GetAtt":
        if found := get_att(value):
            yield found
        return
    if name == "Fn::Sub" and (parts := sub_parts(value)):
        text, variables = parts
        for placeholder in placeholders(text):
            if placeholder not in variables:
                target, _, attribute = placeholder.partition(".")
                yield target, attribute
        yield from references(variables)
        return
    for item in value.values():
        yield from references(item)


def texts(value: Any) -> Iterator[str]:
    """Yield every text in value that is not a key, in no particular order."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, str):
            yield found
        elif isinstance(found, dict):
            waiting.extend(found.values())
        elif isinstance(found, list):
            waiting.extend(found)


def entries(value: Any, keys: Container[str]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield (path, value) of every entry of a mapping that has one of the keys.

    Makes no path but of what is found: a tree holds thousands of entries and few of those.
    """
    waiting: list[tuple[Any, _Way]] = [(value, None)]
    while waiting:
        found, way = waiting.pop()
        if isinstance(found, dict):
            for key, item in found.items():
                if key in keys:
                    yield _path((way, key)), item
                if isinstance(item, dict | list):
                    waiting.append((item, (way, key)))
        elif isinstance(found, list):
            for index, item in enumerate(found):
                if isinstance(item, dict | list):
                    waiting.append((item, (way, index)))


def _path(way: "_Way") -> tuple[str | int, ...]:
    steps: list[str | int] = []
    while way:
        way, step = way
        steps.append(step)
    return tuple(reversed(steps))


def walk(
    value: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield (path, value) of value and of everything in it, in document order."""
    waiting = [(path, value)]
    while waiting:  # a stack: nested generators would pay for every level of depth
        place, found = waiting.pop()
        yield place, found
        if isinstance(found, dict):
            waiting.extend([((*place, key), item) for key, item in reversed(found.items())])
        elif isinstance(found, list):
            last = len(found) - 1
            waiting.extend([((*place, last - n), item) for n, item in enumerate(reversed(found))])
