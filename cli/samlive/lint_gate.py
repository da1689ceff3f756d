"""What the rewrite of a template made worse, told by cfn-lint, with lines of the source.

Nested templates are compared each with its own source. Findings are kept by
content in `.samlive/lint`, so an unchanged template costs one look-up: cfn-lint
takes seconds, and nothing on the way to a live stage ever waits for it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from samlive.state import Project

if TYPE_CHECKING:
    from samlive_transform import Result


@dataclass(frozen=True, slots=True)
class NewError:
    """An error of cfn-lint that the source does not have.

    Args:
        file: The source file as the user named it.
        line: Line of the resource in it, counted from 1; 1 for what the source lacks.
        rule: cfn-lint's rule, such as "E3505", or "SAM" for a refusal of SAM's.
        path: Where in the translated template, joined by dots.
        message: What cfn-lint says.
    """

    file: str
    line: int
    rule: str
    path: str
    message: str

    def as_json(self) -> dict[str, Any]:
        """Return the error as plain data."""
        return asdict(self)

    def __str__(self) -> str:
        """Return the error in a line for people."""
        place = f"{self.path}: " if self.path else ""
        return f"{self.file}:{self.line}: {self.rule} {place}{self.message}"


def new_errors(
    result: "Result", parameters: Mapping[str, str], project: Project
) -> tuple[NewError, ...]:
    """Return the errors that are there after a rewrite and were not before.

    Args:
        result: The rewritten template.
        parameters: Parameter values known before the deploy.
        project: Where findings are kept.
    """
    project.make()
    return tuple(_found(result, dict(parameters), project))


def _found(result: "Result", parameters: dict[str, str], project: Project) -> Iterator[NewError]:
    from samlive_transform import lint

    source = result.source
    cache = project.root / "lint"
    for each in lint.new_errors(source.tree, result.template, parameters, cache):
        resource = each.path.split(".")[1:2]
        known = resource and resource[0] in source.tree.get("Resources", {})
        line = source.line(("Resources", resource[0])) if known else 1
        yield NewError(source.name, line, each.rule, each.path, each.message)
    for nested in result.nested:
        yield from _found(nested.result, {}, project)
