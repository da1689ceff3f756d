"""Writes new values in the style of a file.

A value in a block comes in two parts: the head, which stands behind "key:" or
"-", and the body, whole lines below it. Inside brackets it is one line.
"""

import json
from typing import Any, Final, NamedTuple

from samlive_transform.scalars import (
    fits_block,
    needs_quotes,
    quote,
    quote_double,
    write_float,
)
from samlive_transform.style import Style

# Short tags are only written where every reader knows them.
_SHORT: Final = {
    f"Fn::{name}": f"!{name}"
    for name in (
        "And", "Base64", "Cidr", "Equals", "FindInMap", "GetAtt", "GetAZs", "If", "ImportValue",
        "Join", "Not", "Or", "Select", "Split", "Sub",
    )
} | {"Ref": "!Ref"}  # fmt: skip

_WIDTH: Final = 80


class Written(NamedTuple):
    """A value as text.

    Args:
        head: What stands behind the colon or dash; may be empty.
        body: Lines below, indented, without line ends.
    """

    head: str
    body: list[str]


def write_block(value: Any, column: int, style: Style, in_list: bool = False) -> Written:
    """Write a value into a block.

    Args:
        value: Plain data.
        column: Column of the key or dash that it belongs to.
        style: How the file is written.
        in_list: Whether it belongs to a dash.
    """
    below = column + (2 if in_list else style.step)
    if isinstance(value, dict) and value:
        tagged = _short_tag(value, style)
        if tagged is not None:
            return _tagged(*tagged, column, below, style)
        return _fold(_pairs(value, below, style), below, in_list)
    if isinstance(value, list) and value:
        dash = below if in_list else column + style.dash
        return _fold(_items(value, dash, style), dash, in_list)
    if isinstance(value, str) and style.literal and fits_block(value):
        return _literal(value, below)
    return Written(write_flow(value, style, inside=False), [])


def write_pair(key: str, value: Any, column: int, style: Style) -> list[str]:
    """Return the lines of a key with its value.

    Args:
        key: The key.
        value: Plain data.
        column: Column of the key.
        style: How the file is written.
    """
    head, body = write_block(value, column, style)
    return [f"{' ' * column}{write_key(key, style)}:{' ' + head if head else ''}", *body]


def write_item(value: Any, column: int, style: Style) -> list[str]:
    """Return the lines of a list's item.

    Args:
        value: Plain data.
        column: Column of the dash.
        style: How the file is written.
    """
    head, body = write_block(value, column, style, in_list=True)
    return [f"{' ' * column}-{' ' + head if head else ''}", *body]


def write_key(key: str, style: Style, flow: bool = False) -> str:
    """Return a key as it stands in front of a colon."""
    return quote(key, style.quote) if needs_quotes(key, flow) else key


def write_flow(value: Any, style: Style, inside: bool = True) -> str:
    """Write a value on one line.

    Args:
        value: Plain data.
        style: How the file is written.
        inside: Whether it will stand inside brackets or braces.

    Raises:
        ValueError: It is a number without a form in JSON.
    """
    if isinstance(value, dict):
        tagged = _short_tag(value, style)
        if tagged is not None:
            return f"{tagged[0]} {write_flow(tagged[1], style, inside)}"
        pairs = (f"{write_key(k, style, True)}: {write_flow(v, style)}" for k, v in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(write_flow(item, style) for item in value) + "]"
    if isinstance(value, str):
        return quote(value, style.quote) if needs_quotes(value, inside) else value
    if isinstance(value, float):
        json.dumps(value, allow_nan=False)
        return write_float(value)
    return json.dumps(value)


def write_json(value: Any, style: Style, indent: str = "") -> str:
    """Write a value into a JSON file.

    Args:
        value: Plain data.
        style: How the file is written.
        indent: Blanks in front of the line that it stands in.
    """
    if style.compact:
        return json.dumps(value, ensure_ascii=style.ascii, allow_nan=False, separators=(",", ":"))
    step = "\t" if style.tabs else style.step
    text = json.dumps(value, ensure_ascii=style.ascii, allow_nan=False, indent=step)
    return text.replace("\n", style.newline + indent)


def _pairs(value: dict[str, Any], column: int, style: Style) -> list[str]:
    return [line for key, child in value.items() for line in write_pair(key, child, column, style)]


def _items(value: list[Any], column: int, style: Style) -> list[str]:
    return [line for item in value for line in write_item(item, column, style)]


def _fold(lines: list[str], column: int, in_list: bool) -> Written:
    """Put the first line of a list's item behind its dash."""
    return Written(lines[0][column:], lines[1:]) if in_list else Written("", lines)


def _literal(text: str, column: int) -> Written:
    indent = " " * column
    lines = text.removesuffix("\n").split("\n")
    # Blank lines at the end would reach into the blank lines that follow in the file.
    if not lines[-1]:
        return Written(quote_double(text), [])
    body = [indent + line if line else "" for line in lines]
    return Written("|" if text.endswith("\n") else "|-", body)


def _short_tag(value: dict[str, Any], style: Style) -> tuple[str, Any] | None:
    """Return tag and content of an intrinsic that has a short form here."""
    if not style.short or len(value) != 1:
        return None
    [(name, inner)] = value.items()
    tag = _SHORT.get(name)
    if tag is None:
        return None
    if name == "Fn::GetAtt":
        attribute = _attribute(inner)
        return None if attribute is None else (tag, attribute)
    return (tag, inner) if isinstance(inner, (str, list)) else None


def _attribute(inner: Any) -> str | None:
    """Return "Resource.Attribute" where reading it gives the same two texts again."""
    if not isinstance(inner, list) or len(inner) != 2 or not all(type(i) is str for i in inner):
        return None
    text = ".".join(inner)
    return text if text.split(".", 1) == inner and not needs_quotes(text, True) else None


def _tagged(tag: str, inner: Any, column: int, below: int, style: Style) -> Written:
    if isinstance(inner, str):
        if style.literal and fits_block(inner):
            literal = _literal(inner, below)
            return Written(f"{tag} {literal.head}", literal.body)
        return Written(f"{tag} {write_flow(inner, style, inside=False)}", [])
    line = write_flow(inner, style)
    if not inner or (len(line) + column < _WIDTH and all(map(_is_small, inner))):
        return Written(f"{tag} {line}", [])
    return Written(tag, _items(inner, below, style))


def _is_small(value: Any) -> bool:
    if isinstance(value, dict):
        return len(value) == 1 and all(
            name in _SHORT and not isinstance(inner, dict) and _is_small(inner)
            for name, inner in value.items()
        )
    if isinstance(value, list):
        return all(not isinstance(item, list) and _is_small(item) for item in value)
    return not isinstance(value, str) or "\n" not in value
