"""A template with the local templates nested in it, read as a tree before any is rewritten.

A nested stack shares its parent's deploy: a function of the one may be called
by a custom resource of the other while the stack is being made, through a
parameter or an output. So all templates are read first, and then it is decided
who goes live.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from samlive_transform import includes, steps
from samlive_transform.checks import check, check_functions
from samlive_transform.errors import TransformError
from samlive_transform.intrinsics import references
from samlive_transform.inventory import is_local
from samlive_transform.model import Resource, Template, written
from samlive_transform.options import Options
from samlive_transform.origin import Origin
from samlive_transform.steps import Step

NESTED = {"AWS::Serverless::Application": "Location", "AWS::CloudFormation::Stack": "TemplateURL"}
"""Resource types that hold a template, and the property that says where it is."""

_OUTPUT = "Outputs."


@dataclass(frozen=True)
class Unit:
    """One template of the tree.

    Args:
        source: Where it was read from.
        template: The template, local includes with functions expanded.
        included: The steps that expanded them.
        prefix: "" for the root, "Child/" for a nested one, "Child/Grandchild/" ...
        children: The local nested templates by the logical id of their stack.
    """

    source: Origin
    template: Template
    included: tuple[Step, ...]
    prefix: str = ""
    children: dict[str, "Unit"] = field(default_factory=dict)


def read_units(source: Origin, options: Options) -> Unit:
    """Read a template and the local ones nested in it.

    Raises:
        TransformError: A nested template cannot be read, or it holds itself.
    """
    known = dict(options.parameters)
    return _unit(source, known, frozenset(), "", (source.path.resolve(),) if source.path else ())


def deploy_calls(unit: Unit, tokens: tuple[Any, ...]) -> frozenset[str]:
    """Return the functions of a unit that are called while the stack is being deployed.

    Args:
        unit: The template.
        tokens: Values of its outputs that reach a `ServiceToken` elsewhere.

    Returns:
        Logical ids; those that its own custom resources call are not among them.
    """
    passed = [value for _, value in _passed_tokens(unit)]
    return frozenset(unit.template.called([*tokens, *passed]))


def exports(unit: Unit) -> frozenset[str]:
    """Return the export names of a unit and of those below it, as written."""
    found = {
        written(output["Export"].get("Name"))
        for output in unit.template.section("Outputs").values()
        if isinstance(output, dict) and isinstance(output.get("Export"), dict)
    }
    below = (exports(child) for child in unit.children.values())
    return frozenset(found - {""}).union(*below)


def output_tokens(unit: Unit, child: str, tokens: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the values of a child's outputs that reach a `ServiceToken`."""
    own = [
        r.own["ServiceToken"] for r in unit.template.resources.values() if "ServiceToken" in r.own
    ]
    values = [*own, *tokens, *(value for _, value in _passed_tokens(unit))]
    outputs = unit.children[child].template.section("Outputs")
    names = [
        attribute.removeprefix(_OUTPUT)
        for name, attribute in references(values)
        if name == child and attribute.startswith(_OUTPUT)
    ]
    found = [outputs[name] for name in names if name in outputs]
    return tuple(output.get("Value") for output in found if isinstance(output, dict))


def _unit(
    source: Origin,
    parameters: dict[str, str],
    unknown: frozenset[str],
    prefix: str,
    ancestors: tuple[FilePath, ...],
) -> Unit:
    check(source)
    included = tuple(includes.expand(source))
    template = Template(steps.apply(source.tree, included), parameters, unknown)
    check_functions(source, template)
    children = {}
    for resource in template.of_type(*NESTED):
        path = _local(resource, source)
        if path is not None and not resource.loops:
            place = (source.name, source.line(resource.path))
            child = _child(path, resource.id, ancestors, place)
            known, unclear = _given(resource, template)
            below = f"{prefix}{resource.id}/"
            children[resource.id] = _unit(
                child, known, unclear, below, (*ancestors, path.resolve())
            )
    return Unit(source, template, included, prefix, children)


def _child(
    path: FilePath, id: str, ancestors: tuple[FilePath, ...], place: tuple[str, int]
) -> Origin:
    from samlive_transform.source import read

    if path.resolve() in ancestors:
        raise TransformError(
            f"the nested template {path} of {id} holds itself",
            "A stack cannot contain itself: point it at another template.",
            *place,
        )
    if not path.is_file():
        raise TransformError(
            f"the nested template {path} of {id} does not exist",
            "Build or write it first, or correct the path.",
            *place,
        )
    return read(path)


def _local(resource: Resource, source: Origin) -> FilePath | None:
    """Return the file of a nested template; None when it is remote or not written out."""
    location = resource.own.get(NESTED[resource.type])
    if source.path is None or not isinstance(location, str) or not is_local(location):
        return None
    if location.startswith("arn:"):
        return None
    return source.path.parent / location


def _given(resource: Resource, template: Template) -> tuple[dict[str, str], frozenset[str]]:
    """Return the parameter values given to a child, and the names of those not known."""
    given = resource.own.get("Parameters")
    values = given if isinstance(given, dict) else {}
    texts = {name: template.resolver.text(value) for name, value in values.items()}
    known = {name: text for name, text in texts.items() if text is not None}
    return known, frozenset(texts.keys() - known.keys())


def _token_parameters(unit: Unit) -> set[str]:
    """Parameters whose value reaches a `ServiceToken`, here or further down."""
    parameters = unit.template.section("Parameters")
    values = [
        r.own["ServiceToken"] for r in unit.template.resources.values() if "ServiceToken" in r.own
    ]
    values += [value for _, value in _passed_tokens(unit)]
    return {name for name, _ in references(values) if name in parameters}


def _passed_tokens(unit: Unit) -> Iterator[tuple[str, Any]]:
    """Yield (child, value) of what is given to children's parameters that are tokens there."""
    for id, child in unit.children.items():
        given = unit.template.resources[id].own.get("Parameters")
        tokens = _token_parameters(child)
        for name, value in given.items() if isinstance(given, dict) else ():
            if name in tokens:
                yield id, value
