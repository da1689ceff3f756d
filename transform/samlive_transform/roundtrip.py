"""Writes a block anew with ruamel.yaml, which keeps the comments inside.

Only for what no span can be cut from: `? explicit` keys, merge keys that have to
go, a list's first item behind another dash. A round trip of a whole template
would change lines that nobody edited; that of one small block may. The only
module that imports ruamel.yaml, and late: it takes 0.4 s.
"""

import warnings
from collections.abc import Sequence
from io import StringIO
from typing import TYPE_CHECKING, Any

import yaml

from samlive_transform.edits import DELETE, Edit, Insert, diff, same
from samlive_transform.emit import write_pair
from samlive_transform.style import Style
from samlive_transform.yaml_tree import Unreadable, compose, long_name

if TYPE_CHECKING:
    from ruamel.yaml import YAML

_WIDE = 1_000_000


def rewrite_block(
    text: str, column: int, before: Any, after: Any, style: Style
) -> list[str] | None:
    """Return a block in which one value has become another.

    Args:
        text: The lines of a block mapping or sequence.
        column: Where it starts in its lines.
        before: Its value, as we read it.
        after: The value that it shall have.
        style: How the file is written.

    Returns:
        Lines without line ends; None where that cannot be done.
    """
    lines = text.splitlines()
    cut = [line[column:] if not line[:column].strip() else line.lstrip() for line in lines]
    written = _rewrite("\n".join([*cut, ""]), diff(before, after), style)
    if written is None:
        return None
    try:
        root = compose("\n".join([*written, ""]))
    except (yaml.YAMLError, Unreadable):
        return None
    if root is None or not same(root.value, after):
        return None
    return [" " * column + line if line else "" for line in written]


def _rewrite(text: str, edits: Sequence[Edit], style: Style) -> list[str] | None:
    """Return what ruamel.yaml makes of edits, None where it reads the block otherwise."""
    from ruamel.yaml import YAML

    editor = YAML()
    editor.preserve_quotes = True
    editor.width = _WIDE
    editor.indent(mapping=style.step, sequence=style.dash + 2, offset=style.dash)
    written = StringIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            block = editor.load(text)
            for edit in edits:
                _edit(editor, block, edit, style)
            editor.dump(block, written)
    except Exception:  # whatever it trips over: the caller can do without
        return None
    return written.getvalue().splitlines()


def _edit(editor: "YAML", block: Any, edit: Edit, style: Style) -> None:
    place = block
    for step in edit.path[:-1]:
        # A short tag is a step in the tree, but no node of its own.
        tag = getattr(getattr(place, "tag", None), "value", None)
        place = place if tag and long_name(tag) == step else place[step]
    last: Any = edit.path[-1]
    if edit.value is DELETE:
        _delete(place, last)
    elif isinstance(edit.value, Insert):
        place.insert(last, _new(editor, edit.value.item, style))
    else:
        place[last] = _new(editor, edit.value, style)


def _new(editor: "YAML", value: Any, style: Style) -> Any:
    """Return a value as ruamel.yaml has it, in the form that we would write."""
    return editor.load("\n".join([*write_pair("value", value, 0, style), ""]))["value"]


def _delete(place: Any, last: Any) -> None:
    """Delete an entry; the comment lines behind it go to the entry before."""
    keys = list(place) if hasattr(place, "keys") else list(range(len(place)))
    index = keys.index(last)
    comments = place.ca.items.pop(last, None)
    del place[last]
    slot = 2 if hasattr(place, "keys") else 0
    token = comments[slot] if comments and len(comments) > slot else None
    if token is None or "\n" not in token.value.rstrip("\n"):
        return
    # The first line of it stands on the line of the deleted entry.
    token.value = "\n" + token.value.partition("\n")[2]
    if not index:
        return
    before = place.ca.items.setdefault(keys[index - 1], [None] * 4)
    if before[slot] is None:
        before[slot] = token
    else:
        before[slot].value = before[slot].value.rstrip("\n") + token.value
