"""Makes a module's source small for the layer; every line keeps its number.

What a running stub has no use for goes: comments, docstrings, annotations,
assertions (they only tell a type checker what it cannot see), what is under
`if TYPE_CHECKING`, spaces between tokens, and all indentation but one tab a level.
So the line numbers of a traceback in a function's log are those of the package.
"""

import ast
import io
import token
import tokenize
from collections.abc import Iterator

from .cuts import Source

_SILENT = frozenset(
    (
        tokenize.COMMENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
        tokenize.INDENT,
        tokenize.NEWLINE,
        tokenize.NL,
    )
)
_FSTRING_START = getattr(token, "FSTRING_START", None)
_FSTRING_END = getattr(token, "FSTRING_END", None)
"""Python 3.11 reads an f-string as one token, later ones as many."""


def shrink(text: str) -> str:
    """Return source that does the same on the same lines.

    Args:
        text: A module, ASCII or not.

    Raises:
        SyntaxError: It is no Python.
    """
    source = Source(text)
    strip(source)
    return squeeze(source.text())


def strip(source: Source) -> None:
    """Cut out of a module what a running stub has no use for."""
    for node in ast.walk(source.tree):
        for body in (getattr(node, "body", None), getattr(node, "orelse", None)):
            if isinstance(body, list):
                source.drop(body, [each for each in body if _is_idle(each)])
        if isinstance(node, ast.arg) and node.annotation:
            name = source.start(node) + len(node.arg.encode())
            source.replace(name, source.end(node.annotation))
            node.annotation = None
        elif isinstance(node, ast.FunctionDef) and node.returns:
            arrow = source.last(b"->", source.start(node.returns))
            source.replace(arrow, source.end(node.returns))
            node.returns = None
        elif isinstance(node, ast.AnnAssign):
            source.replace(source.end(node.target), source.end(node.annotation))
            node.annotation = ast.Constant(None)


def _is_idle(node: ast.stmt) -> bool:
    match node:
        case ast.Assert() | ast.Expr(value=ast.Constant()) | ast.AnnAssign(value=None):
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
    return False


def squeeze(source: str) -> str:
    """Return source without comments and without the spaces that it can do without."""
    parts: list[str] = []
    depth, at_line, last = 0, 1, ""
    begins = True
    for kind, text, line in _tokens(source):
        if kind in _SILENT:
            depth += (kind == tokenize.INDENT) - (kind == tokenize.DEDENT)
            begins = begins or kind == tokenize.NEWLINE
            continue
        if line > at_line:
            parts.append("\n" * (line - at_line))
            last = ""
        if begins:
            parts.append("\t" * depth)
        elif last and _is_word(last[-1]) and _is_word(text[0]):
            parts.append(" ")
        parts.append(text)
        begins, last, at_line = False, text, line + text.count("\n")
    return "".join(parts)


def _tokens(source: str) -> Iterator[tuple[int, str, int]]:
    """Yield kind, text and line of each token, an f-string as one of them."""
    lines = source.split("\n")
    inside, start = 0, (0, 0)
    for each in tokenize.generate_tokens(io.StringIO(source).readline):
        if each.type == _FSTRING_START:
            start = start if inside else each.start
            inside += 1
        if not inside:
            yield each.type, each.string, each.start[0]
        if each.type == _FSTRING_END:
            inside -= 1
            if not inside:
                yield tokenize.STRING, _between(lines, start, each.end), start[0]


def _between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    rows = lines[start[0] - 1 : end[0]]
    rows[-1] = rows[-1][: end[1]]
    rows[0] = rows[0][start[1] :]
    return "\n".join(rows)


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
