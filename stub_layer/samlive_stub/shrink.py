"""Makes a module's source small for the layer; every line keeps its number.

What a running stub has no use for goes: comments, docstrings, annotations, the
imports that only annotations needed (`collections.abc` alone would cost a cold
start 2 ms), and three of four spaces of each indentation. So the line numbers of
a traceback in a function's log are those of the package.
"""

import ast
import io
import re
import tokenize

_INDENTATION = re.compile(r"^(?: {4})+", re.MULTILINE)


def shrink(source: str) -> str:
    """Return source that does the same on the same lines.

    Args:
        source: A module, formatted with four spaces, ASCII or not.

    Raises:
        SyntaxError: It is no Python.
    """
    text = _without_annotations(_without_comments(_without_docstrings(source)))
    text = _without_unused_imports(text)
    text = _INDENTATION.sub(lambda found: "\t" * (len(found[0]) // 4), text)
    return "\n".join(line.rstrip() for line in text.split("\n"))


class _Cuts:
    """Pieces of a source to be replaced, by the positions that `ast` gives."""

    def __init__(self, source: str) -> None:
        self.tree = ast.parse(source)
        self._source = source.encode()
        self._starts = [0]
        for line in self._source.split(b"\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)
        self._cuts: list[tuple[int, int, bytes]] = []

    def at(self, line: int, column: int) -> int:
        return self._starts[line - 1] + column

    def start(self, node: ast.expr | ast.stmt | ast.arg) -> int:
        return self.at(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt | ast.arg) -> int:
        return self.at(node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)

    def arrow(self, before: int) -> int:
        return self._source.rindex(b"->", 0, before)

    def replace(self, start: int, end: int, text: str = "") -> None:
        lines = self._source.count(b"\n", start, end)
        self._cuts.append((start, end, text.encode() + b"\n" * lines))

    def text(self) -> str:
        result = self._source
        for start, end, text in sorted(self._cuts, reverse=True):
            result = result[:start] + text + result[end:]
        return result.decode()


def _without_docstrings(source: str) -> str:
    cuts = _Cuts(source)
    for node in ast.walk(cuts.tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            # A body may hold nothing else.
            cuts.replace(cuts.start(node), cuts.end(node), "0")
    return cuts.text()


def _without_comments(source: str) -> str:
    lines = source.split("\n")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    return "\n".join(lines)


def _without_annotations(source: str) -> str:
    cuts = _Cuts(source)
    for node in ast.walk(cuts.tree):
        if isinstance(node, ast.arg) and node.annotation:
            name = cuts.start(node) + len(node.arg.encode())
            cuts.replace(name, cuts.end(node.annotation))
        elif isinstance(node, ast.FunctionDef) and node.returns:
            end = cuts.end(node.returns)
            cuts.replace(cuts.arrow(cuts.start(node.returns)), end)
        elif isinstance(node, ast.AnnAssign) and node.value:
            cuts.replace(cuts.end(node.target), cuts.end(node.annotation))
        elif isinstance(node, ast.AnnAssign):
            cuts.replace(cuts.start(node), cuts.end(node), "0")
    return cuts.text()


def _without_unused_imports(source: str) -> str:
    cuts = _Cuts(source)
    used = {node.id for node in ast.walk(cuts.tree) if isinstance(node, ast.Name)}
    for node in cuts.tree.body:
        if isinstance(node, ast.ImportFrom):
            kept = [each for each in node.names if (each.asname or each.name) in used]
            if not kept:
                cuts.replace(cuts.start(node), cuts.end(node), "0")
            elif kept != node.names:
                node.names = kept
                cuts.replace(cuts.start(node), cuts.end(node), ast.unparse(node))
    return cuts.text()
