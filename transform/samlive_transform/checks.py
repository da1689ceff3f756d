"""Refuses a template that SAM would refuse anyway, before anything is rewritten."""

from difflib import get_close_matches
from typing import Any, NoReturn

from samlive_transform.errors import TemplateError
from samlive_transform.model import Template
from samlive_transform.origin import Origin
from samlive_transform.sam_globals import FUNCTION_KEYS, SECTIONS
from samlive_transform.steps import Path


def check(source: Origin) -> None:
    """Check the sections that a rewrite relies on.

    Raises:
        TemplateError: Says what was found, where, and what is allowed.
    """
    for section in ("Parameters", "Globals", "Conditions", "Mappings", "Outputs"):
        found = source.tree.get(section)
        if found is not None and not isinstance(found, dict):
            _refuse(
                source,
                (section,),
                f"the section '{section}' is no mapping",
                "Write it as keys and values.",
            )
    shared = source.tree.get("Globals") or {}
    _check_keys(source, shared, SECTIONS, ("Globals",))
    function = shared.get("Function")
    if function is None:
        return
    if not isinstance(function, dict):
        _refuse(
            source,
            ("Globals", "Function"),
            "'Globals.Function' is no mapping",
            "Write it as keys and values.",
        )
    _check_keys(source, function, FUNCTION_KEYS, ("Globals", "Function"))


def check_functions(source: Origin, template: Template) -> None:
    """Check that functions have the shape that every rule relies on.

    Raises:
        TemplateError: Properties or Metadata of a function are no mapping.
    """
    for function in template.functions.values():
        for key in ("Properties", "Metadata"):
            found = function.body.get(key)
            if found is not None and not isinstance(found, dict):
                _refuse(
                    source,
                    (*function.path, key),
                    f"the {key} of {function.id} are no mapping",
                    "Write them as keys and values.",
                )


def _check_keys(
    source: Origin, found: dict[str, Any], known: frozenset[str], path: tuple[str, ...]
) -> None:
    for key in found:
        if key in known:
            continue
        near = get_close_matches(key, known, 1)
        hint = f"Did you mean {near[0]}?" if near else f"SAM knows {', '.join(sorted(known))}."
        _refuse(source, (*path, key), f"SAM knows no '{key}' in '{'.'.join(path)}'", hint)


def _refuse(source: Origin, path: Path, message: str, hint: str) -> NoReturn:
    raise TemplateError(message, hint, source.name, source.line(path))
