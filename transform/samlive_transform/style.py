"""How a file is written: what new text has to look like to fit in.

Measured from the file itself: its line ends, how deep blocks and lists are
indented, which quotation mark it prefers, and whether it uses short tags.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from samlive_transform.yaml_tree import MAPPING, SEQUENCE, Node

_SHORT_TAG = re.compile(
    r"(?<![\w\"'])!(Ref|Sub|GetAtt|If|Join|Select|Split|Equals|And|Or|Not"
    r"|FindInMap|GetAZs|ImportValue|Base64|Cidr|Condition)\b"
)
_LONG_NAME = re.compile(r"\b(Ref|Fn::\w+)['\"]?\s*:(\s|$)", re.MULTILINE)
# Enough to see a habit; walking all of a large template would cost more than it tells.
_NODES_LOOKED_AT = 2000


@dataclass(frozen=True, slots=True)
class Style:
    r"""The habits of one file.

    Args:
        newline: "\n" or "\r\n".
        step: Columns by which a mapping is indented under its key.
        dash: Columns by which a list is indented under its key.
        quote: The preferred quotation mark.
        short: Whether intrinsics are written as short tags.
        compact: Whether the file is JSON on one line.
        ascii: Whether the file is JSON that escapes what is not ASCII.
        tabs: Whether the file is JSON that is indented with tabs.
        literal: Whether texts of several lines are written as literal blocks.
    """

    newline: str = "\n"
    step: int = 2
    dash: int = 2
    quote: str = "'"
    short: bool = True
    compact: bool = False
    ascii: bool = False
    tabs: bool = False
    literal: bool = True


def detect(text: str, root: Node) -> Style:
    """Measure the style of a file.

    Args:
        text: The file.
        root: Its root node.
    """
    windows = text.count("\r\n") * 2 > text.count("\n")
    return Style(
        newline="\r\n" if windows else "\n",
        step=_step(root),
        dash=_dash(root),
        quote='"' if text.count('"') > text.count("'") else "'",
        short=_SHORT_TAG.search(text) is not None or _LONG_NAME.search(text) is None,
        compact="\n" not in text.strip(),
        ascii=text.isascii(),
        tabs="\n\t" in text,
    )


def _step(root: Node) -> int:
    for key, child in root.pairs() if root.kind is MAPPING else ():
        inner = child.children[0] if child.kind is MAPPING and child.children else None
        if inner is not None and inner.line > key.line and inner.column > key.column:
            return inner.column - key.column
    return 2


def _dash(root: Node) -> int:
    for index, (key, child) in enumerate(_all_pairs(root)):
        if child.kind is SEQUENCE and child.children and not child.flow and not child.tag:
            return max(0, min(child.column - key.column, 4))
        if index > _NODES_LOOKED_AT:
            break
    return 2


def _all_pairs(node: Node) -> Iterator[tuple[Node, Node]]:
    if node.kind is MAPPING:
        for key, child in node.pairs():
            yield key, child
            yield from _all_pairs(child)
    else:
        for child in node.children:
            yield from _all_pairs(child)
