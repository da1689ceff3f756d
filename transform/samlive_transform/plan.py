"""Sorts edits by the place they are made in, as a renderer walks down the source."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from samlive_transform.edits import DELETE, Edit, Insert, Path, apply


@dataclass(slots=True)
class Plan:
    """What shall happen inside one mapping or list.

    Args:
        edits: All of it, with paths that start here.
        replaced: New values of keys or items that exist.
        deleted: Keys or indices that go.
        added: New keys with their values.
        inserted: New items by the index of the item that they go in front of.
        inside: Plans of the mappings and lists below that stay.
    """

    edits: list[Edit] = field(default_factory=list)
    replaced: dict[str | int, Any] = field(default_factory=dict)
    deleted: set[str | int] = field(default_factory=set)
    added: dict[str, Any] = field(default_factory=dict)
    inserted: dict[int, list[Any]] = field(default_factory=dict)
    inside: dict[str | int, "Plan"] = field(default_factory=dict)

    @property
    def only(self) -> str | int | None:
        """The one key or index that something happens below, None when there is more to do."""
        if self.replaced or self.deleted or self.added or self.inserted or len(self.inside) != 1:
            return None
        return next(iter(self.inside))


def plan(tree: Any, edits: Sequence[Edit]) -> Plan:
    """Sort edits.

    Args:
        tree: The tree before any edit.
        edits: None inside of what another replaces; paths name places in `tree`.
    """
    top = Plan()
    for edit in edits:
        here, value = top, tree
        for depth, step in enumerate(edit.path[:-1]):
            here.edits.append(Edit(edit.path[depth:], edit.value))
            here = here.inside.setdefault(step, Plan())
            value = value[step]
        last = edit.path[-1:]
        here.edits.append(Edit(last, edit.value))
        _note(here, value, last[0], edit.value)
    return top


def _note(here: Plan, container: Any, step: str | int, value: Any) -> None:
    if isinstance(value, Insert):
        # Inserts at one index come last item first, as they are applied.
        here.inserted.setdefault(int(step), []).insert(0, value.item)
    elif value is DELETE:
        here.deleted.add(step)
    elif isinstance(container, dict) and step not in container:
        here.added[str(step)] = value
    else:
        here.replaced[step] = value


def get(tree: Any, path: Path) -> Any:
    """Return what a path leads to."""
    for step in path:
        tree = tree[step]
    return tree


def promote(tree: Any, edits: Sequence[Edit], path: Path) -> tuple[Edit, ...]:
    """Replace all edits below a place by one that gives the place its new value.

    Args:
        tree: The tree before any edit.
        edits: Edits as for `plan`.
        path: A place in `tree`.
    """
    depth = len(path)
    if any(_replaces(edit, path) for edit in edits):
        return tuple(edits)
    below = [edit for edit in edits if len(edit.path) > depth and edit.path[:depth] == path]
    value = apply(get(tree, path), [Edit(edit.path[depth:], edit.value) for edit in below])
    # First, as inserts and deletions in a list above would move the place.
    return (Edit(path, value), *(edit for edit in edits if edit not in below))


def _replaces(edit: Edit, path: Path) -> bool:
    return not isinstance(edit.value, Insert) and path[: len(edit.path)] == edit.path
