"""Leaves out what no module of the layer mentions: the relay's half, mostly.

The package serves both ends of the wire, and many of its modules hold a function,
a constant or a method that only the relay uses. Instead of a list that somebody
would have to keep, names decide: a definition stays as long as its name is
mentioned anywhere in the layer outside of itself, be it another thing of the same
name. So too much may stay, never too little, as long as nothing is looked up by a
name that is put together, and no assignment in a module is there for its effect.
"""

import ast
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from .cuts import Source


class _Piece:
    """A statement of a module or of a class in it, with the names that it mentions."""

    def __init__(self, node: ast.stmt, body: list[ast.stmt]) -> None:
        self.node = node
        self.body = body
        self.names = _defined(node)
        self.parts: list[_Piece] = []
        if isinstance(node, ast.ClassDef):
            self.parts = [_Piece(part, node.body) for part in node.body]
            nodes: Iterable[ast.AST] = (*node.bases, *node.decorator_list)
        else:
            nodes = (node,)
        self._own = Counter(name for each in nodes for name in _mentions(each))

    def mentions(self) -> Counter[str]:
        """Return how often it mentions what."""
        return _total((part.mentions() for part in self.parts), self._own)

    def shake(self, source: Source, mentions: Counter[str]) -> bool:
        """Leave out what can be of it; tell whether it is gone as a whole."""
        if self.names:
            own = self.mentions()
            if all(mentions[name] == own[name] for name in self.names):
                source.drop(self.body, [self.node])
                mentions.subtract(own)
                return True
        self.parts = [part for part in self.parts if not part.shake(source, mentions)]
        return False


def shake(sources: Collection[Source], wanted: Collection[str]) -> None:
    """Cut out of the modules what is not mentioned.

    Args:
        sources: All modules of the layer, without annotations.
        wanted: Names that are mentioned from outside.
    """
    pieces = [
        (source, _Piece(node, source.tree.body)) for source in sources for node in source.tree.body
    ]
    mentions = _total((piece.mentions() for _, piece in pieces), wanted)
    before = -1
    while mentions.total() != before:
        before = mentions.total()
        pieces = [each for each in pieces if not each[1].shake(each[0], mentions)]
    for source in sources:
        used = _total(piece.mentions() for origin, piece in pieces if origin is source)
        _trim_imports(source, used)


def _total(counts: Iterable[Counter[str]], first: Iterable[str] = ()) -> Counter[str]:
    total = Counter(first)
    for each in counts:
        total.update(each)  # `sum` would copy it each time
    return total


def _trim_imports(source: Source, used: Counter[str]) -> None:
    for node in list(source.tree.body):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        kept = [each for each in node.names if used[(each.asname or each.name).split(".")[0]]]
        if not kept:
            source.drop(source.tree.body, [node])
        elif kept != node.names:
            node.names = kept
            source.replace(source.start(node), source.end(node), ast.unparse(node))


def _defined(node: ast.stmt) -> list[str]:
    """Return the names that a statement defines; none when it has to stay."""
    names: list[str] = []
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        names = [node.name]
    elif isinstance(node, ast.Assign):
        parts = (part for target in node.targets for part in _flat(target))
        names = [part.id for part in parts if isinstance(part, ast.Name)]
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        names = [node.target.id]
    return [] if any(name.startswith("__") for name in names) else names


def _flat(target: ast.expr) -> Iterable[ast.expr]:
    return target.elts if isinstance(target, ast.Tuple) else (target,)


def _mentions(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name):
                yield name
            case ast.Constant(value=str(name)) | ast.keyword(arg=str(name)):
                yield name
            case ast.alias(name=name, asname=str()):
                yield name
