"""`samlive transform`: the rewritten template, a diff, the report, or new lint errors.

No AWS is asked: what only the account knows (the layer's version, the IoT endpoint) is taken
from the stage's last session. Before there was one the names are derived, and
a note on standard error says so.
"""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from samlive import names
from samlive.errors import SamliveError, reason
from samlive.lint_gate import NewError, new_errors
from samlive.rewriting import options, recall, rewrite
from samlive.settings import Settings
from samlive.state import Project

if TYPE_CHECKING:
    from samlive_transform import Result, Source


def run(
    settings: Settings, output: str | None, diff: bool, form: str, report: bool, lint: bool = False
) -> int:
    """Print or write what a rewrite gives; return the exit status.

    Args:
        settings: What the user wants.
        output: File to write to; None for standard output.
        diff: Show what changes instead of the whole.
        form: "yaml", as the source is written, or "json", as it is deployed.
        report: Show every change and every kept function instead.
        lint: Show the errors of cfn-lint that the rewrite brings; 1 when there are any.
    """
    project = Project(settings.folder)
    given = settings.text("stage") or project.stage() or names.suggest_stage(names.os_user())
    stage = names.check_stage(given)
    facts = recall(project.of(stage).record, settings)
    wanted = options(settings, stage, facts)
    result = rewrite(settings, wanted)
    if not facts.known:
        print(
            f"samlive: stage {stage} was never live from here: the layer's version and the IoT "
            "endpoint are placeholders.",
            file=sys.stderr,
        )
    if lint:
        found = new_errors(result, wanted.parameters, project)
        _write(_lint_text(settings, found), output)
        return 1 if found else 0
    _write(_text(settings, result, diff, form, report), output)
    return 0


def _lint_text(settings: Settings, found: tuple[NewError, ...]) -> str:
    if settings.output == "json":
        return json.dumps([each.as_json() for each in found], indent=2) + "\n"
    if not found:
        return f"{settings.template}: no new errors\n"
    return "".join(f"{each}\n" for each in found)


def _text(settings: Settings, result: "Result", diff: bool, form: str, report: bool) -> str:
    if report:
        if settings.output == "json":
            return json.dumps(result.report.as_json(), indent=2, default=str) + "\n"
        from samlive.report_page import page

        return page(result.report, result.source.name)
    if diff:
        return _diff(result)
    if form == "json":
        return json.dumps(json.loads(result.deployed()), indent=2, ensure_ascii=False) + "\n"
    return result.people()


def _diff(result: "Result") -> str:
    from samlive_transform.people import diff_text

    source: Source = result.source  # type: ignore[assignment]  # it was read as a text
    return diff_text(source.text, result.people().removeprefix("\ufeff"), source.name)


def _write(text: str, output: str | None) -> None:
    if output is None or output == "-":
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise SamliveError(
            f"{output} cannot be written: {reason(error)}.", "Name another file with -o."
        ) from error
