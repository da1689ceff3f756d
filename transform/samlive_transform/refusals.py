"""Says what a file is that is no template, so that its owner knows what to do.

Most files that look like templates and do not parse are sources of a templating
language. They are recognised by the marks of that language, up to the place
where the YAML parser gave up: what comes later cannot have been the cause.
"""

import re
from dataclasses import dataclass
from typing import Final

from samlive_transform.errors import TemplateError

RENDER_FIRST: Final = (
    "Render it first, or give the command that does it: "
    "--build-template-command 'COMMAND' (its output is read as the template)."
)

# A dynamic reference, {{resolve:ssm:...}}, is CloudFormation's own.
_BRACES = r"\{\{(?![-~]?\s*resolve:)"
# In this order: cookiecutter is written in jinja2, and everything has braces.
_LANGUAGES: Final = (
    ("cookiecutter", re.compile(_BRACES + r"-?\s*cookiecutter\b|\{%[^%]*\bcookiecutter\.")),
    ("jinja2", re.compile(r"\{%[-+]?\s*\w|\{#[-+ ]")),
    ("ERB", re.compile(r"<%[-=#]?\s")),
    (
        "Velocity",
        re.compile(
            r"^#(set|if|elseif|foreach|parse|include|macro)\s*\(|^#(end|else)\b"
            r"|\$\{?symbol_(dollar|pound|escape)"
        ),
    ),
    (
        "Go",
        re.compile(_BRACES + r"-?\s*(\.\w|(if|range|with|define|template|include)\s|end\s*-?\})"),
    ),
    ("mustache", re.compile(r"\{\{\{|\{\{[#/^>&!]\s*\w")),
    ("jinja2 or mustache", re.compile(_BRACES + r"[-~]?\s*[\w\"']")),
)


@dataclass(frozen=True, slots=True)
class Markers:
    """The marks of a templating language in a file.

    Args:
        language: Its name.
        line: Line of the first mark, counted from 1.
        column: Where in that line, counted from 1.
        text: The line, shortened.
    """

    language: str
    line: int
    column: int
    text: str


def find_markers(text: str, last_line: int) -> Markers | None:
    """Find marks of a templating language.

    Args:
        text: The file.
        last_line: Last line to look at, counted from 1.

    Returns:
        The first mark of the most telling language; None when there is none.
    """
    lines = text.splitlines()
    # A block that is opened where the parser stopped may name its language later.
    if any(_LANGUAGES[0][1].search(line) for line in lines) and (found := _first(lines, last_line)):
        return Markers("cookiecutter", found.line, found.column, found.text)
    return _first(lines, last_line)


def _first(lines: list[str], last_line: int) -> Markers | None:
    for language, pattern in _LANGUAGES:
        for number, line in enumerate(lines[:last_line], 1):
            if line.lstrip().startswith("#") and language != "Velocity":
                continue
            if found := pattern.search(line):
                return Markers(language, number, found.start() + 1, line.strip()[:60])
    return None


def not_rendered(name: str, markers: Markers, problem: str = "") -> TemplateError:
    """Make the refusal of a source of a templating language.

    Args:
        name: The file as the user named it.
        markers: What was found in it.
        problem: What the parser said; may be empty.
    """
    message = (
        f"column {markers.column}: this looks like a {markers.language} source that has not been "
        f"rendered yet, found: {markers.text}"
    )
    if problem:
        message += f"\nAs it stands it is no YAML: {problem}"
    return TemplateError(message, RENDER_FIRST, name, markers.line)


_PLAINER: Final = (
    (
        re.compile(r"nesting depth"),
        "more than 200 levels",
        "Flatten the template.",
    ),
    (
        re.compile(r"character that cannot start any token"),
        "{found} cannot start a value here",
        "Put the value into quotes.",
    ),
    (
        re.compile(r"did not find expected key|did not find expected '-' indicator"),
        "the indentation does not fit, or a quote or bracket above is not closed",
        "Compare the indentation with the lines above; YAML ends a block at the first line that "
        "is indented less.",
    ),
    (
        re.compile(r"mapping values are not allowed"),
        "a second colon in one line, or a key that is indented too far",
        "Put values that hold ': ' into quotes.",
    ),
    (
        re.compile(r"could not find expected ':'"),
        "a key without a colon, or a text of several lines that is not indented",
        "Write 'Key: value', with a blank behind the colon.",
    ),
    (
        re.compile(r"unexpected end of stream|expected ',' or|expected node content"),
        "a quote or bracket is not closed",
        "Close the quote or bracket that was opened above.",
    ),
)


def not_yaml(name: str, text: str, problem: str, line: int, column: int) -> TemplateError:
    """Make the refusal of a text that libyaml does not take.

    Args:
        name: The file as the user named it.
        text: The file.
        problem: What libyaml said.
        line: Where, counted from 0.
        column: Where in that line, counted from 0.
    """
    if markers := find_markers(text, line + 1):
        return not_rendered(name, markers, f"line {line + 1}: {problem}")
    lines = text.splitlines()
    found = lines[line] if line < len(lines) else ""
    if "\t" in found[: len(found) - len(found.lstrip())] or found[column : column + 1] == "\t":
        return TemplateError(
            f"column {column + 1}: a tab stands where YAML wants blanks",
            "Indent with blanks only.",
            name,
            line + 1,
        )
    for pattern, what, hint in _PLAINER:
        if pattern.search(problem):
            what = what.format(found=repr(found[column : column + 1]))
            return TemplateError(
                f"column {column + 1}: no valid YAML: {what} ({problem})", hint, name, line + 1
            )
    return TemplateError(
        f"column {column + 1}: no valid YAML: {problem}",
        "A template is written in YAML or JSON.",
        name,
        line + 1,
    )
