"""The functions of a template as they were declared: what the relay runs locally.

Read before any rule, with globals, parameters and mappings resolved as far as
they are known. A function inside an `Fn::ForEach` is listed once per copy when
the loop's collection is known.
"""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from samlive_transform.callers import Waiting, waiting
from samlive_transform.intrinsics import get_att, ref
from samlive_transform.model import Function, Template
from samlive_transform.origin import Origin
from samlive_transform.report import FunctionReport
from samlive_transform.steps import Note
from samlive_transform.steps import Path as Place

_LAYER_TYPES = ("AWS::Serverless::LayerVersion", "AWS::Lambda::LayerVersion")
_NO_CODE = (
    "has no local code in the template: say where its source is by "
    "Metadata: {SamLive: {Code: path}}, or no invocation of it can be answered"
)
_DEFAULT_TIMEOUT = 3
_DEFAULT_MEMORY = 128


class Inventory:
    """Describes functions of one source.

    Args:
        template: The template before any rule.
        source: Where it was read from.
        prefix: "Child/" when nested; else empty.
    """

    def __init__(self, template: Template, source: Origin, prefix: str) -> None:
        self._template = template
        self._resolver = template.resolver
        self._source = source
        self._prefix = prefix
        self._folder = source.path.parent if source.path else None

    @cached_property
    def waiting(self) -> dict[str, Waiting]:
        """Whether each function's asynchronous events can wait, by logical id."""
        return waiting(self._template, bool(self._prefix))

    @cached_property
    def _waiting(self) -> dict[Place, Waiting]:
        """The same by place in the template, which the copies of a loop share."""
        return {self._template.functions[id].path: each for id, each in self.waiting.items()}

    def functions(self, kept: dict[str, str]) -> Iterator[FunctionReport]:
        """Yield the report of every function, copies of a loop one by one."""
        for id, function in self._template.functions.items():
            for copy in self.copies(function):
                yield self.describe(copy, kept.get(id, ""))

    def unknown_code(self, kept: dict[str, str]) -> Iterator[Note]:
        """Yield a note for every live function whose source is not on this machine."""
        for id, function in self._template.functions.items():
            if id not in kept and not self._has_code(function):
                yield Note(function.path, _NO_CODE)

    def _has_code(self, function: Function) -> bool:
        code = self._code(function, self._is_image(function))
        return code is not None or self._inline(function.properties) is not None

    def _is_image(self, function: Function) -> bool:
        properties = function.properties
        return self._text(properties.get("PackageType")) == "Image" or "ImageUri" in properties

    def describe(self, function: Function, reason: str) -> FunctionReport:
        """Return the report of one function; an empty reason means that it is live."""
        properties = function.properties
        image = self._is_image(function)
        architectures = self._resolver.value(properties.get("Architectures"))
        first = architectures[0] if isinstance(architectures, list) and architectures else None
        waits = self._waiting[function.path]
        return FunctionReport(
            logical_id=self._prefix + function.id,
            live=not reason,
            reason=reason,
            runtime="" if image else self._text(properties.get("Runtime")),
            handler="" if image else self._text(properties.get("Handler")),
            code=self._code(function, image),
            inline=self._inline(properties),
            timeout=self._number(properties.get("Timeout"), _DEFAULT_TIMEOUT),
            memory=self._number(properties.get("MemorySize"), _DEFAULT_MEMORY),
            layers=tuple(self._layers(properties.get("Layers"))),
            architecture="arm64" if self._text(first) == "arm64" else "x86_64",
            package="Image" if image else "Zip",
            line=self._source.line(function.path),
            file=self._source.name if self._prefix else "",
            metadata=dict(function.metadata),
            command=tuple(self._command(properties.get("ImageConfig"))) if image else (),
            parkable=not reason and waits.possible,
            unparkable="" if reason else waits.obstacle,
        )

    def copies(self, function: Function) -> Iterator[Function]:
        """Yield a function; one inside a loop once for each item that is known."""
        copies = [function]
        for loop in function.loops:
            collection = self._resolver.value(loop.collection)
            if not isinstance(collection, list):
                break
            items = [self._resolver.text(item) for item in collection]
            copies = [_copy(each, loop.variable, item) for each in copies for item in items if item]
        yield from copies

    def _code(self, function: Function, image: bool) -> str | None:
        properties = function.properties
        if isinstance(hint := function.metadata.get("SamLive"), dict) and isinstance(
            code := hint.get("Code"), str
        ):
            return self._local(code)
        asset = function.metadata.get("aws:asset:path")
        if isinstance(asset, str):
            return self._local(asset)
        if image:
            context = function.metadata.get("DockerContext")
            return self._local(context) if isinstance(context, str) else None
        if function.is_sam and "InlineCode" in properties:
            return None
        given = properties.get("CodeUri" if function.is_sam else "Code")
        if given is None:
            return self._local(".") if function.is_sam else None
        text = self._resolver.value(given)
        return self._local(text) if isinstance(text, str) and is_local(text) else None

    def _inline(self, properties: dict[str, Any]) -> str | None:
        code = properties.get("Code")
        given = properties.get(
            "InlineCode", code.get("ZipFile") if isinstance(code, dict) else None
        )
        text = self._resolver.value(given)
        return text if isinstance(text, str) else None

    def _layers(self, layers: Any) -> Iterator[str]:
        listed = self._resolver.value(layers)
        for layer in listed if isinstance(listed, list) else []:
            local = self._local_layer(layer)
            text = local if local is not None else self._resolver.text(layer)
            if text:
                yield text

    def _local_layer(self, layer: Any) -> str | None:
        name = ref(layer) or (get_att(layer) or ("", ""))[0]
        resource = self._template.resources.get(name)
        if resource is None or resource.type not in _LAYER_TYPES:
            return None
        content = resource.own.get("ContentUri", resource.own.get("Content"))
        text = self._resolver.value(content)
        return self._local(text) if isinstance(text, str) and is_local(text) else None

    def _local(self, path: str) -> str:
        return str(self._folder / path) if self._folder is not None else str(Path(path))

    def _command(self, image: Any) -> Iterator[str]:
        words = self._resolver.value(image.get("Command") if isinstance(image, dict) else None)
        for word in words if isinstance(words, list) else []:
            yield self._text(word)

    def _text(self, value: Any) -> str:
        return self._resolver.text(value) or "" if value is not None else ""

    def _number(self, value: Any, default: int) -> int:
        found = self._resolver.integer(value)
        return default if found is None else found


def is_local(text: str) -> bool:
    """Tell whether a location is a path on this machine."""
    return bool(text) and not text.startswith(("s3://", "http://", "https://", "{{resolve:"))


def _copy(function: Function, variable: str, item: str) -> Function:
    """Return a loop's function with one item in place of the variable."""
    body = _replace(function.body, variable, item)
    id = _replace(function.id, variable, item)
    return Function(id, function.path, function.type, body, function.loops, function.shared)


def _replace(value: Any, variable: str, item: str) -> Any:
    if isinstance(value, str):
        plain = "".join(character for character in item if character.isalnum())
        return value.replace("${" + variable + "}", item).replace("&{" + variable + "}", plain)
    if isinstance(value, list):
        return [_replace(each, variable, item) for each in value]
    if isinstance(value, dict):
        if value == {"Ref": variable}:
            return item
        return {
            _replace(key, variable, item): _replace(each, variable, item)
            for key, each in value.items()
        }
    return value
