"""What a rule decides, and how it becomes a new tree.

A rule never edits: it reads a view of the template and yields steps and notes.
The engine then makes a new tree in which only the containers along the steps'
paths are copied; everything else is shared with the tree before.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

Path = tuple[str | int, ...]


class _Removed:
    """The type of `REMOVED`."""

    def __repr__(self) -> str:
        return "REMOVED"


REMOVED: Final = _Removed()
"""The value of a step that takes something out of the template."""


@dataclass(frozen=True, slots=True)
class Also:
    """The value of a step that adds names to a list, such as `DependsOn`.

    A single name becomes a list; a name that is there already is not added.
    """

    names: tuple[str, ...]

    def to(self, before: Any) -> list[Any]:
        """Return the list with the names in it."""
        listed = before if isinstance(before, list) else [before] if before else []
        return listed + [name for name in self.names if name not in listed]


@dataclass(frozen=True, slots=True)
class Step:
    """Put a value at a path, or take away what is there.

    Args:
        path: From the template's root; containers that are absent are made.
        value: The new value, `Also` more names, or `REMOVED`.
        reason: Why, in the user's words.
    """

    path: Path
    value: Any
    reason: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something to tell the user that changes nothing; path says where it is about."""

    path: Path
    text: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reason why the whole template cannot go live; path says where it is about."""

    path: Path
    text: str
    hint: str


def apply(tree: dict[str, Any], steps: Iterable[Step]) -> dict[str, Any]:
    """Return a new tree with the steps done in order; tree itself is untouched."""
    for step in steps:
        tree = _put(tree, step.path, step.value)
    return tree


def at(tree: Any, path: Path) -> Any:
    """Return what is at path, or `REMOVED` when nothing is."""
    for key in path:
        if isinstance(tree, dict) and key in tree:
            tree = tree[key]
        elif isinstance(tree, list) and isinstance(key, int) and 0 <= key < len(tree):
            tree = tree[key]
        else:
            return REMOVED
    return tree


def _put(node: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    key, rest = path[0], path[1:]
    if isinstance(node, list) and isinstance(key, int):
        copy: Any = list(node)
        if rest:
            copy[key] = _put(node[key], rest, value)
        elif value is REMOVED:
            del copy[key]
        elif key == len(copy):
            copy.append(value)
        else:
            copy[key] = value
        return copy
    copy = dict(node) if isinstance(node, dict) else {}
    if rest:
        copy[key] = _put(copy.get(key), rest, value)
    elif value is REMOVED:
        copy.pop(key, None)
    elif isinstance(value, Also):
        copy[key] = value.to(copy.get(key))
    else:
        copy[key] = value
    return copy
