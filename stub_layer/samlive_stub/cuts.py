"""A source, and the pieces that are cut out of it by the positions that `ast` gives.

Whatever goes leaves its line breaks behind, so every line that stays has the
number it had. Positions are the parser's, which are the same in every version of
Python. What is cut is taken out of `tree` too.
"""

import ast
from collections.abc import Collection


class Source:
    """One module that is being cut.

    Args:
        text: The module.

    Raises:
        SyntaxError: It is no Python.
    """

    def __init__(self, text: str) -> None:
        self.tree = ast.parse(text)
        self._bytes = text.encode()
        self._starts = [0]
        for line in self._bytes.split(b"\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)
        self._cuts: list[tuple[int, int, bytes]] = []

    def start(self, node: ast.expr | ast.stmt | ast.arg) -> int:
        """Return where a node begins, in bytes; a definition begins with its decorators."""
        decorators: list[ast.expr] = getattr(node, "decorator_list", [])
        if decorators:
            return self._bytes.rindex(b"@", 0, self.start(decorators[0]))
        return self._starts[node.lineno - 1] + node.col_offset

    def end(self, node: ast.expr | ast.stmt | ast.arg) -> int:
        """Return where a node ends, in bytes."""
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self._starts[node.end_lineno - 1] + node.end_col_offset

    def last(self, text: bytes, before: int) -> int:
        """Return where a text is found last before a place."""
        return self._bytes.rindex(text, 0, before)

    def replace(self, start: int, end: int, text: str = "") -> None:
        """Replace what is between two places, if it is not within something that goes."""
        lines = self._bytes.count(b"\n", start, end)
        self._cuts.append((start, end, text.encode() + b"\n" * lines))

    def drop(self, body: list[ast.stmt], gone: Collection[ast.stmt]) -> None:
        """Take statements out of a body; one that would be empty gets a 0 to hold."""
        for node in gone:
            empty = len(body) == 1
            self.replace(self.start(node), self.end(node), "0" if empty else "")
            body.remove(node)
            if empty:
                body.append(ast.Expr(ast.Constant(0)))

    def text(self) -> str:
        """Return what is left."""
        pieces: list[bytes] = []
        at = 0
        for start, end, text in sorted(self._cuts):
            if start >= at:
                pieces += (self._bytes[at:start], text)
                at = end
        return b"".join((*pieces, self._bytes[at:])).decode()
