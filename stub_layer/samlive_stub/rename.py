"""Gives local variables and parameters names of one letter, function by function.

The most frequent one of a function is called "a", the next "b": so much alike,
functions compress better than with any names that are the same everywhere. All
of a function is one unit, with the functions and comprehensions in it: a name is
replaced everywhere in the unit or not at all. It stays

- where it means something outside: it is the keyword of some call or a parameter
  by keyword alone (which a call with ** may name), global somewhere in the module,
  or used by a decorator or a default;
- where the parser's position of it is none in every version of Python: within an
  f-string, behind `except … as`, in an import, as the name of a function.
"""

import ast
import symtable
from collections.abc import Collection, Iterator
from string import ascii_letters

from .cuts import Source


def rename(sources: Collection[Source]) -> None:
    """Rename what is local in all functions of the modules.

    Args:
        sources: All modules of the layer, without annotations.
    """
    keywords = {
        node.arg
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.keyword)
    }
    for source in sources:
        outer = set(_global_names(symtable.symtable(source.text(), "layer", "exec")))
        for unit in _units(source.tree):
            _rename_in(source, unit, keywords | outer)


def _units(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in tree.body:
        for each in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(each, ast.FunctionDef):
                yield each


def _global_names(table: symtable.SymbolTable) -> Iterator[str]:
    for child in table.get_children():
        yield from (each.get_name() for each in child.get_symbols() if each.is_global())
        yield from _global_names(child)


def _rename_in(source: Source, unit: ast.FunctionDef, taken: Collection[str | None]) -> None:
    places: dict[str, list[ast.Name | ast.arg]] = {}
    bound = set()
    for node in ast.walk(unit):
        match node:
            case ast.arg(arg=name):
                places.setdefault(name, []).append(node)
                bound.add(name)
            case ast.Name(id=name, ctx=context):
                places.setdefault(name, []).append(node)
                if isinstance(context, ast.Store):
                    bound.add(name)
            case ast.ClassDef() | ast.Match() | ast.Global() | ast.Nonlocal():
                return  # the layer has none of them, so nobody knows what they need
    fixed = {"self", *taken, *_fixed_names(unit)}
    found = sorted(bound - fixed, key=lambda name: (-len(places[name]), name))
    letters = (letter for letter in ascii_letters if letter not in places and letter not in fixed)
    for name, letter in zip(found, letters, strict=False):
        for node in places[name]:
            start = source.start(node)
            source.replace(start, start + len(name.encode()), letter)


def _fixed_names(unit: ast.FunctionDef) -> Iterator[str]:
    """Yield the names that have a place in the unit where they cannot be replaced."""
    for node in ast.walk(unit):
        nodes: list[ast.expr] = []
        match node:
            case ast.ExceptHandler(name=str(name)):
                yield name
            case ast.alias(name=name, asname=other):
                yield other or name.split(".")[0]
            case ast.JoinedStr():
                nodes = [node]
            case ast.arguments(kwonlyargs=named, defaults=defaults, kw_defaults=more):
                yield from (each.arg for each in named)
                nodes = [*defaults, *(each for each in more if each)]
            case ast.FunctionDef(name=name, decorator_list=decorators):
                yield name
                nodes = decorators
        for each in nodes:
            yield from (part.id for part in ast.walk(each) if isinstance(part, ast.Name))
