"""Turns a plan into replaced spans of the source.

Every mapping and list decides for itself where its new text goes and which lines
leave. Where the source is written in a way that a span cannot be cut from it
(`Awkward`), the value that holds the place is written anew as a whole, and only
that one.
"""

import re
from typing import Any, Final

from samlive_transform.edits import apply
from samlive_transform.emit import (
    write_block,
    write_flow,
    write_item,
    write_json,
    write_key,
    write_pair,
)
from samlive_transform.flow import edit_flow
from samlive_transform.plan import Plan
from samlive_transform.roundtrip import rewrite_block
from samlive_transform.spans import (
    Awkward,
    Canvas,
    Slot,
    following,
    keeps_blanks,
    last_leaf,
    line_end,
    line_start,
    text_end,
)
from samlive_transform.style import Style
from samlive_transform.yaml_tree import ALIAS, MAPPING, SCALAR, Node

_WORD = re.compile(r"\S+")
_COMMENT_LINE = re.compile(r"([ \t]*)#")

# Sections that people look for above Resources.
_ABOVE_RESOURCES: Final = frozenset(
    (
        "AWSTemplateFormatVersion", "Transform", "Description", "Metadata", "Globals",
        "Parameters", "Rules", "Mappings", "Conditions",
    )
)  # fmt: skip


class Patcher:
    """Notes on a canvas what a plan comes to.

    Args:
        canvas: The source.
        style: How it is written.
        json: Whether it is JSON.
    """

    def __init__(self, canvas: Canvas, style: Style, json: bool) -> None:
        self.canvas = canvas
        self.style = style
        self._text = canvas.text
        self.json = json

    def edit(self, node: Node, plan: Plan, slot: Slot | None) -> None:
        """Carry out a plan, inside the value where that goes, else by writing it anew.

        Args:
            node: The value.
            plan: What shall happen inside it.
            slot: Where it stands; None for the root.

        Raises:
            Awkward: It is the root, and it has to be written anew.
        """
        mark = self.canvas.mark()
        try:
            self._inside(node, plan, slot)
        except Awkward:
            if slot is None:
                raise
            self.canvas.back(mark)
            self.write(node, apply(node.value, plan.edits), slot)

    def write(self, node: Node, value: Any, slot: Slot) -> None:
        """Write a value anew.

        Args:
            node: The old value.
            value: The new one.
            slot: Where it stands.

        Raises:
            Awkward: There is no old value in a flow collection.
        """
        if slot.flow:
            if node.start == node.end:
                raise Awkward
            self.canvas.replace(node.start, node.end, self.one_line(value, node.start))
            return
        text = self._text
        if self._kept_comments(node, value, slot):
            return
        head, body = write_block(value, slot.column, self.style, slot.in_list)
        end = text_end(text, node)
        line = line_end(text, end)
        before = text[slot.start : node.start]
        if "\n" in before:
            comment = text[slot.start : line_end(text, slot.start)].strip()
            parts = [part for part in (head, comment) if part]
            new = "".join(f" {part}" for part in parts)
            self.canvas.replace(slot.start, _without_return(text, line), new)
        else:
            if node.kind not in (SCALAR, ALIAS) and not node.flow:
                end = _without_return(text, line)
            # The lines below count on one blank behind a dash.
            gap = " " if slot.in_list and body else before or " "
            self.canvas.replace(slot.start, end, gap + head if head else "")
        if body:
            self.canvas.replace(line + 1, line + 1, self._lines(body))

    def _kept_comments(self, node: Node, value: Any, slot: Slot) -> bool:
        """Write a block anew with the comments inside, where it has some; tell whether it went."""
        if (
            node.kind in (SCALAR, ALIAS)
            or node.flow
            or node.tag
            or node.anchor
            or not node.children
        ):
            return False
        if type(value) is not type(node.value) or not value:
            return False
        text, column = self._text, node.column
        inline = "\n" not in text[slot.start : node.start]
        start = node.start if inline else line_end(text, slot.start) + 1
        end = following(text, node)
        if "#" not in text[start:end]:
            return False
        block = " " * column * inline + text[start:end]
        lines = rewrite_block(block, column, node.value, value, self.style)
        if lines is None:
            return False
        self.canvas.replace(start, end, self._lines(lines)[column if inline else 0 :])
        return True

    def one_line(self, value: Any, offset: int) -> str:
        """Return a value as it stands in a flow collection.

        Args:
            value: Plain data.
            offset: Where it will stand.
        """
        if not self.json:
            return write_flow(value, self.style)
        if self.style.compact:
            return write_json(value, self.style)
        line = self._text[line_start(self._text, offset) : offset]
        return write_json(value, self.style, line[: len(line) - len(line.lstrip())])

    def one_pair(self, name: str, value: Any, offset: int) -> str:
        """Return a key with its value as they stand in a flow collection.

        Args:
            name: The key.
            value: Plain data.
            offset: Where it will stand.
        """
        text = self.one_line(value, offset)
        if self.json:
            return self.one_line(name, offset) + (":" if self.style.compact else ": ") + text
        return f"{write_key(name, self.style, flow=True)}: {text}"

    def _inside(self, node: Node, plan: Plan, slot: Slot | None) -> None:
        if node.kind in (SCALAR, ALIAS):
            raise Awkward
        if node.short:
            if plan.only != node.short:
                raise Awkward
            plan = plan.inside[node.short]
        if node.flow:
            edit_flow(self, node, plan)
        elif node.kind is MAPPING:
            self._mapping(node, plan, slot)
        else:
            self._sequence(node, plan, slot)

    # Block mappings

    def _mapping(self, node: Node, plan: Plan, slot: Slot | None) -> None:
        pairs = list(node.pairs())
        names = [key.text for key, _ in pairs]
        column = _column(node)
        changed = plan.replaced.keys() | plan.deleted | plan.inside.keys()
        added = dict(plan.added)
        for name in changed.difference(names):
            # It comes from a merge key (<<): a key of its own goes over it.
            if name not in plan.replaced:
                raise Awkward
            added[str(name)] = plan.replaced[name]
        if plan.deleted and "<<" in names:
            raise Awkward
        for (key, value), name in zip(pairs, names, strict=True):
            if name in plan.replaced:
                self.write(value, plan.replaced[name], Slot(self._colon(key), column))
            elif name in plan.inside:
                self.edit(value, plan.inside[name], Slot(self._colon(key), column))
        gone = [index for index, name in enumerate(names) if name in plan.deleted]
        if len(gone) == len(pairs):
            self._replace_pairs(node, pairs, added, slot)
            return
        self._delete_pairs(pairs, gone)
        if added:
            kept = [
                pair for pair, name in zip(pairs, names, strict=True) if name not in plan.deleted
            ]
            self._add_pairs(kept, added, column, slot is None)

    def _colon(self, key: Node) -> int:
        """Return the offset behind the colon of a key."""
        text, offset = self._text, key.end
        while text[offset] in " \t":
            offset += 1
        if text[offset] != ":" or key.kind is ALIAS:
            raise Awkward
        return offset + 1

    def _delete_pairs(self, pairs: list[tuple[Node, Node]], gone: list[int]) -> None:
        for index in gone:
            key, value = pairs[index]
            self._colon(key)
            start = line_start(self._text, key.start)
            end = following(self._text, value)
            if self._starts_line(key.start):
                self.canvas.replace(start, end, "")
                continue
            # The first key of a list's item stands behind the dash; others stand in the
            # middle of a line only where lines do not end with line feeds.
            if index:
                raise Awkward
            next_start = pairs[index + 1][0].start
            if index + 1 in gone or "#" in self._text[end:next_start]:
                blanks = len(self._text[start : key.start].rstrip())
                line = _without_return(self._text, end - 1)
                self.canvas.replace(start + blanks, line, "")
            else:
                self.canvas.replace(key.start, next_start, "")

    def _replace_pairs(
        self, node: Node, pairs: list[tuple[Node, Node]], added: dict[str, Any], slot: Slot | None
    ) -> None:
        """Delete all pairs; put the new ones, or braces, in their place."""
        if slot is None or ((node.tag or node.anchor) and not added):
            raise Awkward
        column = _column(node)
        lines = [line for k, v in added.items() for line in write_pair(k, v, column, self.style)]
        first, value = pairs[0]
        alone = self._starts_line(first.start)
        end = following(self._text, value)
        if lines and alone:
            self.canvas.replace(line_start(self._text, first.start), end, self._lines(lines))
        elif lines:
            self.canvas.replace(first.start, end, self._lines(lines)[column:])
        elif alone:
            self.canvas.replace(slot.start, slot.start, " {}")
            self.canvas.replace(line_start(self._text, first.start), end, "")
        else:
            self.canvas.replace(first.start, _without_return(self._text, end - 1), "{}")
        self._delete_pairs(pairs, list(range(1, len(pairs))))

    def _add_pairs(
        self, kept: list[tuple[Node, Node]], added: dict[str, Any], column: int, top: bool
    ) -> None:
        spaced = len(kept) > 1 and self._blank_before(kept[-1][0])
        for name, value in added.items():
            lines = write_pair(name, value, column, self.style)
            resources = next((key for key, _ in kept if key.text == "Resources"), None)
            if top and name in _ABOVE_RESOURCES and resources is not None:
                place = self._above_comments(resources.start)
                lines.append("")
            else:
                place = self._below(kept[-1][1], column)
                apart = spaced and not keeps_blanks(self._text, last_leaf(kept[-1][1]))
                lines = ["", *lines] if apart else lines
            self.canvas.replace(place, place, self._lines(lines))

    # Block sequences

    def _sequence(self, node: Node, plan: Plan, slot: Slot | None) -> None:
        items = node.children
        dashes = self._dashes(node)
        column = dashes[0] - line_start(self._text, dashes[0])
        for index, (item, dash) in enumerate(zip(items, dashes, strict=True)):
            here = Slot(dash + 1, column, in_list=True)
            if index in plan.replaced:
                self.write(item, plan.replaced[index], here)
            elif index in plan.inside:
                self.edit(item, plan.inside[index], here)
            elif index in plan.deleted:
                self._delete_item(item, dash)
        if len(plan.deleted) == len(items) and not plan.inserted:
            if node.tag or node.anchor or slot is None:
                raise Awkward
            self.canvas.replace(slot.start, slot.start, " []")
        for index, values in plan.inserted.items():
            self._insert_items(items, dashes, index, values, column)

    def _dashes(self, node: Node) -> list[int]:
        """Return the offsets of a sequence's dashes, which all stand in one column."""
        first = self._first_dash(node)
        column = first - line_start(self._text, first)
        dashes = [first]
        for item in node.children[1:]:
            line = line_start(self._text, item.start)
            while line > first and not self._is_dash(line, column):
                line = line_start(self._text, line - 1)
            dashes.append(line + column)
            if line <= first:
                raise Awkward
        return dashes

    def _first_dash(self, node: Node) -> int:
        """Return the offset of the first dash, behind tag, anchor and comments."""
        offset = node.start
        while self._text[offset] != "-":
            if offset >= node.children[0].start:
                raise Awkward
            if self._text[offset] in "!&":
                offset = _WORD.match(self._text, offset).end()  # type: ignore[union-attr]
            offset = line_end(self._text, offset) if self._text[offset] == "#" else offset + 1
        return offset

    def _is_dash(self, line: int, column: int) -> bool:
        """Tell whether a line has a dash in a column, with nothing but dashes before it."""
        before = self._text[line : line + column]
        return self._text[line + column] == "-" and not before.strip(" -")

    def _delete_item(self, item: Node, dash: int) -> None:
        if not self._starts_line(dash):
            raise Awkward
        self.canvas.replace(line_start(self._text, dash), following(self._text, item), "")

    def _insert_items(
        self, items: list[Node], dashes: list[int], index: int, values: list[Any], column: int
    ) -> None:
        if index == len(items):
            place = self._below(items[-1], column)
        elif index:
            place = following(self._text, items[index - 1])
        else:
            place = line_start(self._text, dashes[0])
            if not self._starts_line(dashes[0]):
                raise Awkward
        lines = [line for value in values for line in write_item(value, column, self.style)]
        self.canvas.replace(place, place, self._lines(lines))

    # Lines

    def _lines(self, lines: list[str]) -> str:
        return "".join(line + self.style.newline for line in lines)

    def _starts_line(self, offset: int) -> bool:
        return not self._text[line_start(self._text, offset) : offset].strip()

    def _blank_before(self, key: Node) -> bool:
        """Tell whether an entry, with the comments on it, stands behind a blank line."""
        start = self._above_comments(key.start)
        return start > 0 and not self._text[line_start(self._text, start - 1) : start].strip()

    def _above_comments(self, offset: int) -> int:
        """Return the start of the comment lines right above a line, or of that line."""
        start = line_start(self._text, offset)
        while start > 0:
            above = line_start(self._text, start - 1)
            if not _COMMENT_LINE.match(self._text, above):
                break
            start = above
        return start

    def _below(self, node: Node, column: int) -> int:
        """Return the line below a value and the comments that are indented with it."""
        place = following(self._text, node)
        while found := _COMMENT_LINE.match(self._text, place):
            if len(found[1]) < max(column, 1):
                break
            place = line_end(self._text, place) + 1
        return place


def _column(mapping: Node) -> int:
    """Return the column of a block mapping's keys, or of the "?" in front of them."""
    return mapping.children[0].column if mapping.tag or mapping.anchor else mapping.column


def _without_return(text: str, line_feed: int) -> int:
    """Return the offset of a line's end, in front of its carriage return."""
    return line_feed - 1 if text[line_feed - 1 : line_feed] == "\r" else line_feed
