"""Text of the form `Key=Value ...`: parameter overrides and tags, in every form SAM takes.

One string with all pairs (values quoted or not), a list of such strings, the
older `ParameterKey=K,ParameterValue=V`, or a mapping (YAML settings files).
"""

import re
import shlex
from collections.abc import Mapping
from typing import Any

_OLD_FORM = re.compile(r"ParameterKey=(?P<key>[^,=]+),ParameterValue=(?P<value>.*)\Z", re.DOTALL)
_KEY = re.compile(r"[A-Za-z0-9_.:/@+-]+\Z")
_BARE = re.compile(r"^(ParameterKey=)?[A-Za-z0-9_.:/@+-]+=")


def parse(value: Any) -> dict[str, str]:
    """Return the pairs that a settings file or command line gives.

    Args:
        value: Text, a list of texts, or a mapping.

    Raises:
        ValueError: Something in it is not a pair; says what.
    """
    if isinstance(value, Mapping):
        return {str(key): as_text(item) for key, item in value.items()}
    items = value if isinstance(value, list | tuple) else [value]
    found: dict[str, str] = {}
    for item in items:
        if isinstance(item, Mapping):
            found |= parse(item)
        elif isinstance(item, str):
            found |= dict(_pair(token) for token in _tokens(item))
        else:
            raise ValueError(f"{item!r} is not Key=Value")
    return found


def as_text(value: Any) -> str:
    """Return a plain value as CloudFormation takes it: true, not True; lists by commas."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ",".join(as_text(item) for item in value)
    return str(value)


def _tokens(text: str) -> list[str]:
    try:
        tokens = shlex.split(text)
    except ValueError:
        tokens = []
    if tokens and all(_BARE.match(token) for token in tokens):
        return tokens
    # A shell has taken the quotes away: the blanks belong to the one value.
    return [text] if text.strip() else []


def _pair(token: str) -> tuple[str, str]:
    old = _OLD_FORM.match(token)
    if old:
        return old["key"].strip("\"'"), _unquoted(old["value"])
    key, equals, value = token.partition("=")
    key = key.strip().strip("\"'")
    if not equals or not _KEY.match(key):
        raise ValueError(f'"{token}" is not Key=Value')
    return key, _unquoted(value)


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value
