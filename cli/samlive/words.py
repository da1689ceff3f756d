"""Options that take several values, told apart from the template that follows them.

SAM's users write `--exclude A B template.yaml` and `--parameter-overrides A=1 B=2`. argparse
would take the template for another value, so the words are sorted beforehand: an option's first
word is always its value, and each further one as long as it can be. A pair has an equals sign; a
name is neither a file nor called like one. Each value then stands on its own, as `--exclude=A`.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_FILES = (".yaml", ".yml", ".json", ".template", ".j2", ".jinja", ".jinja2", ".py")


def sort(words: "Sequence[str]", flags: "Mapping[str, bool]") -> list[str]:
    """Return the words of a command line with one value for each option.

    Args:
        words: What the user wrote.
        flags: Options that take several values, and whether these are pairs.
    """
    return list(_sorted(list(words), flags))


def _sorted(words: list[str], flags: "Mapping[str, bool]") -> "Iterator[str]":
    while words:
        word = words.pop(0)
        if word == "--":
            yield from (word, *words)
            return
        flag, equals, first = word.partition("=")
        flag = _whole(flag, flags)
        if flag not in flags or not (equals or _has_value(words)):
            yield word  # argparse says what is missing
            continue
        yield f"{flag}={first if equals else words.pop(0)}"
        while words and not words[0].startswith("-") and _can_be(words[0], flags[flag]):
            yield f"{flag}={words.pop(0)}"


def _whole(flag: str, flags: "Mapping[str, bool]") -> str:
    """Return an option that is written whole, or shortened so that it stays the only one."""
    meant = [each for each in flags if len(flag) > 2 and each.startswith(flag)]
    return meant[0] if len(meant) == 1 and flag not in flags else flag


def _has_value(words: "Sequence[str]") -> bool:
    return bool(words) and not words[0].startswith("-")


def _can_be(word: str, pair: bool) -> bool:
    if pair:
        return "=" in word
    return not word.endswith(_FILES) and not os.path.isfile(word)
