"""Edits: what is different between two trees, as data.

An edit names a place and what shall be there. Edits are applied one after the
other; `diff` orders those within one list from its end to its start, so that
every path also names the place in the tree before any edit. That is what lets
a renderer turn each edit into a span of the source.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import Enum
from typing import Any, Final, TypeAlias

Path: TypeAlias = tuple[str | int, ...]


class _Delete(Enum):
    DELETE = "DELETE"


DELETE: Final = _Delete.DELETE


@dataclass(frozen=True, slots=True)
class Insert:
    """The value of an edit that puts a new item in front of the one at its index.

    Args:
        item: The new item; an index of the list's length appends it.
    """

    item: Any


@dataclass(frozen=True, slots=True)
class Edit:
    """One difference.

    Args:
        path: Keys and indices from the top of the tree.
        value: What shall be there: a value, `DELETE`, or an `Insert` into a list.
    """

    path: Path
    value: Any


def same(one: Any, other: Any) -> bool:
    """Tell whether two trees are equal, with 1, 1.0 and True kept apart."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return len(one) == len(other) and all(
            key in other and same(value, other[key]) for key, value in one.items()
        )
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def diff(before: Any, after: Any) -> tuple[Edit, ...]:
    """Return the edits that lead from one tree to another.

    Args:
        before: Plain data.
        after: Plain data; parts shared with `before` cost nothing.

    Returns:
        As few edits as is cheap to find, in the order of `before`; applying them
        to `before` gives `after`.
    """
    return tuple(_diff((), before, after))


def apply(tree: Any, edits: Sequence[Edit]) -> Any:
    """Return a tree with edits applied; the one given stays as it is.

    Args:
        tree: Plain data.
        edits: Applied in this order; mappings on the way that are absent or empty
            are made.

    Returns:
        A new tree that shares what no edit touches.

    Raises:
        LookupError: A path leads through or to something that is not there.
    """
    return _Applier(tree).run(edits)


def _diff(path: Path, before: Any, after: Any) -> Iterator[Edit]:
    if before is after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _diff_mappings(path, before, after)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _diff_lists(path, before, after)
    elif not same(before, after):
        yield Edit(path, after)


def _diff_mappings(path: Path, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Edit]:
    for key, value in before.items():
        if key not in after:
            yield Edit((*path, key), DELETE)
        elif value is not after[key]:
            yield from _diff((*path, key), value, after[key])
    for key, value in after.items():
        if key not in before:
            yield Edit((*path, key), value)


def _diff_lists(path: Path, before: list[Any], after: list[Any]) -> Iterator[Edit]:
    start = 0
    shorter = min(len(before), len(after))
    while start < shorter and same(before[start], after[start]):
        start += 1
    end = 0
    while end < shorter - start and same(before[-1 - end], after[-1 - end]):
        end += 1
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    edits = []
    for tag, low, high, new_low, new_high in _opcodes(old, new):
        edits.append(_run(path, start + low, old[low:high], new[new_low:new_high], tag))
    for run in reversed(edits):
        yield from run


def _opcodes(old: list[Any], new: list[Any]) -> Iterator[tuple[str, int, int, int, int]]:
    if not old or not new or len(old) == len(new):
        yield "replace", 0, len(old), 0, len(new)
        return
    matcher = SequenceMatcher(None, _keys(old), _keys(new), autojunk=False)
    for opcode in matcher.get_opcodes():
        if opcode[0] != "equal":
            yield opcode


def _keys(items: list[Any]) -> list[str]:
    return [json.dumps(item, sort_keys=True) for item in items]


def _run(path: Path, index: int, old: list[Any], new: list[Any], tag: str) -> list[Edit]:
    """Return the edits of one stretch of a list, the last place first."""
    common = min(len(old), len(new))
    edits = [Edit((*path, index + common), Insert(item)) for item in reversed(new[common:])]
    for offset in range(len(old) - 1, common - 1, -1):
        edits.append(Edit((*path, index + offset), DELETE))
    for offset in range(common - 1, -1, -1):
        edits.extend(_diff((*path, index + offset), old[offset], new[offset]))
    return edits


class _Applier:
    """Copies only the containers on the way to an edit, and each of them once."""

    def __init__(self, tree: Any) -> None:
        self._tree = tree
        # Kept alive as well, or the id of a dropped copy could come back as another's.
        self._own: dict[int, Any] = {}

    def run(self, edits: Sequence[Edit]) -> Any:
        for edit in edits:
            if not edit.path:
                self._tree = edit.value
            else:
                self._edit(edit)
        return self._tree

    def _edit(self, edit: Edit) -> None:
        self._tree = container = self._owned(self._tree)
        for step in edit.path[:-1]:
            child = container.get(step) if isinstance(container, dict) else container[step]
            container[step] = child = self._owned({} if child is None else child)
            container = child
        last: Any = edit.path[-1]
        value = edit.value
        if isinstance(value, Insert):
            container.insert(last, value.item)
        elif value is DELETE:
            del container[last]
        else:
            container[last] = value

    def _owned(self, container: Any) -> Any:
        if id(container) in self._own:
            return container
        if not isinstance(container, (dict, list)):
            raise LookupError(f"a {type(container).__name__} where a mapping or list is needed")
        copied = container.copy()
        self._own[id(copied)] = copied
        return copied
