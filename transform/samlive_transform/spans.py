"""Spans of a text to be replaced, and what line each place lies in.

Replacements are collected in any order and spliced once: what no span covers
stays byte for byte. Offsets are those of the text before any replacement.
"""

from dataclasses import dataclass

from samlive_transform.yaml_tree import ALIAS, MAPPING, SCALAR, Node


class Awkward(Exception):
    """A span cannot be cut here; the value around it has to be written anew."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a value stands.

    Args:
        start: Offset behind the colon or dash.
        column: Column of the key or dash.
        in_list: Whether it is a dash.
        flow: Whether it stands inside brackets or braces.
    """

    start: int
    column: int
    in_list: bool = False
    flow: bool = False


def text_end(text: str, node: Node) -> int:
    """Return the offset behind a node's own last character.

    A block collection ends, for the parser, where the next token starts, and a
    block scalar behind the blank lines that follow it.
    """
    node = last_leaf(node)
    if node.style not in ("|", ">"):
        return node.end
    return node.start + len(text[node.start : node.end].rstrip())


def last_leaf(node: Node) -> Node:
    """Return the node that a node's text ends with."""
    while node.kind not in (SCALAR, ALIAS) and not node.flow and node.children:
        node = node.children[-1]
    return node


def following(text: str, node: Node) -> int:
    """Return the start of the first line that new text behind a node can go to.

    Blank lines behind a block scalar belong to its text where it keeps them (|+),
    or where they hold more blanks than its indentation.
    """
    leaf = last_leaf(node)
    place = line_end(text, text_end(text, node)) + 1
    if leaf.style not in ("|", ">") or leaf.end < place:
        return place
    return leaf.end if keeps_blanks(text, leaf) or " " in text[place : leaf.end] else place


def keeps_blanks(text: str, leaf: Node) -> bool:
    """Tell whether a scalar takes all blank lines behind it for its own (|+)."""
    return leaf.style in ("|", ">") and "+" in text[leaf.start : line_end(text, leaf.start)]


def line_start(text: str, offset: int) -> int:
    """Return the offset of the first character of the line that holds an offset."""
    return text.rfind("\n", 0, offset) + 1


def line_end(text: str, offset: int) -> int:
    """Return the offset of the line feed at or behind an offset; the text ends with one."""
    return text.index("\n", offset)


def opening(text: str, node: Node) -> int:
    """Return the offset of a flow collection's bracket or brace, -1 when it has none."""
    offset = node.start
    while offset < node.end and text[offset] in "!&":
        while text[offset] not in " \t\r\n":
            offset += 1
        while text[offset] in " \t\r\n":
            offset += 1
    return offset if text[offset] == ("{" if node.kind is MAPPING else "[") else -1


class Canvas:
    """A text and what shall be replaced in it.

    Args:
        text: A text that ends with a line feed.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._spans: list[tuple[int, int, str]] = []

    def replace(self, start: int, end: int, new: str) -> None:
        """Note a replacement; those of no width keep the order they came in."""
        self._spans.append((start, end, new))

    def mark(self) -> int:
        """Return a mark to go back to."""
        return len(self._spans)

    def back(self, mark: int) -> None:
        """Forget all that was noted since a mark."""
        del self._spans[mark:]

    def touched(self, offset: int) -> bool:
        """Tell whether a replacement reaches an offset."""
        return any(end == offset for _, end, _ in self._spans)

    def covers(self, offset: int) -> bool:
        """Tell whether the character at an offset is replaced."""
        return any(start <= offset < end for start, end, _ in self._spans)

    def spliced(self) -> str | None:
        """Return the text with all replacements made; None when two of them overlap."""
        parts: list[str] = []
        done = 0
        for start, end, new in sorted(self._spans, key=lambda span: (span[0], span[1] > span[0])):
            if start < done:
                return None
            parts += (self.text[done:start], new)
            done = end
        parts.append(self.text[done:])
        return "".join(parts)
