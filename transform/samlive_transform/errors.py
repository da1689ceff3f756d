"""What can be wrong with a template, and what its owner can do about it.

    TransformError
      +-- TemplateError    the source itself: not YAML, duplicate keys, no Resources

The command prints message and hint with the place in front; anything else
that leaves this package is a bug in it.
"""

from pathlib import Path


class TransformError(Exception):
    """A template that cannot be rewritten, told to the user without a traceback.

    Args:
        message: What was found, in one or more sentences.
        hint: What to do next; may hold text to paste.
        file: The source file as the user named it; None when there is none.
        line: Line in that file, counted from 1; 0 when unknown.
    """

    def __init__(
        self, message: str, hint: str = "", file: str | Path | None = None, line: int = 0
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.file = None if file is None else str(file)
        self.line = line

    def __str__(self) -> str:
        """Return the message with its place in front, as in "template.yaml:12: ...".

        A place without a file is left out: a line alone means nothing.
        """
        if self.file is None:
            return self.message
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}"


class TemplateError(TransformError):
    """The source is not a template that can be read."""
