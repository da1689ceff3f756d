"""Finds what a rewrite made worse: cfn-lint's errors after it that were not there before.

Only 60 % of real applications pass cfn-lint as they are, so errors are compared
by rule and place. The SAM-translated template is checked, because rules over
several resources (a queue's visibility against its function's timeout) do not
see through SAM. cfn-lint takes seconds to import and to run: this is never
called where somebody waits for a deploy.
"""

import functools
import hashlib
import json
import os
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from samlive_transform.deployed import render_deployed
from samlive_transform.errors import TransformError
from samlive_transform.translate import translate


@dataclass(frozen=True, slots=True)
class Finding:
    """One error of cfn-lint.

    Args:
        rule: Its id, such as "E3505".
        path: Where in the (translated) template, joined by dots.
        message: What cfn-lint says.
    """

    rule: str
    path: str
    message: str


def new_errors(
    before: dict[str, Any],
    after: dict[str, Any],
    parameters: dict[str, str] | None = None,
    cache: Path | None = None,
) -> tuple[Finding, ...]:
    """Return the errors that are there after a rewrite and were not before.

    Args:
        before: The template.
        after: The rewritten template.
        parameters: Values for SAM's translation; defaults fill the rest.
        cache: Folder in which findings are kept by content; None for none.

    Returns:
        New errors in the order of the template; SAM's refusal counts as one.
    """
    try:
        translated = translate(after, parameters)
    except TransformError as error:
        return () if _refused(before, parameters) else (Finding("SAM", "", error.message),)
    found = findings(translated, cache)
    if not found:
        return ()
    try:
        original = translate(before, parameters)
    except TransformError:
        return ()  # what SAM refused before cannot get worse
    known = Counter(_place(each) for each in findings(original, cache))
    fresh = []
    for each in found:
        if known[_place(each)]:
            known[_place(each)] -= 1
        else:
            fresh.append(each)
    return tuple(fresh)


def findings(tree: dict[str, Any], cache: Path | None = None) -> tuple[Finding, ...]:
    """Return cfn-lint's errors of a template, warnings left out."""
    text = render_deployed(tree)
    if cache is None:
        return _run(text)
    from cfnlint.version import __version__

    digest = hashlib.blake2b(f"{__version__}\n{text}".encode(), digest_size=16).hexdigest()
    kept = cache / f"{digest}.json"
    if kept.exists():
        return tuple(Finding(**each) for each in json.loads(kept.read_text(encoding="utf-8")))
    found = _run(text)
    cache.mkdir(parents=True, exist_ok=True)
    # Others may read it at this moment, or write the same.
    part = cache / f"{digest}.{os.getpid()}"
    part.write_text(json.dumps([asdict(each) for each in found]), encoding="utf-8")
    part.replace(kept)
    return found


@functools.cache
def _runner() -> Any:
    """Return what runs cfn-lint, with its rules: reading them takes half of a short run."""
    from cfnlint.config import ConfigMixIn
    from cfnlint.runner import Runner

    return Runner(ConfigMixIn(regions=["us-east-1"]))


def _run(text: str) -> tuple[Finding, ...]:
    from cfnlint.decode import decode_str

    template, errors = decode_str(text)
    found = []
    for match in errors or _runner().validate_template(template):
        if match.rule.id.startswith("E"):
            path = ".".join(str(part) for part in getattr(match, "path", None) or ())
            found.append(Finding(match.rule.id, path, match.message))
    return tuple(found)


def _place(finding: Finding) -> tuple[str, str]:
    """Return rule and path without indices: what SAM lists may shift by one."""
    parts = finding.path.split(".")
    return finding.rule, ".".join("*" if part.isdigit() else part for part in parts)


def _refused(tree: dict[str, Any], parameters: dict[str, str] | None) -> bool:
    try:
        translate(tree, parameters)
    except TransformError:
        return True
    return False
