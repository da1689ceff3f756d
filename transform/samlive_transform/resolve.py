"""What a value will be, as far as the template and the known parameters tell.

Used for decisions only (how long is this queue's visibility timeout, where is
this function's code): the output keeps every intrinsic. What depends on the
account, another stack or an unknown parameter is `UNKNOWN`, never a guess.
"""

from collections.abc import Mapping
from typing import Any, Final

from samlive_transform.intrinsics import NO_VALUE, intrinsic, placeholders, sub_parts


class _Unknown:
    """The type of `UNKNOWN`."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        return False


UNKNOWN: Final = _Unknown()

_DEPTH = 32  # a condition that names itself would never end


class Resolver:
    """Evaluates intrinsics over the parameters, mappings and conditions of a template.

    Args:
        tree: The template.
        parameters: Values known before the deploy; defaults fill the rest.
        unknown: Parameters that are given values which nobody knows yet.
    """

    def __init__(
        self,
        tree: Mapping[str, Any],
        parameters: Mapping[str, str],
        unknown: frozenset[str] = frozenset(),
    ) -> None:
        self._mappings = _section(tree, "Mappings")
        self._conditions = _section(tree, "Conditions")
        self._values: dict[str, Any] = {}
        for name, declared in _section(tree, "Parameters").items():
            if name in parameters:
                self._values[name] = _parameter(declared, parameters[name])
            elif name not in unknown and isinstance(declared, dict) and "Default" in declared:
                self._values[name] = _parameter(declared, declared["Default"])

    def value(self, value: Any, depth: int = 0) -> Any:
        """Return what value is, or `UNKNOWN`; mappings and lists resolve as wholes."""
        if depth > _DEPTH:
            return UNKNOWN
        name = intrinsic(value)
        if name:
            return self._intrinsic(name, value[name], depth + 1)
        return value

    def integer(self, value: Any) -> int | None:
        """Return value as a whole number, or None when it is not known to be one."""
        found = self.value(value)
        if isinstance(found, bool) or not isinstance(found, int | float | str):
            return None
        try:
            return int(float(found))
        except (ValueError, OverflowError):
            return None

    def text(self, value: Any) -> str | None:
        """Return value as text, or None when it is not known."""
        found = self.value(value)
        if isinstance(found, bool):
            return "true" if found else "false"
        return str(found) if isinstance(found, str | int | float) else None

    def condition(self, name: Any, depth: int = 0) -> bool | None:
        """Return whether a condition holds, or None when that is not known."""
        if depth > _DEPTH or not isinstance(name, str) or name not in self._conditions:
            return None
        return self._truth(self._conditions[name], depth + 1)

    def _intrinsic(self, name: str, body: Any, depth: int) -> Any:
        if name == "Ref":
            return self._values.get(body, UNKNOWN) if isinstance(body, str) else UNKNOWN
        if name == "Fn::If" and isinstance(body, list) and len(body) == 3:
            held = self.condition(body[0], depth)
            if held is None:
                return UNKNOWN
            chosen = body[1] if held else body[2]
            return UNKNOWN if chosen == NO_VALUE else self.value(chosen, depth)
        if name == "Fn::FindInMap" and isinstance(body, list) and len(body) >= 3:
            return self._find(body, depth)
        if name == "Fn::Sub":
            return self._sub(body, depth)
        if name == "Fn::Join" and isinstance(body, list) and len(body) == 2:
            return self._join(body, depth)
        if name == "Fn::Select" and isinstance(body, list) and len(body) == 2:
            items = self.value(body[1], depth)
            index = self.integer(body[0])
            if isinstance(items, list) and index is not None and 0 <= index < len(items):
                return self.value(items[index], depth)
        if name == "Fn::Split" and isinstance(body, list) and len(body) == 2:
            text = self.value(body[1], depth)
            if isinstance(text, str) and isinstance(body[0], str) and body[0]:
                return text.split(body[0])
        return UNKNOWN

    def _find(self, body: list[Any], depth: int) -> Any:
        found: Any = self._mappings
        for key in body[:3]:
            step = self.value(key, depth)
            if not isinstance(found, dict) or not isinstance(step, str | int) or step not in found:
                return self._fallback(body[3:], depth)
            found = found[step]
        return found

    def _fallback(self, options: list[Any], depth: int) -> Any:
        """Return the `DefaultValue` that AWS::LanguageExtensions allows in `Fn::FindInMap`."""
        given = options[0] if options else None
        default = given.get("DefaultValue", UNKNOWN) if isinstance(given, dict) else UNKNOWN
        return self.value(default, depth)

    def _sub(self, body: Any, depth: int) -> Any:
        parts = sub_parts({"Fn::Sub": body})
        if parts is None:
            return UNKNOWN
        text, variables = parts
        for name in placeholders(text):
            given = variables[name] if name in variables else {"Ref": name}
            found = self.value(given, depth)
            if not isinstance(found, str | int | float):
                return UNKNOWN
            text = text.replace("${" + name + "}", str(found))
        return text.replace("${!", "${")

    def _join(self, body: list[Any], depth: int) -> Any:
        items = self.value(body[1], depth)
        if not isinstance(items, list) or not isinstance(body[0], str):
            return UNKNOWN
        parts = [self.value(item, depth) for item in items]
        if not all(isinstance(part, str | int | float) for part in parts):
            return UNKNOWN
        return body[0].join(str(part) for part in parts)

    def _truth(self, value: Any, depth: int) -> bool | None:
        name = intrinsic(value)
        body = value[name] if name else None
        if name == "Condition":
            return self.condition(body, depth)
        if name == "Fn::Equals" and isinstance(body, list) and len(body) == 2:
            left, right = (self.value(item, depth) for item in body)
            known = all(isinstance(side, str | int | float) for side in (left, right))
            return str(left) == str(right) if known else None
        if name == "Fn::Not" and isinstance(body, list) and len(body) == 1:
            inner = self._truth(body[0], depth + 1)
            return None if inner is None else not inner
        if name in ("Fn::And", "Fn::Or") and isinstance(body, list):
            parts = [self._truth(item, depth + 1) for item in body]
            decisive = name == "Fn::Or"
            if decisive in parts:
                return decisive
            return None if None in parts else not decisive
        return None


def _section(tree: Mapping[str, Any], name: str) -> dict[str, Any]:
    section = tree.get(name)
    return section if isinstance(section, dict) else {}


def _parameter(declared: Any, value: Any) -> Any:
    kind = declared.get("Type", "String") if isinstance(declared, dict) else "String"
    if isinstance(kind, str) and kind.startswith("AWS::SSM::Parameter"):
        return UNKNOWN
    if isinstance(kind, str) and (kind == "CommaDelimitedList" or kind.startswith("List<")):
        return [item.strip() for item in str(value).split(",")]
    return value
