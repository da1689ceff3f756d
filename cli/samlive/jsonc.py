"""JSON with comments and trailing commas, as editors write their settings.

It is read, and added to at one place: everything else of the text stays as its owner has it.
https://code.visualstudio.com/docs/languages/json#_json-with-comments
"""

import json
import re
import textwrap
from collections.abc import Sequence
from typing import Any

_STRING = r'"(?:\\.|[^"\\\n])*"'
_COMMENTS = re.compile(rf"{_STRING}|//[^\n]*|/\*.*?\*/", re.DOTALL)
_TRAILING = re.compile(rf"{_STRING}|,(?=\s*[\]}}])")
_TOKENS = re.compile(rf"{_STRING}|[\[\]{{}}:]")


def parse(text: str) -> Any:
    """Return the document in a text.

    Args:
        text: JSON, with comments and trailing commas where its owner likes them.

    Raises:
        ValueError: It is no JSON.
    """
    return json.loads(_blank(_TRAILING, _plain(text)))


def append(text: str, key: str, items: Sequence[Any]) -> str:
    """Return a text with items added to a list at the document's top level.

    Args:
        text: The document, an object.
        key: Where the list is.
        items: What to add.

    Raises:
        ValueError: There is no such list, or the text cannot be added to.
    """
    before = parse(text)
    plain = _plain(text)
    start, end = _list(plain, key)
    inner = plain[start + 1 : end].rstrip()
    followed = inner.endswith(",")
    last = start + 1 + len(inner)
    comma = "" if followed or not inner.strip() else ","
    newline = "\r\n" if "\r\n" in text else "\n"
    outer = _indentation(text, start)
    step = _step(text)
    kept = text[last:end].rstrip()
    added = ",\n".join(
        textwrap.indent(json.dumps(each, indent=step, ensure_ascii=False), outer + step)
        for each in items
    ).replace("\n", newline)
    made = f"{text[:last]}{comma}{kept}{newline}{added}{newline}{outer}{text[end:]}"
    if parse(made) != {**before, key: [*before[key], *items]}:
        raise ValueError(f"{key} cannot be added to")
    return made


def _plain(text: str) -> str:
    """Return a text of the same length without byte order mark and comments."""
    return _blank(_COMMENTS, text.replace("\ufeff", " ", 1))


def _blank(pattern: re.Pattern[str], text: str) -> str:
    """Put blanks for what a pattern finds, strings excepted."""

    def blank(found: re.Match[str]) -> str:
        return found[0] if found[0].startswith('"') else re.sub(r"[^\n]", " ", found[0])

    return pattern.sub(blank, text)


def _list(plain: str, key: str) -> tuple[int, int]:
    """Return the places of the brackets of a list at the top level."""
    depth, before, start = 0, ["", ""], -1
    for found in _TOKENS.finditer(plain):
        token = found[0]
        if token in "[{":
            if token == "[" and depth == 1 and before == [json.dumps(key), ":"]:
                start = found.start()
            depth += 1
        elif token in "]}":
            depth -= 1
            if start >= 0 and depth == 1:
                return start, found.start()
        before = [before[1], token]
    raise ValueError(f"there is no list {key}")


def _indentation(text: str, place: int) -> str:
    line = text[text.rfind("\n", 0, place) + 1 : place]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _step(text: str) -> str:
    """Return by what the owner indents: the first line that is indented tells."""
    found = re.search(r"^([ \t]+)\S", text, re.MULTILINE)
    return found[1] if found else "  "
