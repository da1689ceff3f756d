# ruff: noqa: INP001  (a script: nothing imports docs/ but its own test, by path)
"""Draws the state diagrams in protocol.md from the transition table.

python docs/protocol_page.py
"""

import re
from pathlib import Path

from samlive_stub.protocol import TRANSITIONS

PAGE = Path(__file__).with_name("protocol.md")
START = {"requester": "IDLE", "responder": "UNKNOWN"}


def diagram(role: str) -> str:
    """Return one end's table as a Mermaid state diagram."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for (state, happened), (following, action) in TRANSITIONS[role].items():
        arrows.setdefault((state, following), []).append(f"{happened} / {action}")
    lines = ["stateDiagram-v2", f"    [*] --> {START[role]}"]
    lines += [
        f"    {state} --> {following}: {', '.join(labels)}"
        for (state, following), labels in arrows.items()
    ]
    return "\n".join(lines) + "\n"


def page() -> str:
    """Return the page's text with the diagrams as the table has them."""
    text = PAGE.read_text(encoding="utf-8")
    for role in TRANSITIONS:
        block = re.compile(rf"(?<=<!-- {role} -->\n```mermaid\n).*?(?=```\n)", re.DOTALL)
        drawn = diagram(role)
        text = block.sub(drawn.replace("\\", r"\\"), text, count=1)
    return text


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
