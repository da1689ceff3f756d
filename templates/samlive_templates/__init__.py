"""The text files that samlive writes, as jinja2 templates.

`render` is the one door: a value that a template names and the caller does not
give is an error, and so is a template that does not exist. jinja2 is imported
at the first call.
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["render"]

_FOLDER = Path(__file__).resolve().parent


def render(name: str, /, **values: Any) -> str:
    """Return the text of a template.

    Args:
        name: Path within this package, such as "stub/index.py.j2".
        values: What the template's names stand for.

    Returns:
        The text, ended by one newline.

    Raises:
        jinja2.UndefinedError: The template names a value that is not given.
        jinja2.TemplateNotFound: There is no such template.
    """
    return _environment().get_template(name).render(values)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(_FOLDER),
        undefined=StrictUndefined,
        autoescape=False,  # the output is Python, JSON and YAML, never HTML
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
