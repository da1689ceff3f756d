"""Amounts are whole cents everywhere; they become text only at the edge."""

import os


def text(cents: int) -> str:
    """Return an amount as people read it, such as "12.90 EUR"."""
    sign = "-" if cents < 0 else ""
    units, rest = divmod(abs(cents), 100)
    return f"{sign}{units}.{rest:02d} {os.environ.get('CURRENCY', 'EUR')}"
