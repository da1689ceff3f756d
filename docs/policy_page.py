# ruff: noqa: INP001  (a script: nothing imports docs/ but its own test, by path)
"""Puts the developer's policy, as it is rendered, into aws-permissions.md.

python docs/policy_page.py
"""

import re
from pathlib import Path

from samlive_templates import render

PAGE = Path(__file__).with_name("aws-permissions.md")
BLOCK = re.compile(r"(?<=^```json\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)


def page() -> str:
    """Return the page's text, its one JSON block as the template has it."""
    policy = render(
        "policy/developer.json.j2",
        partition="aws",
        account="123456789012",
        region="eu-central-1",
    )
    return BLOCK.sub(lambda _: policy, PAGE.read_text(encoding="utf-8"), count=1)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
