"""The engine: one template in, one template and a report out.

    source -> units (nested templates) -> which functions go live
           -> rules in order -> differences, artifacts -> Result

Every rule decides on a view of the template as the rules before it left it;
its steps are applied when it has finished. The report is made at the end, from
the differences between the first tree and the last. Nothing here knows a
property of AWS: that is what the rules are for.
"""

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from samlive_stub.contract import MAX_APP_CHARACTERS, MAX_STAGE_CHARACTERS, is_name
from samlive_transform import kept, steps
from samlive_transform.artifacts import artifacts
from samlive_transform.collector import no_collector
from samlive_transform.errors import TransformError
from samlive_transform.inventory import Inventory
from samlive_transform.model import Function
from samlive_transform.nesting import Unit, deploy_calls, exports, output_tokens, read_units
from samlive_transform.options import Options
from samlive_transform.origin import Origin
from samlive_transform.recorder import Recorder
from samlive_transform.report import Artifact, FunctionReport, Report
from samlive_transform.rules import RULES
from samlive_transform.rules.permissions import statement_to_add
from samlive_transform.steps import Note, Refusal, Step
from samlive_transform.view import View

if TYPE_CHECKING:
    from samlive_transform.source import Source


@dataclass(frozen=True)
class Nested:
    """A local nested template.

    Args:
        logical_id: The stack that holds it, without the ids of stacks round it.
        artifact: Where its text has to be uploaded and written back.
        result: The rewritten template; its report names functions "Child/Function".
    """

    logical_id: str
    artifact: Artifact
    result: "Result"


@dataclass(frozen=True)
class Result:
    """A rewritten template.

    Args:
        source: What was read.
        template: The rewritten tree; intrinsics in their long form.
        report: Everything that was changed, kept or noticed, nested templates included.
        artifacts: What this very template still needs packaged, in the order in
            which it must happen; nested templates have their own.
        nested: The local nested templates, each with what has to be written back here.
    """

    source: Origin = field(repr=False)
    template: dict[str, Any] = field(repr=False)
    report: Report
    artifacts: tuple[Artifact, ...] = ()
    nested: tuple[Nested, ...] = ()

    def deployed(self) -> str:
        """Return the text to deploy: compact JSON, in the template's order."""
        from samlive_transform.deployed import render_deployed

        return render_deployed(self.template)

    def people(self) -> str:
        """Return the text to read: the source's, changed only where the template changed."""
        from samlive_transform.edits import diff
        from samlive_transform.people import render_people

        source: Source = self.source  # type: ignore[assignment]  # only a text has a text
        return render_people(source, diff(source.tree, self.template))


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
    _check_stage(options)
    with no_collector():
        unit = read_units(source, options)
        kept.check_names(set(_names(unit)), options)
        result = _Engine(options, exports(unit)).rewrite(unit, ())
    if not any(function.live for function in result.report.functions):
        raise _nothing_live(source, options, result.report.functions)
    return result


@dataclass(frozen=True)
class _Engine:
    """Rewrites the templates of one tree.

    Args:
        options: The caller's wishes.
        exports: Names that the templates of the tree export.
    """

    options: Options
    exports: frozenset[str]

    def rewrite(self, unit: Unit, tokens: tuple[Any, ...]) -> Result:
        """Rewrite one unit; tokens are its outputs' values that are called at deploy time."""
        inventory = Inventory(unit.template, unit.source, unit.prefix)
        case = kept.Case(
            unit.template,
            self.options,
            unit.prefix,
            deploy_calls(unit, tokens),
            lambda function: self._obstacle(inventory, function),
        )
        reasons = kept.decide(case)
        functions = tuple(inventory.functions(reasons))
        children = {
            id: self.rewrite(child, output_tokens(unit, id, tokens))
            for id, child in unit.children.items()
        }
        recorder = Recorder(unit.source, unit.template, unit.prefix)
        waits = inventory.waiting.items()
        parks = frozenset(id for id, each in waits if id not in reasons and each.possible)
        tree = self._apply_rules(unit, reasons, children, parks, recorder)
        found, notes = artifacts(unit, tree, functions, frozenset(reasons))
        for note in notes:
            recorder.note("artifacts", note)
        for note in inventory.unknown_code(reasons):
            recorder.note("stub", note)
        own = Report(functions, recorder.changes(tree), recorder.notices(), found)
        report = _joined([own, *(child.report for child in children.values())])
        by_id = {each.logical_id: each for each in found if each.kind == "template"}
        nested = tuple(
            Nested(id, by_id[unit.prefix + id], child)
            for id, child in children.items()
            if unit.prefix + id in by_id
        )
        return Result(unit.source, tree, report, found, nested)

    def _obstacle(self, inventory: Inventory, function: Function) -> str:
        """Return why this machine cannot run a function, or a copy of it in a loop."""
        judge = self.options.obstacle
        if judge is None:
            return ""
        reports = (inventory.describe(copy, "") for copy in inventory.copies(function))
        return next(filter(None, map(judge, reports)), "")

    def _apply_rules(
        self,
        unit: Unit,
        reasons: dict[str, str],
        children: dict[str, Result],
        parks: frozenset[str],
        recorder: Recorder,
    ) -> dict[str, Any]:
        live = frozenset(unit.template.functions) - reasons.keys()
        keyed = {id: any(f.live for f in child.report.functions) for id, child in children.items()}
        for step in unit.included:
            recorder.step("nested", step)
        tree = unit.template.tree
        for name, rule in RULES:
            template = unit.template.after(tree)
            view = View(
                template, self.options, live, reasons, unit.prefix, keyed, self.exports, parks
            )
            decisions = list(rule(view))
            for decision in decisions:
                if isinstance(decision, Step):
                    recorder.step(name, decision)
                elif isinstance(decision, Note):
                    recorder.note(name, decision)
                else:
                    raise _refused(unit.source, decision)
            tree = steps.apply(tree, [each for each in decisions if isinstance(each, Step)])
        return tree


def _joined(reports: list[Report]) -> Report:
    return Report(
        functions=tuple(each for report in reports for each in report.functions),
        changes=tuple(each for report in reports for each in report.changes),
        notices=tuple(each for report in reports for each in report.notices),
        artifacts=tuple(each for report in reports for each in report.artifacts),
    )


def _check_stage(options: Options) -> None:
    """Names become part of IAM resources: a wrong one could reach another stage's topics."""
    for what, name, limit in (
        ("application", options.app, MAX_APP_CHARACTERS),
        ("stage", options.stage, MAX_STAGE_CHARACTERS),
    ):
        if not is_name(name, limit):
            raise TransformError(
                f"{name!r} cannot be the name of the {what}",
                f"It takes letters, digits and hyphens, at most {limit}, a letter first.",
            )


def _refused(source: Origin, refusal: Refusal) -> TransformError:
    return TransformError(refusal.text, refusal.hint, source.name, source.line(refusal.path))


def _names(unit: Unit) -> list[str]:
    names = [unit.prefix + id for id in unit.template.functions]
    return names + [name for child in unit.children.values() for name in _names(child)]


def _nothing_live(
    source: Origin, options: Options, functions: tuple[FunctionReport, ...]
) -> TransformError:
    if not functions:
        return TransformError(
            "the template declares no Lambda function",
            "Name the template that holds AWS::Serverless::Function or AWS::Lambda::Function.",
            source.name,
        )
    listed = "".join(f"\n  {each.logical_id}: {each.reason}" for each in functions)
    hint = "Name a function with --live to make it live all the same."
    if any(each.reason == kept.OUTSIDE_ROLE for each in functions):
        hint += f" The permission is:\n{json.dumps(statement_to_add(options), indent=2)}"
    return TransformError(f"no function can go live:{listed}", hint, source.name)
