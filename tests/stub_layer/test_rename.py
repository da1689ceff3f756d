"""Short names of local variables: every function of the layer is the same with them."""

import ast
import symtable
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from samlive_stub.cuts import Source
from samlive_stub.layer import ENTRIES, NOT_SHIPPED, modules_of_layer
from samlive_stub.rename import rename
from samlive_stub.shake import shake
from samlive_stub.shrink import strip

PACKAGE = Path(str(files("samlive_stub")))


def renamed(*modules: str) -> str:
    sources = [Source(text) for text in modules]
    rename(sources)
    return sources[0].text()


@pytest.mark.parametrize(
    "source",
    [
        "def f(some): g(some=1)",
        "def f(some=1): 0\nf(some=2)",
        "def f(*, some): some\nf(**{'so' + 'me': 1})",
        "def f(): return [some for some in x], other\nother = some = 1\ndef g(): some",
        "def f(): return [other for other in x], some(other)",
        "def f(): [id for id in x]; id(1)",
        "def f():\n    import some\n    from a import b as c\n    some, c",
        "def f(some): f'{some}'",
        "def f():\n    try: 0\n    except E as some: some",
        "def f():\n    def some(): 0\n    some()",
        "def f():\n    global some\n    some = 1",
        "def f(other):\n    class some: x = other",
        "def f(other):\n    match other:\n        case some: 0",
        "some = 1\ndef f(x=some): [some for some in x]",
        "class A:\n    some = 1\n    def f(a, x=some): [some for some in a]",
        "class A:\n    def f(self): self.some = self",
        "def f(a, b): a = b",
        "def f(): 'some'",
        "some = other = 1",
    ],
)
def test_what_means_something_elsewhere_or_has_no_place_stays(source: str) -> None:
    kept = renamed(source)
    assert ("some" in kept) == ("some" in source) and symbols(kept) == symbols(source)


def test_a_keyword_of_another_module_stays() -> None:
    source = "def f(some): some"
    assert renamed(source, "x.y(some=1)") == source


@pytest.mark.parametrize(
    ("source", "small"),
    [
        ("def f(some, other): other += other", "def f(b, a): a += a"),
        ("def f(*some, **other): other, some", "def f(*b, **a): a, b"),
        (
            "def f(some):\n    import b as a\n    def c(): 0",
            "def f(b):\n    import b as a\n    def c(): 0",
        ),
        ("def f(a, some): return some", "def f(c, b): return b"),
        ("def f(some): return a, b, some", "def f(c): return a, b, c"),
        (
            "class A:\n    def f(self, some): self.some = some",
            "class A:\n    def f(self, a): self.some = a",
        ),
        ("def f(some): return lambda x: some + x", "def f(a): return lambda b: a + b"),
        (
            "def f():\n    for some in x: y[some] = 'ä'; del some",
            "def f():\n    for a in x: y[a] = 'ä'; del a",
        ),
        (
            "def f():\n    some = 1\n    def g(): return some",
            "def f():\n    a = 1\n    def g(): return a",
        ),
        ("def f(x): return {some: x for some in x}", "def f(a): return {b: a for b in a}"),
        ("def f():\n    if some := x: some", "def f():\n    if a := x: a"),
    ],
)
def test_what_is_local_gets_a_letter(source: str, small: str) -> None:
    assert renamed(source) == small


def symbols(text: str) -> list[object]:
    """Return what Python makes of the names of a source that are not local."""

    def read(table: symtable.SymbolTable) -> list[object]:
        outer = sorted(each.get_name() for each in table.get_symbols() if each.is_global())
        return [table.get_name(), outer, [read(child) for child in table.get_children()]]

    return read(symtable.symtable(text, "test", "exec"))


def units(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef):
            yield from (each for each in node.body if isinstance(each, ast.FunctionDef))


def pairs(before: ast.AST, after: ast.AST) -> dict[str, str]:
    """Return which name became which; all else is the same, and no two became one."""
    found: dict[str, str] = {}
    for old, new in zip(ast.walk(before), ast.walk(after), strict=True):
        for field in ("id", "arg") if isinstance(old, ast.Name | ast.arg) else ():
            if hasattr(old, field):
                name, other = getattr(old, field), getattr(new, field)
                assert found.setdefault(name, other) == other
                setattr(new, field, name)
    assert ast.dump(after) == ast.dump(before)
    assert len(set(found.values())) == len(found)
    return found


def test_every_function_of_the_layer_is_the_same_but_for_local_names() -> None:
    paths = [path for path in sorted(PACKAGE.glob("*.py")) if path.stem not in NOT_SHIPPED]
    sources = [Source(path.read_text(encoding="utf-8")) for path in paths]
    for source in sources:
        strip(source)
    shake(sources, ENTRIES)
    long = {path.stem: source.text() for path, source in zip(paths, sources, strict=True)}
    short = modules_of_layer()
    assert long.keys() == short.keys()
    keywords = {
        node.arg
        for text in long.values()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.keyword)
    }
    count = 0
    for name, text in long.items():
        assert symbols(short[name]) == symbols(text)
        before, after = ast.parse(text), ast.parse(short[name])
        for old, new in zip(units(before), units(after), strict=True):
            changed = {was for was, now in pairs(old, new).items() if was != now}
            assert not changed & keywords
            count += len(changed)
        assert ast.dump(after) == ast.dump(before)
    assert count > 500
