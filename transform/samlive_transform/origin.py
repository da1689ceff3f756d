"""What the engine needs to know of a template's source.

`samlive_transform.source.Source` is one, with the text behind it; a fragment
that CloudFormation hands to the macro is another, without any text.
"""

from pathlib import Path
from typing import Any, Protocol


class Origin(Protocol):
    """A template and where it came from."""

    @property
    def name(self) -> str:
        """The file as the user named it, for messages."""
        ...

    @property
    def path(self) -> Path | None:
        """The file; None for text that came from elsewhere."""
        ...

    @property
    def tree(self) -> dict[str, Any]:
        """The template as plain data."""
        ...

    def line(self, path: tuple[str | int, ...]) -> int:
        """Return the line of a part of the template; 0 when there are no lines."""
        ...
