"""Finds the line of any part of a template.

Mappings are indexed when they are first asked for: a report asks for thousands of
lines, most of them below the same few hundred resources.
"""

from typing import TypeAlias

from samlive_transform.yaml_tree import ALIAS, MAPPING, SEQUENCE, Node

Place: TypeAlias = tuple[int, Node]
"""A line, counted from 0, and the node whose line it is."""


class Places:
    """The lines of a template.

    Args:
        root: Its root.
    """

    def __init__(self, root: Node) -> None:
        self._root = root
        self._indexed: dict[int, dict[str, Place]] = {}

    def line(self, path: tuple[str | int, ...]) -> int:
        """Return the line of a part, counted from 1, or of the nearest part above it.

        Args:
            path: Keys and indices from the top, as in the tree.
        """
        line, node = self._root.line, self._root
        tagged = True
        for step in path:
            if node.kind is ALIAS and node.target is not None:
                node = node.target
            if tagged and node.short == step:
                # A short tag is a step of its own in the tree, but no node.
                line, tagged = node.line, False
                continue
            found = self._step(node, step)
            if found is None:
                break
            line, node = found
            tagged = True
        return line + 1

    def _step(self, node: Node, step: str | int) -> Place | None:
        if isinstance(step, int):
            inside = node.kind is SEQUENCE and 0 <= step < len(node.children)
            return (node.children[step].line, node.children[step]) if inside else None
        return self._index(node).get(step) if node.kind is MAPPING else None

    def _index(self, node: Node) -> dict[str, Place]:
        known = self._indexed.get(id(node))
        if known is None:
            known = self._indexed[id(node)] = {}
            merged: list[Node] = []
            for key, child in node.pairs():
                known[key.text] = (key.line, child)
                if key.text == "<<" and not key.style:
                    merged += child.children if child.kind is SEQUENCE else [child]
            for source in merged:
                if source.target is not None:
                    source = source.target
                known |= {k: v for k, v in self._index(source).items() if k not in known}
        return known
