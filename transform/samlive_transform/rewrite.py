"""The engine: one template in, one template and a report out.

    source -> checks -> which functions go live -> rules in order -> differences

Every rule decides on a view of the template as the rules before it left it;
its steps are applied when it has finished. The report is made at the end, from
the differences between the first tree and the last. Nothing here knows a
property of AWS: that is what the rules are for.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from samlive_transform import kept, steps
from samlive_transform.checks import check
from samlive_transform.errors import TransformError
from samlive_transform.inventory import Inventory
from samlive_transform.model import Template
from samlive_transform.options import Options
from samlive_transform.origin import Origin
from samlive_transform.recorder import Recorder
from samlive_transform.report import Report
from samlive_transform.rules import RULES
from samlive_transform.steps import Step
from samlive_transform.view import View

if TYPE_CHECKING:
    from samlive_transform.source import Source


@dataclass(frozen=True)
class Result:
    """A rewritten template.

    Args:
        source: What was read.
        template: The rewritten tree; intrinsics in their long form.
        report: Everything that was changed, kept or noticed.
    """

    source: Origin = field(repr=False)
    template: dict[str, Any] = field(repr=False)
    report: Report

    def deployed(self) -> str:
        """Return the text to deploy: compact JSON, in the template's order."""
        from samlive_transform.deployed import render_deployed

        return render_deployed(self.template)

    def people(self) -> str:
        """Return the text to read: the source's, changed only where the template changed."""
        from samlive_transform.edits import diff
        from samlive_transform.people import render_people

        source: Source = self.source  # type: ignore[assignment]  # only a text has a text
        text: str = render_people(source, diff(source.tree, self.template))
        return text


def transform(source: Origin, options: Options) -> Result:
    """Rewrite a template for a live stage.

    Args:
        source: The template.
        options: The stage, the stub layer and the user's wishes.

    Returns:
        The rewritten template and what was done.

    Raises:
        TransformError: The template cannot go live; says why, where, and what to do.
    """
    check(source)
    template = Template(source.tree, options.parameters)
    kept.check_names(set(template.functions), options)
    reasons = kept.decide(template, options, frozenset())
    live_ids = frozenset(template.functions) - reasons.keys()
    if not live_ids:
        raise _nothing_live(source, reasons)
    inventory = Inventory(template, source, "")
    functions = tuple(inventory.functions(reasons))
    recorder = Recorder(source, template, "")
    tree = source.tree
    for name, rule in RULES:
        decisions = list(rule(View(Template(tree, options.parameters), options, live_ids)))
        wanted = [each for each in decisions if isinstance(each, Step)]
        for decision in decisions:
            if isinstance(decision, Step):
                recorder.step(name, decision)
            else:
                recorder.note(name, decision)
        tree = steps.apply(tree, wanted)
    report = Report(functions, recorder.changes(tree), recorder.notices(), ())
    return Result(source, tree, report)


def _nothing_live(source: Origin, reasons: dict[str, str]) -> TransformError:
    if not reasons:
        return TransformError(
            "the template declares no Lambda function",
            "Name the template that holds AWS::Serverless::Function or AWS::Lambda::Function.",
            source.name,
        )
    listed = "".join(f"\n  {id}: {reason}" for id, reason in reasons.items())
    return TransformError(
        f"no function can go live:{listed}",
        "Name one with --live to make it live all the same.",
        source.name,
    )
