"""What the layer's build does to sources: smaller, and the same on the same lines."""

import ast
import builtins
import re
import types
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from samlive_stub.cuts import Source
from samlive_stub.layer import NOT_SHIPPED, modules_of_layer
from samlive_stub.shake import shake
from samlive_stub.shrink import shrink

PACKAGE = Path(str(files("samlive_stub")))
SHIPPED = [path for path in sorted(PACKAGE.glob("*.py")) if path.stem not in NOT_SHIPPED]
DEFINITION = ast.FunctionDef | ast.ClassDef


def test_what_is_no_python_is_refused() -> None:
    with pytest.raises(SyntaxError):
        shrink("def")


class Bare(ast.NodeTransformer):
    """Takes out what nothing depends on at run time; written without the product's code."""

    def visit(self, node: ast.AST) -> Any:
        for name in ("body", "orelse"):
            body = getattr(node, name, None)
            if isinstance(body, list):
                setattr(node, name, [each for each in body if not self.idle(each)])
        return super().visit(node)

    @staticmethod
    def idle(node: ast.stmt) -> bool:
        text = ast.unparse(node).lstrip()
        return (
            isinstance(node, ast.Assert)
            or text.startswith(("'", '"', "if TYPE_CHECKING:"))
            or text.strip() == "0"
            or (isinstance(node, ast.AnnAssign) and node.value is None)
        )

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        assert node.value
        return ast.copy_location(ast.Assign([node.target], node.value), node)


def bare(source: str) -> tuple[str, list[tuple[str, int]]]:
    """Return a dump without what is idle, and the line of each statement."""
    tree = Bare().visit(ast.parse(source))
    statements = (node for node in ast.walk(tree) if isinstance(node, ast.stmt))
    return ast.dump(tree), [(type(node).__name__, node.lineno) for node in statements]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shrinking_keeps_lines_and_meaning(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    small = shrink(source)
    assert small.count("\n") <= source.count("\n")
    assert '"""' not in small and "assert " not in small
    assert not re.search(r"^\s*#|[ \t]$", small, re.MULTILINE)
    assert bare(small) == bare(source)


@pytest.mark.parametrize(
    ("source", "small"),
    [
        (
            "a = '# no'  # yes\ndef f():\n    '''d\n    d'''\nb = 1\n",
            "a='# no'\ndef f():\n\t0\n\nb=1",
        ),
        ("def f():\n    '''d'''\n    return 'r'", "def f():\n\n\treturn'r'"),
        ("def f(a: int, *b: 'x', c: 'ä' = 1) -> 'é | None': return a", "def f(a,*b,c=1):return a"),
        ("def f(\n    a: tuple[\n        int\n    ]\n) -> None: pass", "def f(\na\n\n\n):pass"),
        ("class A:\n    a: int\n    b: int = 2", "class A:\n\n\tb=2"),
        ("class A:\n    a: int\n    b: str\nc = 1", "class A:\n\n\t0\nc=1"),
        (
            "def f():\n    assert 1\n    assert (\n        2\n    )\na = 1",
            "def f():\n\n\t0\n\n\na=1",
        ),
        ("if a:\n    b()\nelse:\n    assert c\nd = 1", "if a:\n\tb()\nelse:\n\t0\nd=1"),
        ("if TYPE_CHECKING:\n    from a import b\nc = 1", "\n\nc=1"),
        ("@ a . b\ndef f(): pass", "@a.b\ndef f():pass"),
        ("a = f'{b + 1:>{c + 2}} {d = }' if e else - 1", "a=f'{b + 1:>{c + 2}} {d = }'if e else-1"),
        ("a = 1 if b else 0x1f or c", "a=1 if b else 0x1f or c"),
        (
            "a = 'b' \\\n    'c'; d = '''e\n  f'''; g = 1\nh = 2",
            "a='b'\n'c';d='''e\n  f''';g=1\nh=2",
        ),
        (
            "for a in b :\n    while c :\n        d(* e, ** f)\ng()",
            "for a in b:\n\twhile c:\n\t\td(*e,**f)\ng()",
        ),
        ("a = lambda : (\n    # why\n    b ,\n)", "a=lambda:(\n\nb,\n)"),
    ],
)
def test_what_goes(source: str, small: str) -> None:
    assert shrink(source) == small


def shaken(*modules: str) -> list[str]:
    sources = [Source(text) for text in modules]
    shake(sources, ["main"])
    return [source.text() for source in sources]


def test_a_name_that_is_mentioned_elsewhere_stays_whatever_it_means_there() -> None:
    first = "def a(): pass\ndef b(): pass\nc = 1\ndef d(): pass\n"
    second = "def main():\n    x.a\n    f(b=1)\n    g('c')\n    from m import d as e\n"
    assert shaken(first, second) == [first, second]


def test_what_has_an_effect_or_belongs_to_python_stays() -> None:
    text = (
        "f()\nx.y = 1\n__all__ = ['z']\nclass main:\n    __slots__ = ()\n    def __len__(self): 0\n"
    )
    assert shaken(text) == [text]


@pytest.mark.parametrize(
    ("source", "small"),
    [
        ("a = 1\nmain = 2", "\nmain = 2"),
        ("a, b = 1, 2\nmain = b", "a, b = 1, 2\nmain = b"),
        ("a = 1\nb = a\nc = b\nmain = 2", "\n\n\nmain = 2"),
        ("def a(): a()\ndef main(): 0", "\ndef main(): 0"),
        ("@cache\ndef a(\n    b\n):\n    c\ndef main(): 0", "\n\n\n\n\ndef main(): 0"),
        ("class main:\n    def a(self): self.a()", "class main:\n    0"),
        ("class main:\n    a = 1\n    def b(self): self.a", "class main:\n    0\n    "),
        ("class A:\n    def b(self): return A\nmain = 1", "\n\nmain = 1"),
        (
            "from a import B, c\nimport d\nimport e.f\nmain = c, e",
            "from a import c\n\nimport e.f\nmain = c, e",
        ),
        (
            "from a import (\n    b,\n    c as d,\n)\nmain = d",
            "from a import c as d\n\n\n\nmain = d",
        ),
    ],
)
def test_what_is_not_mentioned_goes(source: str, small: str) -> None:
    assert shaken(source) == [small]


def test_modules_are_seen_together() -> None:
    assert shaken("def a(): b()\ndef b(): 0", "from a import a\ndef main(): 0") == [
        "\n0",
        "\ndef main(): 0",
    ]


def functions(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield from functions(each)


def defined(tree: ast.Module) -> set[str]:
    names = {node.name for node in tree.body if isinstance(node, DEFINITION)}
    for node in ast.walk(tree):
        if isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


def test_nothing_is_missing_that_a_module_of_the_layer_needs() -> None:
    trees = {name: ast.parse(text) for name, text in modules_of_layer().items()}
    assert len(trees) == len(SHIPPED)
    for tree in trees.values():
        known = defined(tree) | set(dir(builtins)) | {"__file__", "__package__", "__name__"}
        loaded = {
            node.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        }
        arguments = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        handlers = {node.name for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)}
        assert loaded <= known | arguments | handlers
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.level:
                for alias in node.names:
                    found = defined(trees[node.module]) if node.module else trees.keys()
                    assert alias.name in found


def test_the_relays_half_is_left_out() -> None:
    text = "\n".join(modules_of_layer().values())
    assert "StubSide" in text
    for name in ("RESPONDER", "decode_offsets", "relay_client_id", "held_back", "STUB_ACCESS"):
        assert name not in text
