"""What a rule is given: the template as it is now, and what has been decided."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from samlive_transform.model import Function, Template
from samlive_transform.options import Options
from samlive_transform.steps import Note, Refusal, Step

Decision = Step | Note | Refusal


@dataclass(frozen=True)
class View:
    """One moment of a rewrite.

    Args:
        template: The template after the rules before this one.
        options: The caller's wishes.
        live_ids: Logical ids of the functions that go live.
        kept: The reason of every function that does not.
        prefix: "Child/" when this is a nested template, so that a function's
            name is unique within the stage; else empty.
        children: Local nested stacks, and whether anything in them is live.
        exports: Names that the template and those nested with it export, as written.
        parks: Logical ids of the live functions whose events can wait in the stage's queue.
    """

    template: Template
    options: Options
    live_ids: frozenset[str]
    kept: Mapping[str, str] = field(default_factory=dict)
    prefix: str = ""
    children: Mapping[str, bool] = field(default_factory=dict)
    exports: frozenset[str] = frozenset()
    parks: frozenset[str] = frozenset()

    @cached_property
    def live(self) -> tuple[Function, ...]:
        """The live functions, in the template's order."""
        return tuple(f for id, f in self.template.functions.items() if id in self.live_ids)


Rule = Callable[[View], Iterator[Decision]]
