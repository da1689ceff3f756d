"""Horizontal bars as SVG, on a logarithmic scale when the values are far apart.

Readable on a light and on a dark page: text takes the page's colour.
"""

import html
import math
from collections.abc import Sequence

from .result import number

WIDTH, ROW, LABEL, VALUE = 820, 24, 360, 110
OURS, OTHERS = "#d9730d", "#8a8f98"


def bars(title: str, unit: str, values: Sequence[Sequence[object]]) -> str:
    """Return an SVG image.

    Args:
        title: Heading.
        unit: Unit of the values.
        values: Label, value and whether it is samlive's, of each bar.
    """
    figures = [float(str(value)) for _, value, _ in values]
    largest, smallest = max(figures), max(min(figures), 1e-6)
    logarithmic = largest / smallest > 50
    scale = " (logarithmic)" if logarithmic else ""
    height = ROW * (len(values) + 1) + 16
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'role="img" font-family="system-ui, sans-serif" font-size="13" fill="#7d828a">',
        f"<title>{html.escape(title)}</title>",
        f'<text x="0" y="16" font-weight="600">{html.escape(title + scale)}</text>',
    ]
    for position, ((label, _, ours), value) in enumerate(zip(values, figures, strict=True)):
        top = ROW * (position + 1) + 4
        length = _share(value, smallest, largest, logarithmic) * (WIDTH - LABEL - VALUE)
        colour = OURS if ours else OTHERS
        lines += [
            f'<text x="{LABEL - 10}" y="{top + 14}" text-anchor="end">'
            f"{html.escape(str(label))}</text>",
            f'<rect x="{LABEL}" y="{top}" width="{length:.1f}" height="{ROW - 7}" '
            f'rx="2" fill="{colour}"/>',
            f'<text x="{LABEL + length + 8:.1f}" y="{top + 14}">{number(value)}{unit}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])


def _share(value: float, smallest: float, largest: float, logarithmic: bool) -> float:
    if not logarithmic:
        return value / largest
    low = math.log10(smallest) - 0.5
    return max(0.0, (math.log10(max(value, smallest)) - low) / (math.log10(largest) - low))
