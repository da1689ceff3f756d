"""One finding: what was looked at, how it is, and what to do about it.

ok      as it should be
fail    a session would not work; the command ends with 1
note    a session works, but somebody should know
skip    it could not be looked at, and why
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from samlive.errors import SamliveError

State = Literal["ok", "fail", "note", "skip"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found.

    Args:
        name: What was looked at.
        state: How it is.
        text: The same in words.
        hint: What to do; empty when there is nothing to do.
    """

    name: str
    state: State
    text: str
    hint: str = ""


class Unseen(Exception):
    """Something else has to be mended before this can be looked at.

    Args:
        reason: What.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


Check = Callable[[], Iterable[Finding]]


def found(name: str, check: Check) -> Iterator[Finding]:
    """Yield what a check finds; what it raises is a finding as well.

    Args:
        name: What is looked at.
        check: Looks.
    """
    try:
        yield from check()
    except Unseen as unseen:
        yield Finding(name, "skip", f"{name} not looked at: {unseen.reason}")
    except Exception as error:
        failure = _told(error)
        yield Finding(name, "fail", failure.message, failure.hint)


def _told(error: Exception) -> SamliveError:
    from samlive.failures import told

    failure = told(error)
    if failure is None:
        raise error
    return failure
