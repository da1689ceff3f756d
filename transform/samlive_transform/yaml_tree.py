"""Reads YAML into nodes that know their place in the text and their value.

libyaml (through PyYAML's C parser) turns text into events; one pass over these
builds both the nodes, whose offsets let an edit touch nothing but its own span,
and the plain values, with short tags in their long form. PyYAML's own composer
and constructor are not used: they are two to four times slower, lose the place
of aliases, and read dates and leading zeros as something else than text.

Offsets count characters of the text, which must not start with a byte order
mark: libyaml skips one without counting it.
"""

import copy
from collections.abc import Iterator, Sequence
from typing import Any, Final

import yaml
from yaml import CSafeLoader
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from samlive_transform.collector import no_collector
from samlive_transform.scalars import read_plain, read_tagged

SCALAR: Final = "scalar"
SEQUENCE: Final = "sequence"
MAPPING: Final = "mapping"
ALIAS: Final = "alias"

_YAML_TAG: Final = "tag:yaml.org,2002:"
# Aliases of aliases grow without bound; no honest template comes near this.
_MOST_ALIASED: Final = 200_000
# Deep enough for any policy in any loop, and far from Python's recursion limit.
MOST_NESTED: Final = 200


class Node:
    """A piece of the source.

    Args:
        kind: SCALAR, SEQUENCE, MAPPING or ALIAS.
        start: Offset of its first character, tag and anchor included.
        end: Offset behind its last character; behind a block collection or a
            block scalar it may be the start of what follows.
        line: Line of its start, counted from 0.
        column: Column of its start, counted from 0.
        tag: Its tag, None when it has none.
        anchor: The name behind & or *, None when there is none.
        style: "" for plain scalars, else one of ' " | >; "{" for collections in
            brackets or braces, "" for others.
        text: Text of a scalar, or of the scalar that an alias stands for; empty for others.
        children: Items of a sequence; keys and values of a mapping in turn.
        value: Plain value, short tags in long form.
        target: The node that an alias stands for.
    """

    __slots__ = (
        "anchor", "children", "column", "end", "kind", "line", "start",
        "style", "tag", "target", "text", "value",
    )  # fmt: skip

    def __init__(
        self, kind: str, start: int, end: int, line: int, column: int,
        tag: str | None = None, anchor: str | None = None, style: str = "", text: str = "",
    ) -> None:  # fmt: skip
        self.kind = kind
        self.start = start
        self.end = end
        self.line = line
        self.column = column
        self.tag = tag
        self.anchor = anchor
        self.style = style
        self.text = text
        self.children: list[Node] = []
        self.value: Any = None
        self.target: Node | None = None

    @property
    def flow(self) -> bool:
        """Whether it is a collection in brackets or braces."""
        return self.style == "{"

    @property
    def short(self) -> str:
        """Long name of its short tag, such as "Fn::Sub"; empty without one."""
        return long_name(self.tag) if self.tag else ""

    def pairs(self) -> Iterator[tuple["Node", "Node"]]:
        """Yield a mapping's keys with their values."""
        return zip(self.children[::2], self.children[1::2], strict=True)


class Unreadable(Exception):
    """The text is YAML for libyaml, but not a document of ours.

    Args:
        problem: What was found.
        line: Where, counted from 0.
        column: Where in that line, counted from 0.
        reason: "key", "duplicate", "alias", "documents" or "nesting".
        first: Line of the first of two, counted from 0; for duplicates.
    """

    def __init__(self, problem: str, line: int, column: int, reason: str, first: int = 0) -> None:
        super().__init__(problem)
        self.problem = problem
        self.line = line
        self.column = column
        self.reason = reason
        self.first = first


def long_name(tag: str) -> str:
    """Return the key that a short tag stands for, "" for tags of YAML itself."""
    if not tag.startswith("!") or tag == "!":
        return ""
    name = tag[1:]
    return name if name in ("Ref", "Condition") else f"Fn::{name}"


def compose(text: str) -> Node | None:
    """Read the one document of a text.

    Args:
        text: YAML without a byte order mark.

    Returns:
        Its root, None when the text holds nothing but comments.

    Raises:
        yaml.YAMLError: It is not YAML.
        Unreadable: It is YAML of a kind that no template may be.
    """
    with no_collector():
        return _Composer().run(text)


def _events(text: str) -> Iterator[Any]:
    return iter(CSafeLoader(text).get_event, None)


class _Composer:
    """One pass over the events of a document."""

    def __init__(self) -> None:
        self._plain: dict[str, Any] = {}
        self._anchors: dict[str, Node] = {}
        self._aliased = 0

    def run(self, text: str) -> Node | None:
        root: Node | None = None
        open_nodes: list[Node] = []
        documents = 0
        for event in _events(text):
            kind = type(event)
            if kind is ScalarEvent:
                node = self._scalar(event)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                shape = MAPPING if kind is MappingStartEvent else SEQUENCE
                open_nodes.append(self._open(event, shape))
                refuse_depth(open_nodes)
                continue
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                node = open_nodes.pop()
                node.end = event.end_mark.index
                self._close(node)
            elif kind is AliasEvent:
                node = self._alias(event)
            else:
                documents += kind is DocumentStartEvent
                if documents > 1:
                    mark = event.start_mark
                    raise Unreadable("a second document", mark.line, mark.column, "documents")
                continue
            if open_nodes:
                open_nodes[-1].children.append(node)
            else:
                root = node
        # An empty document is a scalar of no width for libyaml.
        return None if root is not None and root.start == root.end and not root.tag else root

    def _scalar(self, event: Any) -> Node:
        mark, tag, text, style = event.start_mark, event.tag, event.value, event.style
        node = Node(
            SCALAR, mark.index, event.end_mark.index, mark.line, mark.column,
            tag, event.anchor, style, text,
        )  # fmt: skip
        if tag is not None:
            node.value = _tagged_scalar(tag, text)
        elif style:
            node.value = text
        elif text in self._plain:
            node.value = self._plain[text]
        else:
            node.value = self._plain[text] = read_plain(text)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _open(self, event: Any, kind: str) -> Node:
        mark = event.start_mark
        node = Node(
            kind, mark.index, mark.index, mark.line, mark.column,
            event.tag, event.anchor, "{" if event.flow_style else "",
        )  # fmt: skip
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _close(self, node: Node) -> None:
        if node.kind is SEQUENCE:
            value: Any = [child.value for child in node.children]
        else:
            value = _mapping_value(node)
        name = node.short
        node.value = {name: value} if name else value

    def _alias(self, event: Any) -> Node:
        mark = event.start_mark
        node = Node(
            ALIAS, mark.index, event.end_mark.index, mark.line, mark.column, anchor=event.anchor
        )
        target = self._anchors.get(event.anchor)
        if target is None:
            raise Unreadable(
                f"the alias *{event.anchor} without an anchor &{event.anchor} before it",
                mark.line, mark.column, "alias",
            )  # fmt: skip
        if target.kind is not SCALAR and target.end == target.start:
            raise Unreadable(
                f"the alias *{event.anchor} inside of what it stands for",
                mark.line, mark.column, "alias",
            )  # fmt: skip
        self._aliased += _weight(target.value)
        if self._aliased > _MOST_ALIASED:
            raise Unreadable("aliases that grow without bound", mark.line, mark.column, "alias")
        # A copy: whoever changes one place must not change the other.
        node.value = copy.deepcopy(target.value)
        node.target = target
        node.text = target.text
        return node


def refuse_depth(open_nodes: Sequence[Node]) -> None:
    """Refuse nesting that readers would fail on.

    Args:
        open_nodes: The nodes around and at a place.

    Raises:
        Unreadable: They are too many.
    """
    if len(open_nodes) > MOST_NESTED:
        node = open_nodes[-1]
        raise Unreadable(f"more than {MOST_NESTED} levels", node.line, node.column, "nesting")


def _tagged_scalar(tag: str, text: str) -> Any:
    name = long_name(tag)
    if name == "Fn::GetAtt":
        return {name: text.split(".", 1)}
    return {name: text} if name else read_tagged(tag, text)


def _mapping_value(node: Node) -> dict[str, Any]:
    value: dict[str, Any] = {}
    merged: list[Node] = []
    children = node.children
    for index in range(0, len(children), 2):
        key = children[index]
        name = key.text
        if key.kind is not SCALAR:
            _refuse_key(key)
        if name == "<<" and not key.style:
            merged.append(children[index + 1])
        elif name in value:
            first = next(k for k in children[::2] if k.text == name)
            raise Unreadable(
                f"the key {name!r} twice", key.line, key.column, "duplicate", first.line
            )
        else:
            value[name] = children[index + 1].value
    if merged:
        for source in merged:
            value = _merge(source, value)
    return value


def _refuse_key(key: Node) -> None:
    """Refuse a key that is neither a text nor an alias of one."""
    target = key.target or key
    if target.kind is not SCALAR:
        what = "a mapping" if target.kind is MAPPING else "a list"
        raise Unreadable(f"{what} as a key", key.line, key.column, "key")


def _merge(source: Node, value: dict[str, Any]) -> dict[str, Any]:
    """Return the keys of a merge key (<<) under those that the mapping has itself."""
    merged = copy.deepcopy(source.value)
    for mapping in merged if isinstance(merged, list) else [merged]:
        if not isinstance(mapping, dict):
            raise Unreadable(
                "a merge key (<<) without a mapping", source.line, source.column, "alias"
            )
        value = {**mapping, **value}
    return value


def _weight(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + sum(map(_weight, value.values()))
    return 1 + sum(map(_weight, value)) if isinstance(value, list) else 1


def position(error: yaml.YAMLError) -> tuple[int, int]:
    """Return line and column, counted from 0, that an error of libyaml points at."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    return (mark.line, mark.column) if mark is not None else (0, 0)
