"""Gives written-out physical names and export names the stage's name as a suffix.

Two stacks of one account cannot both hold a table called "orders". A name that
is written out, or made of the account and region alone, would collide with the
stage that is already deployed. Who mentions such a name by text (an ARN, a
variable, a policy template) is made to follow; who refers by `Ref` or
`Fn::GetAtt` follows anyway. When taking over an existing stack (`--adopt`)
names stay, as another name would replace the resource.
"""

from collections.abc import Iterator
from typing import Any

from samlive_transform.intrinsics import intrinsic, placeholders, references, sub_parts, walk
from samlive_transform.mentions import Renamed, follow
from samlive_transform.model import FOR_EACH, Resource, is_loop, written
from samlive_transform.physical_names import EVENT_NAMES, EXPORT, FIXED, NAMES, Name
from samlive_transform.steps import REMOVED, Note, Path, Step, at
from samlive_transform.triggers import events
from samlive_transform.view import Decision, View

_REASON = "the name is taken by the stage that is already deployed in the account"
_FOLLOWS = "a template nested in the same stack exports it under this name"
_GIVEN = "is made of parameters alone: give them values of this stage's own, or it may be taken"
_DOMAIN = "names a domain, which samlive does not change: another stage may hold it already"
_ACCOUNT = frozenset({"AWS::AccountId", "AWS::Partition", "AWS::Region", "AWS::URLSuffix"})


def rule(view: View) -> Iterator[Decision]:
    """Yield the stage's own names, and the mentions that follow them."""
    if view.options.adopt:
        return
    renamed: list[Renamed] = []
    for path, name, kind in _places(view):
        value = at(view.template.tree, path)
        wanted = suffixed(value, name, view.options.stage)
        if wanted is not None and wanted != value:
            yield Step(path, wanted, _REASON)
            if isinstance(value, str):
                renamed.append(Renamed(kind, value, wanted, path))
        elif wanted is None and _parameters_only(value, view):
            yield Note(path, f"its {path[-1]} {_GIVEN}")
    yield from follow(view.template, renamed)
    yield from _imports(view)
    for resource in view.template.of_type(*FIXED):
        path = resource.at(*FIXED[resource.type].split("."))
        if isinstance(at(view.template.tree, path), str | list):
            yield Note(path, _DOMAIN)


def _imports(view: View) -> Iterator[Step]:
    """Imports from a template of the same tree follow its exports."""
    if not view.exports:
        return
    for path, value in walk(view.template.section("Resources"), ("Resources",)):
        if path[-1] == "Fn::ImportValue" and written(value) in view.exports:
            wanted = suffixed(value, EXPORT, view.options.stage)
            if wanted is not None and wanted != value:
                yield Step(path, wanted, _FOLLOWS)


def suffixed(value: Any, name: Name, stage: str) -> Any:
    """Return a physical name with the stage as suffix.

    Args:
        value: The name as written.
        name: What the name may look like.
        stage: The stage.

    Returns:
        The new name, value itself when it has the suffix, None when it is not
        written out.
    """
    text = stage.lower() if name.lower else stage
    text = text.replace("-", "_") if name.joint == "_" else text
    suffix = name.joint + text
    if isinstance(value, str):
        return None if "{{resolve:" in value else _text(value, suffix, name.limit)
    if not _account_only(value):
        return None
    parts = sub_parts(value)
    if parts and not parts[1]:
        return {"Fn::Sub": _text(parts[0], suffix, None)}
    wrapped = at(value, ("Fn::Join", 1))
    done = isinstance(wrapped, list) and wrapped[-1:] == [suffix]
    return value if done else {"Fn::Join": ["", [value, suffix]]}


def _text(text: str, suffix: str, limit: int | None) -> str:
    fifo = ".fifo" if text.endswith(".fifo") else ""
    base = text.removesuffix(fifo) if fifo else text
    if base.endswith(suffix) or base.endswith("$default") or base == "default":
        return text
    if limit is not None:
        base = base[: limit - len(suffix) - len(fifo)].rstrip("-_.")
    return base + suffix + fifo


def _account_only(value: Any) -> bool:
    """Tell whether an intrinsic depends on account and region alone."""
    if intrinsic(value) not in ("Fn::Sub", "Fn::Join"):
        return False
    parts = sub_parts(value)
    if parts and parts[1]:
        return False
    names = placeholders(parts[0]) if parts else [name for name, _ in references(value)]
    nested = any(key in str(value) for key in ("Fn::ImportValue", "Fn::FindInMap", "Fn::If"))
    return not nested and set(names) <= _ACCOUNT


def _parameters_only(value: Any, view: View) -> bool:
    if not isinstance(value, dict):
        return False
    names = {name for name, _ in references(value)}
    parameters = view.template.section("Parameters")
    return bool(names) and all(name in parameters or name in _ACCOUNT for name in names)


def _places(view: View) -> Iterator[tuple[Path, Name, str]]:
    """Yield (path, name, type) of every physical name that is there."""
    for resource in view.template.resources.values():
        if name := NAMES.get(resource.type):
            path = resource.at(*name.path.split("."))
            if at(view.template.tree, path) is not REMOVED:
                yield path, name, resource.type
        if resource.type.startswith("AWS::Serverless::"):
            yield from _event_names(resource)
    yield from _exports(view.template.section("Outputs"), ("Outputs",))


def _exports(outputs: dict[str, Any], path: Path) -> Iterator[tuple[Path, Name, str]]:
    for id, output in outputs.items():
        if id.startswith(FOR_EACH):
            if is_loop(output):
                yield from _exports(output[2], (*path, id, 2))
        elif at(output, ("Export", "Name")) is not REMOVED:
            yield (*path, id, "Export", "Name"), EXPORT, "export"


def _event_names(resource: Resource) -> Iterator[tuple[Path, Name, str]]:
    for _, kind, properties, path in events(resource):
        name = EVENT_NAMES.get(kind)
        if name and name.path in properties:
            yield (*path, name.path), name, "AWS::Events::Rule"
