"""Reads JSON into the same nodes as YAML.

The standard library judges whether it is JSON and where it is not; the pass
below then only has to find out where each value lies. libyaml would read most
JSON too, but not surrogate pairs in escapes.
"""

import json
import re
from typing import Any, NoReturn

from samlive_transform.collector import no_collector
from samlive_transform.scalars import read_float
from samlive_transform.yaml_tree import (
    MAPPING,
    MOST_NESTED,
    SCALAR,
    SEQUENCE,
    Node,
    Unreadable,
    refuse_depth,
)

_BLANK = re.compile(r"[ \t\r\n]*")
_BARE = re.compile(r"[-+.\w]+")
_DECODER = json.JSONDecoder()
_CONSTANTS = {"true": True, "false": False, "null": None}


def compose(text: str) -> Node:
    """Read a JSON document.

    Args:
        text: JSON without a byte order mark.

    Returns:
        Its root; every collection counts as a flow collection.

    Raises:
        json.JSONDecodeError: It is not JSON.
        Unreadable: It holds a key twice.
    """
    try:
        json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise Unreadable(f"more than {MOST_NESTED} levels", 0, 0, "nesting") from None
    with no_collector():
        return _Composer(text).node(_skip(text, 0))


def _no_constant(name: str) -> NoReturn:
    raise json.JSONDecodeError(f"{name} is no JSON", name, 0)


def _skip(text: str, index: int) -> int:
    found = _BLANK.match(text, index)
    return found.end() if found else index


class _Composer:
    """Finds the places of values in a text that is known to be JSON."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._line = 0
        self._line_start = 0
        self._line_end = text.find("\n")
        self._open: list[Node] = []

    def node(self, index: int) -> Node:
        first = self._text[index]
        if first not in "{[":
            return self._scalar(index)
        node = self._new(MAPPING if first == "{" else SEQUENCE, index)
        node.style = "{"
        self._open.append(node)
        refuse_depth(self._open)
        if first == "{":
            self._mapping(node)
        else:
            self._sequence(node)
        self._open.pop()
        return node

    def _new(self, kind: str, start: int) -> Node:
        """Make a node; starts only ever grow, so the line is counted on the way."""
        while 0 <= self._line_end < start:
            self._line += 1
            self._line_start = self._line_end + 1
            self._line_end = self._text.find("\n", self._line_start)
        return Node(kind, start, start, self._line, start - self._line_start)

    def _scalar(self, index: int) -> Node:
        node = self._new(SCALAR, index)
        if self._text[index] == '"':
            node.text, node.end = _DECODER.raw_decode(self._text, index)
            node.value, node.style = node.text, '"'
            return node
        found = _BARE.match(self._text, index)
        assert found is not None, "json.loads has accepted it"
        node.text, node.end = found[0], found.end()
        node.value = _bare(node.text)
        return node

    def _sequence(self, node: Node) -> None:
        at = _skip(self._text, node.start + 1)
        while self._text[at] != "]":
            item = self.node(at)
            node.children.append(item)
            at = self._behind_comma(item.end)
        node.end = at + 1
        node.value = [item.value for item in node.children]

    def _mapping(self, node: Node) -> None:
        value: dict[str, Any] = {}
        lines: dict[str, int] = {}
        at = _skip(self._text, node.start + 1)
        while self._text[at] != "}":
            key = self._scalar(at)
            if key.text in value:
                raise Unreadable(
                    f"the key {key.text!r} twice",
                    key.line, key.column, "duplicate", lines[key.text],
                )  # fmt: skip
            child = self.node(_skip(self._text, self._text.index(":", key.end) + 1))
            node.children += (key, child)
            value[key.text] = child.value
            lines[key.text] = key.line
            at = self._behind_comma(child.end)
        node.end = at + 1
        node.value = value

    def _behind_comma(self, index: int) -> int:
        at = _skip(self._text, index)
        return _skip(self._text, at + 1) if self._text[at] == "," else at


def _bare(text: str) -> Any:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    return read_float(text) if set(text) & set(".eE") else int(text)
