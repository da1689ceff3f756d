"""What is left to be packaged once the live functions carry no code any more.

Read from the rewritten tree: a live function names nothing local, a kept one
still does. A layer that no function uses any more is packaged empty, as its
resource has to stay.
"""

from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any

from samlive_transform.includes import location_of
from samlive_transform.intrinsics import branches, entries, references
from samlive_transform.inventory import is_local
from samlive_transform.model import Function, Resource, Template
from samlive_transform.nesting import Unit
from samlive_transform.packaged import METADATA, PACKAGED, URI, Packaged
from samlive_transform.report import Artifact, FunctionReport, LayerReport
from samlive_transform.steps import Note, Path

EMPTY_LAYER = FilePath(__file__).parent / "empty_layer"

_EMPTIED = "no function of this stage uses it any more: it is deployed empty"
_IMAGE = "is kept and runs from an image: build and push it, and give its ImageUri"
_RUNTIME_METHODS = ("python", "nodejs", "ruby", "java", "dotnet")
_CHOSEN = "depends on a condition, so samlive cannot tell which local path to package"
_LOOPED = "is another path in each copy of a loop, which CloudFormation's packaging cannot follow"


def artifacts(
    unit: Unit, tree: dict[str, Any], functions: tuple[FunctionReport, ...], kept: frozenset[str]
) -> tuple[tuple[Artifact, ...], tuple[Note, ...]]:
    """Return what a rewritten template still needs packaged, and what to tell about it.

    Args:
        unit: The template before the rules.
        tree: The template after them.
        functions: Its functions as they were declared.
        kept: Logical ids of those that keep their code.
    """
    found = list(_Collector(unit, unit.template.after(tree), functions, kept).run())
    return (
        tuple(each for each in found if isinstance(each, Artifact)),
        tuple(each for each in found if isinstance(each, Note)),
    )


class _Collector:
    def __init__(
        self,
        unit: Unit,
        template: Template,
        functions: tuple[FunctionReport, ...],
        kept: frozenset[str],
    ) -> None:
        self._folder = unit.source.path.parent if unit.source.path else FilePath()
        self._prefix = unit.prefix
        self._template = template
        self._reports = {each.logical_id: each for each in functions}
        self._kept = kept
        self._used = set(_used_layers(template, kept))

    def run(self) -> Iterator[Artifact | Note]:
        for resource in self._template.resources.values():
            if isinstance(resource, Function) and resource.id not in self._kept:
                continue
            for packaged in PACKAGED.get(resource.type, ()):
                yield from self._resource(resource, packaged)
        for section, listed in METADATA.items():
            yield from self._metadata(section, listed)
        yield from self._includes()

    def _resource(self, resource: Resource, packaged: Packaged) -> Iterator[Artifact | Note]:
        if isinstance(resource, Function):
            if _is_image(resource):
                yield from self._image(resource)
                return
            if "InlineCode" in resource.properties:
                return
        for path, value in _matches(resource.properties, packaged.path.split(".")):
            place = resource.at(*path)
            if isinstance(value, dict) and any(_local(each) for each in branches(value)):
                yield Note(place, _CHOSEN)
            elif _local(value) and resource.loops and "{" in value:
                yield Note(place, _LOOPED)
            elif _local(value):
                yield from self._one(resource, path, value, packaged)
        if packaged.default and packaged.path not in resource.properties:
            yield from self._one(resource, (packaged.path,), packaged.default, packaged)

    def _one(
        self, resource: Resource, path: Path, value: str, packaged: Packaged
    ) -> Iterator[Artifact | Note]:
        local = str(self._folder / value)
        if packaged.kind == "layer" and resource.id not in self._used:
            local = str(EMPTY_LAYER)
            yield Note(resource.path, _EMPTIED)
        name = self._prefix + resource.id
        dotted = ".".join(("Properties", *map(str, path)))
        function = self._reports.get(name) if packaged.kind == "function" else None
        built = packaged.kind == "layer" and local != str(EMPTY_LAYER)
        layer = self._layer(name, resource) if built else None
        what = (packaged.kind, packaged.form, packaged.zipped, function, layer)
        yield Artifact(name, dotted, local, *what)

    def _layer(self, name: str, resource: Resource) -> LayerReport | None:
        """Return how a layer is built: SAM builds only those that say how."""
        method = resource.metadata.get("BuildMethod")
        if not isinstance(method, str):
            return None
        runtime = (
            method
            if method.startswith(_RUNTIME_METHODS)
            else self._first(resource.properties.get("CompatibleRuntimes"))
        )
        architecture = resource.metadata.get("BuildArchitecture") or self._first(
            resource.properties.get("CompatibleArchitectures")
        )
        return LayerReport(name, runtime, str(architecture or "x86_64"), resource.metadata)

    def _first(self, listed: Any) -> str:
        found = listed[0] if isinstance(listed, list) and listed else None
        return self._template.resolver.text(found) or ""

    def _image(self, function: Function) -> Iterator[Artifact | Note]:
        code = function.properties.get("Code")
        plain = function.type == "AWS::Lambda::Function"
        holder = code if plain and isinstance(code, dict) else function.properties
        if holder.get("ImageUri") is not None:
            return
        context = function.metadata.get("DockerContext", ".")
        if "Dockerfile" not in function.metadata or not isinstance(context, str):
            yield Note(function.path, _IMAGE)
            return
        path = "Properties.Code.ImageUri" if plain else "Properties.ImageUri"
        name = self._prefix + function.id
        local = str(self._folder / context)
        yield Artifact(name, path, local, "image", "image", False, self._reports.get(name))

    def _metadata(self, section: str, listed: tuple[Packaged, ...]) -> Iterator[Artifact]:
        found: Any = self._template.section("Metadata").get(section)
        for packaged in listed if isinstance(found, dict) else ():
            value = found.get(packaged.path)
            if _local(value):
                local = str(self._folder / value)
                path = f"{section}.{packaged.path}"
                yield Artifact("Metadata", path, local, packaged.kind, packaged.form, False)

    def _includes(self) -> Iterator[Artifact]:
        places = {resource.path: resource.id for resource in self._template.resources.values()}
        for path, value in entries(self._template.tree, ("Fn::Transform", "Transform")):
            for inner, transform in _each(value):
                if location := location_of(transform):
                    whole = (*path, *inner, "Parameters", "Location")
                    owner = next((n for n in range(len(whole), 0, -1) if whole[:n] in places), 0)
                    id = self._prefix + places[whole[:owner]] if owner else str(whole[0])
                    dotted = ".".join(map(str, whole[owner or 1 :]))
                    local = str(self._folder / location)
                    yield Artifact(id, dotted, local, "include", URI, False)


def _used_layers(template: Template, kept: frozenset[str]) -> Iterator[str]:
    """Ids that something other than a live function refers to."""
    for resource in template.resources.values():
        live = isinstance(resource, Function) and resource.id not in kept
        if not live and resource.type != "AWS::Lambda::LayerVersionPermission":
            yield from (name for name, _ in references(resource.properties))
    yield from (name for name, _ in references(template.section("Outputs")))


def _matches(value: Any, keys: list[str], path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if not keys:
        yield path, value
    elif isinstance(value, dict):
        for key in value if keys[0] == "*" else [keys[0]]:
            if key in value:
                yield from _matches(value[key], keys[1:], (*path, key))


def _each(value: Any) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, list):
        yield from (((index,), item) for index, item in enumerate(value))
    else:
        yield (), value


def _local(value: Any) -> bool:
    return isinstance(value, str) and is_local(value) and not value.startswith("arn:")


def _is_image(function: Function) -> bool:
    return function.properties.get("PackageType") == "Image" or "ImageUri" in function.properties
