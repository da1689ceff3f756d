"""The template as the rules see it: resources, functions, and who refers to whom.

A resource inside an `Fn::ForEach` body counts as one resource: its logical id
is the text with the loop's variable in it, and what is decided for it holds for
each of its copies.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from samlive_transform import sam_globals
from samlive_transform.edits import same
from samlive_transform.intrinsics import (
    branches,
    get_att,
    intrinsic,
    ref,
    references,
    sub_parts,
    texts,
)
from samlive_transform.resolve import Resolver
from samlive_transform.steps import REMOVED, Also, Path, Step

SAM_FUNCTION = "AWS::Serverless::Function"
PLAIN_FUNCTION = "AWS::Lambda::Function"
FOR_EACH = "Fn::ForEach::"

_IGNORED = "the function's own values count in place of these globals"
_FUNCTION_ARN = re.compile(r":function:((?:\$\{[^}]*\}|[\w-])+)")


@dataclass(frozen=True, slots=True)
class Loop:
    """An `Fn::ForEach` round a resource: the loop's variable and its collection."""

    variable: str
    collection: Any


@dataclass(frozen=True)
class Resource:
    """One resource.

    Args:
        id: Logical id; inside a loop with the loop's variable in it.
        path: Where it is, from the template's root.
        type: Its `Type`.
        body: The resource itself.
        loops: The loops round it, the outermost first.
    """

    id: str
    path: Path
    type: str
    body: dict[str, Any]
    loops: tuple[Loop, ...] = ()

    @property
    def own(self) -> dict[str, Any]:
        """The properties as written, without globals."""
        properties = self.body.get("Properties")
        return properties if isinstance(properties, dict) else {}

    @cached_property
    def properties(self) -> dict[str, Any]:
        """The properties that count; a SAM function's include the globals."""
        return self.own

    @property
    def metadata(self) -> dict[str, Any]:
        """The resource's `Metadata`."""
        metadata = self.body.get("Metadata")
        return metadata if isinstance(metadata, dict) else {}

    def at(self, *keys: str | int) -> Path:
        """Return the path of a property."""
        return (*self.path, "Properties", *keys)

    def set(self, key: str, value: Any, reason: str) -> Iterator[Step]:
        """Yield the step that gives a property a value, or none when it has it.

        `REMOVED` takes the property away.
        """
        if value is REMOVED:
            if key in self.own:
                yield Step(self.at(key), REMOVED, reason)
        elif key not in self.own or not same(self.own[key], value):
            yield Step(self.at(key), value, reason)


@dataclass(frozen=True)
class Function(Resource):
    """One Lambda function, with the globals that SAM would merge into it."""

    shared: Mapping[str, Any] | None = None

    @property
    def is_sam(self) -> bool:
        """Whether SAM makes it."""
        return self.type == SAM_FUNCTION

    @cached_property
    def applying(self) -> dict[str, Any]:
        """The globals that apply to it."""
        return sam_globals.applying(self.shared or {}, self.body.get("IgnoreGlobals"))

    @cached_property
    def properties(self) -> dict[str, Any]:
        """The properties after SAM's merge."""
        return sam_globals.merge_function(self.applying, self.own)

    def exactly(self, wanted: Mapping[str, Any], reason: str) -> Iterator[Step]:
        """Yield the steps after which properties are exactly as wanted.

        A global that would be merged into the value is ignored by the function.

        Args:
            wanted: Values by property; `REMOVED` for one that must be absent.
            reason: Why, in the user's words.
        """
        blocking = []
        for key, value in wanted.items():
            shared = self.applying.get(key, REMOVED)
            if shared is not REMOVED and (
                value is REMOVED
                or not same(sam_globals.merge_function({key: shared}, {key: value})[key], value)
            ):
                blocking.append(key)
            yield from self.set(key, value, reason)
        if blocking:
            yield Step((*self.path, "IgnoreGlobals"), Also(tuple(blocking)), _IGNORED)


class Template:
    """A template, read once: what the rules ask about it."""

    def __init__(
        self,
        tree: dict[str, Any],
        parameters: Mapping[str, str],
        unknown: frozenset[str] = frozenset(),
    ) -> None:
        self.tree = tree
        self.parameters = parameters
        self.unknown = unknown
        self.resolver = Resolver(tree, parameters, unknown)

    def after(self, tree: dict[str, Any]) -> "Template":
        """Return a template of the same parameters with another tree."""
        return Template(tree, self.parameters, self.unknown)

    def section(self, name: str) -> dict[str, Any]:
        """Return a section as a mapping; empty when it is absent."""
        section = self.tree.get(name)
        return section if isinstance(section, dict) else {}

    @cached_property
    def globals(self) -> dict[str, Any]:
        """`Globals.Function`."""
        found = self.section("Globals").get("Function")
        return found if isinstance(found, dict) else {}

    @cached_property
    def resources(self) -> dict[str, Resource]:
        """Every resource by logical id, those in loops included, in the template's order."""
        return {
            found.id: found
            for found in self._collect(self.section("Resources"), ("Resources",), ())
        }

    @cached_property
    def functions(self) -> dict[str, Function]:
        """Every Lambda function by logical id."""
        return {id: found for id, found in self.resources.items() if isinstance(found, Function)}

    @cached_property
    def named(self) -> frozenset[str]:
        """Every name that something in the template refers to."""
        return frozenset(name for name, _ in references(self.tree))

    def of_type(self, *types: str) -> Iterator[Resource]:
        """Yield the resources of these types."""
        for resource in self.resources.values():
            if resource.type in types:
                yield resource

    @property
    def uses_sam(self) -> bool:
        """Whether the SAM transform is applied to the template."""
        declared = self.tree.get("Transform")
        listed = declared if isinstance(declared, list) else [declared]
        return any(isinstance(name, str) and name.startswith("AWS::Serverless-") for name in listed)

    def target(self, value: Any, attribute: str = "Arn") -> Iterator[str]:
        """Yield the logical ids of the resources that value can be the ARN (or name) of.

        Sees `Ref`, `Fn::GetAtt`, `${Id.Arn}` and each branch of `Fn::If`.
        """
        for branch in branches(value):
            if found := get_att(branch):
                if found[1] == attribute and found[0] in self.resources:
                    yield found[0]
            elif ref(branch) in self.resources:
                yield ref(branch)
            elif parts := sub_parts(branch):
                yield from self._in_text(*parts)
            elif intrinsic(branch) == "Fn::Join":
                yield from (name for name, _ in references(branch) if name in self.resources)

    def called(self, value: Any) -> Iterator[str]:
        """Yield the logical ids of the functions that value names, directly or by alias.

        Sees versions and aliases, SAM's `<Function>.Version`/`.Alias`, the
        invocation URI of an API, and ARNs that are written out with a physical name.
        """
        for name, _ in references(value):
            yield from self._function_behind(name, 0)
        if self._named_functions:
            if isinstance(value, str) and value in self._named_functions:
                yield self._named_functions[value]
            for text in texts(value):
                for name in _FUNCTION_ARN.findall(text) if ":function:" in text else ():
                    if name in self._named_functions:
                        yield self._named_functions[name]

    @cached_property
    def _named_functions(self) -> dict[str, str]:
        """Logical ids of functions by physical name, as `written` shows it."""
        names = {id: written(found.own.get("FunctionName")) for id, found in self.functions.items()}
        return {name: id for id, name in names.items() if name}

    def generated_role(self, value: Any) -> list[str]:
        """Return the ids of the roles SAM makes for other resources that value names."""
        found = []
        for name, _ in references(value):
            owner = self.resources.get(name.removesuffix("Role"))
            if name not in self.resources and owner and owner.type.startswith("AWS::Serverless::"):
                found.append(name)
        return found

    def _function_behind(self, name: str, depth: int) -> Iterator[str]:
        plain = name.partition(".")[0]
        if plain in self.functions:
            yield plain
            return
        resource = self.resources.get(plain)
        if (
            resource
            and depth < 4
            and resource.type in ("AWS::Lambda::Version", "AWS::Lambda::Alias")
        ):
            for inner, _ in references(resource.own.get("FunctionName")):
                yield from self._function_behind(inner, depth + 1)

    def _in_text(self, text: str, variables: dict[str, Any]) -> Iterator[str]:
        for name, _ in references({"Fn::Sub": [text, variables]}):
            if name in self.resources:
                yield name

    def _collect(
        self, section: dict[str, Any], path: Path, loops: tuple[Loop, ...]
    ) -> Iterator[Resource]:
        for key, body in section.items():
            if key.startswith(FOR_EACH):
                if is_loop(body):
                    loop = Loop(body[0], body[1])
                    yield from self._collect(body[2], (*path, key, 2), (*loops, loop))
            elif isinstance(body, dict) and isinstance(body.get("Type"), str):
                yield self._resource(key, (*path, key), body, loops)

    def _resource(
        self, id: str, path: Path, body: dict[str, Any], loops: tuple[Loop, ...]
    ) -> Resource:
        kind = body["Type"]
        if kind == SAM_FUNCTION:
            return Function(id, path, kind, body, loops, self.globals)
        if kind == PLAIN_FUNCTION:
            return Function(id, path, kind, body, loops)
        return Resource(id, path, kind, body, loops)


def written(name: Any) -> str:
    """Return a physical name as it would stand in an `Fn::Sub`: "orders" or "${Env}-orders".

    Two values with the same text are the same name; "" for what has no such text.
    """
    if isinstance(name, str):
        return name
    if ref(name):
        return "${" + ref(name) + "}"
    parts = sub_parts(name)
    return parts[0] if parts and not parts[1] else ""


def is_loop(body: Any) -> bool:
    """Tell whether body is that of an `Fn::ForEach` over resources."""
    return (
        isinstance(body, list)
        and len(body) == 3
        and isinstance(body[0], str)
        and isinstance(body[2], dict)
    )
