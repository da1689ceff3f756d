"""Writes an edited template for people: only what changed looks different.

The edits are compared once more with the tree, so that each names the smallest
place. A patcher turns them into spans of the text, in the style of the file, and
these are spliced in one go: all other text stays byte for byte, with its
comments, quotes, line breaks and short tags.

What comes out is read again (`proof`: as much of it as differs) and must be
exactly the tree that the edits ask for. Where it is not, the edits are widened
step by step: a place is written anew together with the mapping or list around it,
in the end the whole file. Known downside: comments inside of what is written anew
are lost. Anchors cost the same: an edit inside an anchored part writes out the
places that alias it.
"""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from samlive_transform.collector import no_collector
from samlive_transform.edits import Edit, Insert, Path, apply, diff, same
from samlive_transform.emit import write_json, write_pair
from samlive_transform.errors import TemplateError
from samlive_transform.patch import Patcher
from samlive_transform.plan import get, plan, promote
from samlive_transform.proof import proven
from samlive_transform.source import Source, load
from samlive_transform.spans import Awkward, Canvas, last_leaf, line_end
from samlive_transform.style import Style, detect
from samlive_transform.yaml_tree import ALIAS, MAPPING, SEQUENCE, Node

# Sets of literals first: a search for those runs through a megabyte in no time.
_ALIAS = re.compile(r"\*(?<![\w*]\*)[\w-]")


def render_people(source: Source, edits: Sequence[Edit]) -> str:
    """Write a template with edits made, keeping everything else as it stands.

    Args:
        source: The template.
        edits: Applied one after the other, as `edits.apply` does.

    Returns:
        Text of the same kind as the source; reading it gives
        `apply(source.tree, edits)`.

    Raises:
        LookupError: An edit leads through something that is not there.
    """
    with no_collector():
        after = apply(source.tree, edits)
        return _rendered(source, after, diff(source.tree, after))


def _rendered(source: Source, after: Any, changes: tuple[Edit, ...]) -> str:
    mark = "\ufeff" if source.marked else ""
    style = detect(source.text, source.root)
    while changes and changes[0].path:
        changes = _with_aliases(source, changes)
        # Deeply indented comments below would become part of a literal block.
        for attempt in (style, replace(style, literal=False)):
            text = _patched(source, changes, attempt)
            if text is not None and proven(source, text, after):
                return mark + text
            wrong = _wrong(text, after, changes)
            if text is not None and not wrong:
                return mark + text
        changes = _widened(source.tree, changes, wrong)
    return mark + (_rewritten(source, after, style) if changes else source.text)


def diff_text(before: str, after: str, name: str) -> str:
    """Return what a rewrite changes, as a unified diff.

    Args:
        before: The text before.
        after: The text after.
        name: The file as the user named it.
    """
    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        name,
        f"{name} (dev stage)",
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def _patched(source: Source, changes: Sequence[Edit], style: Style) -> str | None:
    """Return the text with edits made, None where they cannot be cut from it."""
    ended = source.text.endswith("\n")
    canvas = Canvas(source.text if ended else source.text + style.newline)
    try:
        Patcher(canvas, style, source.kind == "json").edit(
            source.root, plan(source.tree, changes), None
        )
    except Awkward:
        return None
    if ended or canvas.touched(len(canvas.text)):
        if not ended:
            _strip_scalar(canvas, last_leaf(source.root))
        return canvas.spliced()
    text = canvas.spliced()
    return None if text is None else text.removesuffix(style.newline)


def _strip_scalar(canvas: Canvas, leaf: Node) -> None:
    """Keep a block scalar at the end of a file without a final line break what it is."""
    if leaf.style in ("|", ">") and not canvas.covers(leaf.start):
        header = canvas.text[leaf.start : line_end(canvas.text, leaf.start)]
        at = leaf.start + header.index(leaf.style) + 1
        if "-" not in header:
            canvas.replace(at, at + ("+" in header), "-")


def _wrong(text: str | None, after: Any, changes: Sequence[Edit]) -> Sequence[Edit]:
    """Return the edits after which a text is not read as the tree; all if in doubt."""
    if text is None:
        return changes
    try:
        tree = load(text)[1].value
    except TemplateError:
        return changes
    wrong = [e for e in changes if not same(_nearest(tree, e.path), _nearest(after, e.path))]
    # What was not touched can differ in value, but not from 1 to True: the fast
    # comparison is enough for it.
    return wrong if wrong or tree == after else changes


def _nearest(tree: Any, path: Path) -> Any:
    """Return what a path leads to, at most down to the first list."""
    for step in path:
        if not isinstance(tree, dict) or step not in tree:
            break
        tree = tree[step]
    return tree


def _widened(tree: Any, changes: Sequence[Edit], wrong: Sequence[Edit]) -> tuple[Edit, ...]:
    """Return edits that write the mapping or list around each wrong place anew."""
    around = {edit.path[:-1] for edit in wrong}
    inside: dict[Path, list[Edit]] = {}
    others = []
    for edit in changes:
        outer = next((p for p in _prefixes(edit.path) if p in around), None)
        if outer is None:
            others.append(edit)
        else:
            inside.setdefault(outer, []).append(edit)
    wider = [
        Edit(path, apply(get(tree, path), [Edit(e.path[len(path) :], e.value) for e in edits]))
        for path, edits in inside.items()
    ]
    return (*wider, *others)


def _prefixes(path: Path) -> Iterator[Path]:
    return (path[:length] for length in range(len(path)))


def _rewritten(source: Source, tree: Any, style: Style) -> str:
    """Return the whole tree in the style of a file, with the comments at its top."""
    if source.kind == "json":
        return write_json(tree, style) + style.newline
    head = source.text[: source.root.start]
    if not tree:
        return f"{head}{{}}{style.newline}"
    lines = [line for key, value in tree.items() for line in write_pair(key, value, 0, style)]
    return head + style.newline.join([*lines, ""])


def _with_aliases(source: Source, changes: tuple[Edit, ...]) -> tuple[Edit, ...]:
    """Write out the aliases of what is edited: they keep their value, not its name."""
    if source.kind == "json" or not _ALIAS.search(source.text):
        return changes
    named = [(path, node) for path, node in _walk((), source.root) if node.anchor]
    aliases = [(path, node) for path, node in named if node.kind is ALIAS]
    anchors = [(path, node) for path, node in named if node.kind is not ALIAS]
    wider = changes if aliases else ()
    while wider:
        touched = {
            id(node) for path, node in anchors if any(_touches(edit, path) for edit in changes)
        }
        for path, node in aliases:
            if id(node.target) in touched:
                wider = promote(source.tree, wider, path)
        if wider == changes:
            break
        changes = wider
    return changes


def _walk(path: Path, node: Node) -> Iterator[tuple[Path, Node]]:
    """Yield every node with its path; merged mappings have the path of their holder."""
    yield path, node
    if node.short:
        path = (*path, node.short)
    if node.kind is MAPPING:
        for key, value in node.pairs():
            merged = key.text == "<<" and not key.style
            yield from _walk(path if merged else (*path, key.text), value)
    elif node.kind is SEQUENCE:
        for index, item in enumerate(node.children):
            yield from _walk((*path, index), item)


def _touches(edit: Edit, path: Path) -> bool:
    """Tell whether an edit changes the text or the value of an anchored place."""
    inside = edit.path[: len(path)] == path
    if isinstance(edit.value, Insert):
        return inside and len(edit.path) > len(path)
    return inside or path[: len(edit.path)] == edit.path
