"""Writes the template that CloudFormation gets.

Compact JSON with intrinsics in long form: the smallest text that every reader
takes alike. Whatever is text in the tree, such as an unquoted date or an account
id with leading zeros, is text here.
"""

import json
import re
from typing import Any

_SURROGATES = re.compile("[\ud800-\udfff]")


def render_deployed(tree: Any) -> str:
    """Return a template as compact JSON.

    Args:
        tree: Plain data, as in `Source.tree`.

    Returns:
        One line in the order of the tree; the same tree gives the same bytes.

    Raises:
        ValueError: The tree holds a number that JSON has no form for.
    """
    text = json.dumps(tree, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # A JSON source can escape half of a surrogate pair, which UTF-8 has no form for.
    if _SURROGATES.search(text):
        return json.dumps(tree, allow_nan=False, separators=(",", ":"))
    return text
