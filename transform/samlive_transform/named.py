"""The physical names that a rewritten template asks for, as far as they are known.

A name can be taken: by the stage of somebody else, by a resource that was made by hand, or by
what an earlier stage left behind. Whoever deploys can look, once the names are listed. Names that
depend on another stack or on what nobody has said are left out, and so are resources whose
condition does not hold for sure.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from samlive_transform.intrinsics import references
from samlive_transform.model import FOR_EACH
from samlive_transform.physical_names import EVENT_NAMES, NAMES
from samlive_transform.resolve import Resolver
from samlive_transform.steps import REMOVED, at

if TYPE_CHECKING:
    from samlive_transform.rewrite import Result

EXPORT_TYPE = "export"
_BUS = "EventBusName"
_RULE = "AWS::Events::Rule"
_SCHEDULE = "AWS::Scheduler::Schedule"


@dataclass(frozen=True, slots=True)
class Named:
    """One name that a deploy will claim.

    Args:
        type: Type of the resource, or `EXPORT_TYPE`.
        name: The name.
        logical_id: Resource or output, as "Child/Id" when nested.
        property: Last part of the property's path.
        place: File and line.
        parameters: Parameters that the name depends on.
    """

    type: str
    name: str
    logical_id: str
    property: str
    place: str
    parameters: tuple[str, ...] = ()


def named(
    result: "Result", parameters: Mapping[str, str], pseudo: Mapping[str, str]
) -> tuple[Named, ...]:
    """Return the physical names of a rewritten template and of those nested in it.

    Args:
        result: The rewritten template.
        parameters: Values that its parameters will have; defaults fill the rest.
        pseudo: Values of pseudo parameters, such as "AWS::Region".
    """
    return tuple(_template(result, parameters, pseudo, ""))


def _template(
    result: "Result", parameters: Mapping[str, str], pseudo: Mapping[str, str], prefix: str
) -> Iterator[Named]:
    tree = result.template
    declared = tree.get("Parameters")
    known = {**(declared if isinstance(declared, dict) else {}), **{key: {} for key in pseudo}}
    # What a parent gives to a nested template is not followed: its defaults would be guesses.
    unknown = frozenset(declared or ()) if prefix else frozenset()
    resolver = Resolver({**tree, "Parameters": known}, {**parameters, **pseudo}, unknown)
    for path, kind, property in _places(tree, resolver):
        value = at(tree, path)
        name = resolver.text(value)
        if name and "{{resolve:" not in name:
            used = {used for used, _ in references(value)} & set(declared or ())
            place = f"{result.source.name}:{result.source.line(path)}"
            id = prefix + str(path[1])
            yield Named(kind, name, id, property, place, tuple(sorted(used)))
    for child in result.nested:
        logical_id = child.artifact.logical_id
        yield from _template(child.result, {}, pseudo, f"{logical_id}/")


def _places(
    tree: Mapping[str, Any], resolver: Resolver
) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Yield path, type and property of everything that may hold a name."""
    for id, body in _section(tree, "Resources", resolver):
        kind = str(body.get("Type"))
        own = body.get("Properties")
        properties = own if isinstance(own, dict) else {}
        name = NAMES.get(kind)
        if name and not (kind == _RULE and properties.get(_BUS)):
            path = ("Resources", id, "Properties", *name.path.split("."))
            if at(tree, path) is not REMOVED:
                yield path, kind, name.path.rpartition(".")[2]
        if kind.startswith("AWS::Serverless::"):
            yield from _events(id, properties)
    for id, _ in _section(tree, "Outputs", resolver):
        if at(tree, ("Outputs", id, "Export", "Name")) is not REMOVED:
            yield ("Outputs", id, "Export", "Name"), EXPORT_TYPE, "Export.Name"


def _section(
    tree: Mapping[str, Any], name: str, resolver: Resolver
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what a section holds for sure: no loops, no condition that is open."""
    found = tree.get(name)
    for id, body in found.items() if isinstance(found, dict) else ():
        if id.startswith(FOR_EACH) or not isinstance(body, dict):
            continue
        if "Condition" not in body or resolver.condition(body["Condition"]):
            yield id, body


def _events(
    id: str, properties: Mapping[str, Any]
) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    events = properties.get("Events")
    for event, body in events.items() if isinstance(events, dict) else ():
        if not isinstance(body, dict):
            continue
        name = EVENT_NAMES.get(str(body.get("Type")))
        own = body.get("Properties")
        if name and isinstance(own, dict) and name.path in own and _BUS not in own:
            kind = _SCHEDULE if body["Type"] == "ScheduleV2" else _RULE
            path = ("Resources", id, "Properties", "Events", event, "Properties", name.path)
            yield path, kind, name.path
