"""What keeps a relay from working, in words for the user."""


class RelayError(Exception):
    """The relay cannot start, or cannot run a function.

    Args:
        message: What was found.
        hint: What to do next, in one sentence.
    """

    error_type = "SamLive.CannotStart"
    """What an invocation that meets it is answered with."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
