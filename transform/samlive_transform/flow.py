"""Edits inside brackets and braces, in YAML and JSON.

New entries go behind a comma, on a line of their own where the others have one.
Entries that leave take one comma with them.
"""

from typing import TYPE_CHECKING

from samlive_transform.plan import Plan
from samlive_transform.spans import Awkward, Slot, line_start, opening
from samlive_transform.yaml_tree import MAPPING, Node

if TYPE_CHECKING:
    from samlive_transform.patch import Patcher


def edit_flow(patcher: "Patcher", node: Node, plan: Plan) -> None:
    """Carry out a plan inside a flow collection.

    Args:
        patcher: Whose canvas and style to use.
        node: The collection.
        plan: What shall happen inside it.

    Raises:
        Awkward: It cannot be cut.
    """
    _Flow(patcher, node, plan).run()


class _Flow:
    def __init__(self, patcher: "Patcher", node: Node, plan: Plan) -> None:
        self._patcher = patcher
        self._text = patcher.canvas.text
        self._node = node
        self._plan = plan
        self._mapping = node.kind is MAPPING

    def run(self) -> None:
        opened = opening(self._text, self._node)
        entries = self._entries()
        names = [name for name, _, _ in entries]
        plan = self._plan
        changed = plan.replaced.keys() | plan.deleted | plan.inside.keys()
        if opened < 0 or changed.difference(names) or "<<" in names:
            raise Awkward
        for name, _, value in entries:
            slot = Slot(value.start, 0, flow=True)
            if name in plan.replaced:
                self._patcher.write(value, plan.replaced[name], slot)
            elif name in plan.inside:
                self._patcher.edit(value, plan.inside[name], slot)
        spans = [(start, max(value.end, start)) for _, start, value in entries]
        if plan.deleted and not self._patcher.json and "#" in self._text[opened : self._node.end]:
            # Perhaps a comment, which would go with its line.
            raise Awkward
        self._cut(names, spans, opened)

    def _entries(self) -> list[tuple[str | int, int, Node]]:
        """Return name, offset and value of each entry."""
        if self._mapping:
            return [(key.text, key.start, value) for key, value in self._node.pairs()]
        return [(index, item.start, item) for index, item in enumerate(self._node.children)]

    def _new(self, index: int, indent: int) -> list[str]:
        """Return the texts of the new entries in front of an index."""
        if not self._mapping:
            items = self._plan.inserted.get(index, [])
            return [self._patcher.one_line(item, indent) for item in items]
        if index < len(self._node.children) // 2:
            return []
        added = self._plan.added.items()
        return [self._patcher.one_pair(name, value, indent) for name, value in added]

    def _cut(self, names: list[str | int], spans: list[tuple[int, int]], opened: int) -> None:
        canvas = self._patcher.canvas
        kept = [index for index, name in enumerate(names) if name not in self._plan.deleted]
        if not spans:
            raise Awkward
        separator, indent = self._separator(spans[0][0], opened)
        if not kept:
            new = [text for index in range(len(spans) + 1) for text in self._new(index, indent)]
            if new:
                canvas.replace(spans[0][0], spans[-1][1], separator.join(new))
            else:
                canvas.replace(opened + 1, self._node.end - 1, "")
            return
        if kept[0] > 0:
            canvas.replace(spans[0][0], spans[kept[0]][0], "")
        front = [text for index in range(kept[0] + 1) for text in self._new(index, indent)]
        if front:
            canvas.replace(spans[0][0], spans[0][0], "".join(text + separator for text in front))
        for here, after in zip(kept, [*kept[1:], len(spans)], strict=True):
            end = spans[here][1]
            new = [
                text for index in range(here + 1, after + 1) for text in self._new(index, indent)
            ]
            if new:
                canvas.replace(end, end, "".join(separator + text for text in new))
            if after > here + 1:
                canvas.replace(end, spans[after - 1][1], "")

    def _separator(self, start: int, opened: int) -> tuple[str, int]:
        """Return what goes between two entries, and an offset with their indentation."""
        line = line_start(self._text, start)
        if line > opened and not self._text[line:start].strip():
            return "," + self._patcher.style.newline + self._text[line:start], start
        return ("," if self._patcher.style.compact else ", "), start
