"""What a terminal may be sent of texts that are not ours.

Logs, error messages and the paths of requests are written by whoever wrote or called the function.
Colours are theirs to choose; what moves the cursor, clears the screen or sets the window's title
is left out, as it could hide other lines or make them say something else.
https://invisible-island.net/xterm/ctlseqs/ctlseqs.html
"""

import re

_RESET = "\x1b[0m"
_UNWANTED = re.compile(
    r"(?P<colour>\x1b\[[\d;]*m)"
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # window titles, links, the clipboard
    r"|\x1b[\[PX^_][^\x40-\x7e]*[\x40-\x7e]?"
    r"|\x1b.?"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
)


def printable(text: str) -> str:
    """Return a text without what a terminal would obey, colours excepted.

    Args:
        text: Any text.
    """
    if text.isprintable():
        return text
    coloured = False

    def keep(found: re.Match[str]) -> str:
        nonlocal coloured
        coloured = coloured or found["colour"] is not None
        return found["colour"] or ""

    kept = _UNWANTED.sub(keep, text)
    return kept + _RESET if coloured else kept
