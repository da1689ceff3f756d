"""Proves that an edited text means what it should, by reading only the part that differs.

The keys of a block mapping cut a text into blocks, each of whole lines, from one
key to the next. What stands in one block says nothing about another, as long as
the file has no anchors: a key at the mapping's own column ends whatever stands
above it. So when two texts differ within a few blocks of `Resources` (or of the
whole file), these are read by themselves, and everything else means what it
meant before.

`proven` errs on the safe side: where it does not see its way, it says no, and
the whole text has to be read.
"""

import re
from bisect import bisect_left
from collections.abc import Callable
from typing import Any

import yaml

from samlive_transform.edits import same
from samlive_transform.source import Source
from samlive_transform.spans import line_start
from samlive_transform.yaml_tree import MAPPING, Node, Unreadable, compose

_ANCHORED = re.compile(r"[&*](?<![^\s\[{,:-][&*])[\w-]")
_END = re.compile(r"^(---|\.\.\.)(?!\S)", re.MULTILINE)
"""A line that ends a document, wherever it stands."""

_SECTION = "Resources"


def proven(source: Source, text: str, after: dict[str, Any]) -> bool:
    """Tell whether a text is certain to be read as a tree.

    Args:
        source: The text before, as it was read.
        text: The text after; no byte order mark.
        after: What it should be read as; shares with `source.tree` what is the same.

    Returns:
        False also when that cannot be told from a part of the text.
    """
    root = source.root
    if source.kind != "yaml" or not _is_block(root) or source.text.startswith("%"):
        return False
    if _ANCHORED.search(source.text):
        return False
    front, back = _differing(source.text, text)
    inner = next((value for key, value in root.pairs() if key.text == _SECTION), None)
    if inner is not None and _is_block(inner) and inner.start < front and back <= inner.end:
        found = _Blocks(source.text, inner, min(inner.end, len(source.text)))
        before, wanted = source.tree[_SECTION], after.get(_SECTION)
        rest = {k: v for k, v in source.tree.items() if k != _SECTION}
        if rest.keys() | {_SECTION} != after.keys() or not _as_before(rest, after):
            return False
    else:
        found = _Blocks(source.text, root, len(source.text))
        before, wanted = source.tree, after
    return isinstance(wanted, dict) and found.read_as(text, front, back, before, wanted)


class _Blocks:
    """The blocks of one mapping."""

    def __init__(self, text: str, mapping: Node, end: int) -> None:
        self._text = text
        self._column = mapping.column
        self._keys = [key.text for key, _ in mapping.pairs()]
        starts = [line_start(text, key.start) for key, _ in mapping.pairs()]
        self._whole = all(
            key.start - start == self._column and not text[start : key.start].strip()
            for start, (key, _) in zip(starts, mapping.pairs(), strict=True)
        )
        # The line that follows the mapping's last: what is in front of it may be a comment.
        self._starts = [*starts, line_start(text, end) if end < len(text) else end]

    def read_as(
        self, text: str, front: int, back: int, before: dict[str, Any], wanted: dict[str, Any]
    ) -> bool:
        """Tell whether the blocks between two offsets are read as what is wanted."""
        first = bisect_left(self._starts, front) - 1
        last = bisect_left(self._starts, back)
        if not self._whole or first < 0 or last >= len(self._starts):
            return False
        start, end = self._starts[first], self._starts[last]
        tree = self._read(text[start : len(text) - (len(self._text) - end)])
        inside = self._keys[first:last]
        others = {key: value for key, value in before.items() if key not in set(inside)}
        return (
            tree is not None
            and not tree.keys() & others.keys()
            and tree.keys() | others.keys() == wanted.keys()
            and _as_before(others, wanted)
            and all(same(value, wanted[key]) for key, value in tree.items())
        )

    def _read(self, part: str) -> dict[str, Any] | None:
        if _END.search(part):
            return None
        try:
            node = compose(part)
        except (yaml.YAMLError, Unreadable):
            return None
        if node is None or not _is_block(node) or node.column != self._column:
            return None
        tree: dict[str, Any] = node.value
        return tree


def _is_block(node: Node) -> bool:
    return node.kind is MAPPING and not node.flow and not node.tag and bool(node.children)


def _as_before(others: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return all(key in wanted and same(value, wanted[key]) for key, value in others.items())


def _differing(one: str, other: str) -> tuple[int, int]:
    """Return the offsets in one text between which it differs from another."""
    shorter = min(len(one), len(other))
    front = _longest(shorter, lambda size: one[:size] == other[:size])
    most = shorter - front
    back = _longest(most, lambda size: one[len(one) - size :] == other[len(other) - size :])
    return front, len(one) - back


def _longest(most: int, equal: Callable[[int], bool]) -> int:
    """Return the largest size, at most so much, for which two texts are equal."""
    low = 0
    while low < most:
        middle = (low + most + 1) // 2
        if equal(middle):
            low = middle
        else:
            most = middle - 1
    return low
