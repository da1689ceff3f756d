"""What the customer gets: the order as a few lines of text."""

from pathlib import Path
from typing import Any

import jinja2
from orders_shared import money

_environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=False,  # plain text
    trim_blocks=True,
    undefined=jinja2.StrictUndefined,
)
_environment.filters["money"] = money.text


def render(order: dict[str, Any]) -> str:
    """Return the receipt of an order."""
    return _environment.get_template("receipt.txt.j2").render(order=order)
