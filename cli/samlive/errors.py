"""What went wrong, where, and what to do next.

Every failure that a user can cause or mend is a `SamliveError`. The command
prints message and hint and exits with the class's status; anything else is a
bug in samlive, and is told as one (failures.py).
"""


def reason(error: OSError | UnicodeDecodeError) -> str:
    """Return why a file cannot be used, in words and without its name."""
    if isinstance(error, UnicodeDecodeError):
        return f"it is not UTF-8 (byte {error.start + 1})"
    return (error.strerror or str(error)).lower()


class SamliveError(Exception):
    """A failure to be told to the user, without a traceback.

    Args:
        message: What was found, with file and line where there is one.
        hint: What to do next, in one sentence; may hold text to paste.
    """

    exit_status = 2

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
