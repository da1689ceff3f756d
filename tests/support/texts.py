"""Texts of every kind that a payload may hold, of about so many bytes, always the same."""

import base64
import json
import random
from collections.abc import Callable

Kind = Callable[[int], str]


def ascii_text(size: int) -> str:
    source = random.Random(size)
    return "".join(source.choices("abcdefghijklmnopqrstuvwxyz0123456789 ", k=size))


def chinese(size: int) -> str:
    source = random.Random(size)
    return "".join(chr(source.randrange(0x4E00, 0x9FA5)) for _ in range(max(1, size // 3)))


def emoji(size: int) -> str:
    source = random.Random(size)
    return "".join(chr(source.randrange(0x1F300, 0x1F5FF)) for _ in range(max(1, size // 4)))


def separators(size: int) -> str:
    source = random.Random(size)
    return "".join(source.choices("\u2028\u2029a", k=max(1, size // 3)))


def nested(size: int) -> str:
    text = json.dumps([{"n": number, "t": 'a"\\b\n'} for number in range(max(1, size // 80))])
    return json.dumps({"inner": text})


def base64_text(size: int) -> str:
    return base64.b64encode(random.Random(size).randbytes(max(1, size * 3 // 4))).decode()


KINDS: list[Kind] = [ascii_text, chinese, emoji, separators, nested, base64_text]


def fitting(kind: Kind, size: int, ascii_json: bool = False) -> str:
    """A text whose JSON has at most so many bytes, and hardly fewer.

    Args:
        kind: What it holds.
        size: Bytes of its JSON.
        ascii_json: Whether JSON escapes everything that is not ASCII.
    """
    text = kind(size)
    while (found := len(json.dumps(text, ensure_ascii=ascii_json).encode())) > size:
        text = text[: int(len(text) * size / found) - 1]
    return text
