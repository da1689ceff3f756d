"""Reads JSON, and writes values the way Lambda's runtime does, which uses simplejson.

Exact decimals, bytes read as UTF-8, objects with `_asdict` (such as namedtuples)
as objects, and non-ASCII text unescaped since Python 3.12.
"""

import json
import math
import re
import uuid
from typing import Any

from .variables import read

_UNESCAPED = frozenset(f"AWS_Lambda_python3.{minor}" for minor in range(12, 20))
_PLAIN = frozenset({str, int, float, bool, type(None)})
_KEYS = (str, int, float, type(None))
_MARK = uuid.uuid4().hex
_MARKED = re.compile(f'"{_MARK}([^"]*)"')


def as_text(value: Any) -> str:
    """Return a value as JSON, as Lambda's runtime writes it."""
    try:
        if _is_odd(value):
            value = _evened(value)
    except RecursionError:
        pass  # the encoder says so in its own words
    ascii_only = read(b"AWS_EXECUTION_ENV") not in _UNESCAPED
    text = (_ASCII if ascii_only else _ANY).encode(value)
    return _MARKED.sub(r"\1", text) if _MARK in text else text


def _is_odd(value: Any) -> bool:
    """Tell whether a value holds what json and simplejson write differently.

    Plain loops: answers have megabytes, and generators take four times as long.
    """
    if isinstance(value, dict):
        for key, each in value.items():
            if type(key) is not str and not isinstance(key, _KEYS):
                return True
            if type(each) not in _PLAIN and _is_odd(each):
                return True
        return False
    if hasattr(type(value), "_asdict"):
        return True
    if isinstance(value, (list, tuple)):
        for each in value:
            if type(each) not in _PLAIN and _is_odd(each):
                return True
    return False


def _evened(value: Any) -> Any:
    """Return a value that json writes as simplejson would write the given one."""
    if isinstance(value, dict):
        return {_key(key): _evened(each) for key, each in value.items()}
    if hasattr(type(value), "_asdict"):
        return _evened(value._asdict())
    if isinstance(value, (list, tuple)):
        return [_evened(each) for each in value]
    return value


def _key(key: Any) -> Any:
    if isinstance(key, bytes):
        return key.decode()
    if not isinstance(key, _KEYS):
        name = type(key).__name__
        raise TypeError(f"keys must be str, int, float, bool or None, not {name}")
    return key


def _default(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode()
    if type(value).__name__ == "Decimal" and type(value).__module__ == "decimal":
        # A number that the encoder would round: marked here, unquoted in encode().
        return math.nan if value.is_nan() else f"{_MARK}{value}"
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


# Made once: `json.dumps` makes one for each value, and `json.loads` takes more steps than
# it must. Among sixty processes each step of a call has left the processor's cache.
_ASCII = json.JSONEncoder(default=_default)
_ANY = json.JSONEncoder(ensure_ascii=False, default=_default)
_DECODER = json.JSONDecoder()


def from_text(text: bytes) -> Any:
    """Return what JSON says, as `json.loads` reads it.

    Raises:
        ValueError: It is not JSON.
    """
    if len(text) > 1 and 0 < text[0] < 0x80 and text[1]:  # UTF-8 without a mark, as it tells
        try:
            decoded = text.decode("utf-8", "surrogatepass")
            value, end = _DECODER.raw_decode(decoded)
            if end == len(decoded):
                return value
        except ValueError:
            pass  # white space in front, or what it says itself
    return json.loads(text)
