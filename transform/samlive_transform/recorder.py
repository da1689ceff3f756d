"""Turns what the rules decided into the report.

The changes are the differences between the template before and after, each
explained by the step that made it: so nothing that differs can be missing from
the report, and nothing in the report is without effect.
"""

from collections.abc import Iterator, Set
from typing import Any

from samlive_transform.edits import same
from samlive_transform.intrinsics import intrinsic
from samlive_transform.model import Template
from samlive_transform.origin import Origin
from samlive_transform.report import Change, Notice
from samlive_transform.steps import REMOVED, Note, Path, Step, at


class Recorder:
    """Collects the decisions of one rewrite.

    Args:
        source: The template before any rule.
        template: The same, as the rules see it.
        prefix: "Child/" when nested; else empty.
    """

    def __init__(self, source: Origin, template: Template, prefix: str) -> None:
        self._source = source
        self._prefix = prefix
        self._file = source.name if prefix else ""
        self._resources = {r.path: r.id for r in template.resources.values()}
        self._template = template
        self._at: dict[Path, tuple[str, str]] = {}
        self._under: dict[Path, tuple[str, str]] = {}
        self._notices: list[Notice] = []

    def step(self, rule: str, step: Step) -> None:
        """Remember a step of a rule."""
        cause = rule, step.reason
        self._at[step.path] = cause
        for length in range(1, len(step.path) + 1):
            self._under[step.path[:length]] = cause

    def note(self, rule: str, note: Note) -> None:
        """Remember what a rule has to say."""
        logical_id, _ = self.place(note.path)
        line = self._source.line(note.path)
        self._notices.append(Notice(logical_id, rule, note.text, line, self._file))

    def notices(self) -> tuple[Notice, ...]:
        """Return the notices, in the template's order."""
        return tuple(sorted(self._notices, key=lambda notice: notice.line))

    def changes(self, after: dict[str, Any]) -> tuple[Change, ...]:
        """Return every difference between the template before and after, explained."""
        found = differences(self._source.tree, after, self._under.keys() - self._at.keys())
        return tuple(self._change(path, old, new) for path, old, new in found)

    def place(self, path: Path) -> tuple[str, str]:
        """Return logical id (or section) and property path of a place."""
        for length in range(len(path), 0, -1):
            if path[:length] in self._resources:
                rest = path[length:]
                return self._prefix + self._resources[path[:length]], ".".join(map(str, rest))
        if len(path) >= 2 and path[0] == "Resources":
            return self._prefix + str(path[1]), ".".join(map(str, path[2:]))
        return str(path[0]) if path else "", ".".join(map(str, path[1:]))

    def _change(self, path: Path, old: Any, new: Any) -> Change:
        logical_id, property_path = self.place(path)
        rule, reason = self._cause(path)
        return Change(
            logical_id=logical_id,
            path=property_path,
            before=self._inherited(path, new) if old is REMOVED else old,
            after=None if new is REMOVED else new,
            rule=rule,
            reason=reason,
            line=self._source.line(path),
            file=self._file,
        )

    def _inherited(self, path: Path, new: Any) -> Any:
        """Return what a resource had from Globals where it says nothing itself; else None."""
        for length in range(len(path) - 1, 1, -1):
            if path[:length] in self._resources and path[length] == "Properties":
                resource = self._template.resources[self._resources[path[:length]]]
                found = at(resource.properties, path[length + 1 :])
                return None if found is REMOVED or same(found, new) else found
        return None

    def _cause(self, path: Path) -> tuple[str, str]:
        """Return rule and reason of the last step at or below a place, else of the next above."""
        if path in self._under:
            return self._under[path]
        for length in range(len(path) - 1, 0, -1):
            if path[:length] in self._at:
                return self._at[path[:length]]
        return "", ""


def differences(
    before: Any, after: Any, made: Set[Path] = frozenset(), path: Path = ()
) -> Iterator[tuple[Path, Any, Any]]:
    """Yield (path, before, after) of what differs, as deep as both sides have the same shape.

    Args:
        before: A tree.
        after: Another.
        made: Paths of mappings that count as empty where they are absent.
        path: Where the two are.

    What is absent on one side is `REMOVED` there.
    """
    if before is after:
        return  # most of a tree is shared with the one before
    if before in (REMOVED, None) and isinstance(after, dict) and path in made and after:
        before = {}
    if isinstance(before, dict) and isinstance(after, dict):
        if intrinsic(before) == intrinsic(after):
            yield from _mappings(before, after, made, path)
        else:
            yield path, before, after
    elif isinstance(before, list) and isinstance(after, list) and len(before) <= len(after):
        for index, value in enumerate(after):
            old = before[index] if index < len(before) else REMOVED
            yield from differences(old, value, made, (*path, index))
    elif not same(before, after):
        yield path, before, after


def _mappings(
    before: dict[str, Any], after: dict[str, Any], made: Set[Path], path: Path
) -> Iterator[tuple[Path, Any, Any]]:
    for key, value in before.items():
        yield from differences(value, after.get(key, REMOVED), made, (*path, key))
    for key, value in after.items():
        if key not in before:
            yield from differences(REMOVED, value, made, (*path, key))
