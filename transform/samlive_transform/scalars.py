"""What an unquoted YAML scalar means, and how to write a value so that it stays what it is.

CloudFormation reads YAML 1.1, and so do SAM and cfn-lint. Three kinds of scalar
lose their meaning there and are kept as the text they were written as:

    2012-10-17       a policy version, which YAML 1.1 calls a date
    012345678912     an account id, which YAML 1.1 calls octal
    1.10             an engine version, which as a number is 1.1

Sexagesimal numbers (12:30:45) stay text too. Everything written by us is quoted
whenever any reader could take it for something else.
"""

import json
import re
from typing import Final

# https://yaml.org/type/bool.html, without the single letters, which no reader takes.
_BOOLEANS: Final = {
    spelling: value
    for words, value in (("yes true on", True), ("no false off", False))
    for word in words.split()
    for spelling in (word, word.capitalize(), word.upper())
}
_NULLS: Final = frozenset(("", "~", "null", "Null", "NULL"))
# Whatever starts with another character is text: true for nearly all scalars.
_SPECIAL: Final = frozenset("0123456789+-.tTfFyYnNoO~")
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9_]*)")
_BASED = re.compile(r"[-+]?0(x[0-9a-fA-F_]+|b[01_]+)")
_FLOAT = re.compile(r"[-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)([eE][-+][0-9]+)?")

# First character of a plain scalar, then any other; ": " and " #" are refused apart.
_PLAIN = re.compile(r"[\w/.$(^+<\\=;~][^\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]*")
_FLOW_INDICATORS = re.compile(r"[\[\]{},]")
_LOOKS_TYPED = re.compile(
    r"[-+]?[.]?[0-9][0-9_,.:]*([eE][-+]?[0-9]+)?"  # numbers, clocks, dotted versions
    r"|[-+]?0[xob][0-9a-fA-F_]+"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?"  # dates and times
    r"|[-+]?\.(inf|Inf|INF|nan|NaN|NAN)"
    r"|[yYnN]|=|<<|---.*|\.\.\..*"
)
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")


def read_plain(text: str) -> str | int | float | bool | None:
    """Return the value of an unquoted scalar.

    Args:
        text: The scalar as written, without surrounding blanks.

    Returns:
        A number, boolean or None where every reader agrees on it, else the text.
    """
    if text and text[0] not in _SPECIAL:
        return text
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text.replace("_", ""))
    if _BASED.fullmatch(text):
        return int(text.replace("_", ""), 0)
    if _FLOAT.fullmatch(text):
        return read_float(text.replace("_", ""))
    return text


def read_float(text: str) -> float | str:
    """Return a decimal number, or the text when a number would drop digits of it."""
    number = float(text)
    if "e" in text or "E" in text:
        return number
    written = text.lstrip("+")
    if written.startswith((".", "-.")):
        written = written.replace(".", "0.", 1)
    return number if repr(number) == written or repr(number) == written + "0" else text


def read_tagged(tag: str, text: str) -> str | int | float | bool | None:
    """Return the value of a scalar that names its own type, such as `!!str 1`.

    Args:
        tag: The full tag, "tag:yaml.org,2002:..." or "!".
        text: The scalar's text.
    """
    kind = tag.rpartition(":")[2]
    return read_plain(text) if kind in ("int", "float", "bool", "null") else text


def needs_quotes(text: str, flow: bool = False) -> bool:
    """Tell whether a text must be quoted to be read as that text by every reader.

    Args:
        text: One line of text.
        flow: Whether it will stand inside brackets or braces.
    """
    return (
        not _PLAIN.fullmatch(text)
        or text != text.strip()
        or ": " in text
        or " #" in text
        or text.endswith(":")
        or (flow and _FLOW_INDICATORS.search(text) is not None)
        or text in _NULLS
        or text in _BOOLEANS
        or _LOOKS_TYPED.fullmatch(text) is not None
    )


def quote(text: str, mark: str = "'") -> str:
    """Return a text as a quoted scalar on one line.

    Args:
        text: Any text.
        mark: The preferred quotation mark; text with line breaks, control
            characters or, for double quotes, backslashes decides for itself.
    """
    if "\n" in text or "\t" in text or _UNPRINTABLE.search(text):
        return quote_double(text)
    if mark == '"' and '"' not in text and "\\" not in text:
        return f'"{text}"'
    if "'" in text and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return "'" + text.replace("'", "''") + "'"


def quote_double(text: str) -> str:
    """Return a text in double quotes with every doubtful character escaped."""
    return _ESCAPED.sub(
        lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False)
    )


def fits_block(text: str) -> bool:
    """Tell whether a text of several lines can be written as a literal block."""
    body = text.rstrip("\n")
    return (
        bool(body)
        and not body.startswith((" ", "\t", "\n"))
        and not _UNPRINTABLE.search(text)
        and "\n" in text
    )


def write_float(number: float) -> str:
    """Return a finite number so that YAML 1.1 reads it as that number."""
    text = repr(number)
    mantissa, exponent, power = text.partition("e")
    return f"{mantissa}.0e{power}" if exponent and "." not in mantissa else text
