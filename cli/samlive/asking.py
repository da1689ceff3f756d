"""Questions on the terminal: nothing else is under way on the loop meanwhile.

Scripts are never asked: whoever wants JSON, or has no terminal, must say everything beforehand.
"""

import getpass
from collections.abc import Sequence

from samlive import stage
from samlive.errors import SamliveError
from samlive.output import Output
from samlive.signals import Stop


class Asking:
    """Asks the user.

    Args:
        stop: Lets Ctrl-C end a question.
        silent: A script reads the output.
    """

    def __init__(self, stop: Stop, silent: bool) -> None:
        self._stop = stop
        self._question = None if silent else stage.terminal_question()

    @property
    def possible(self) -> bool:
        """Whether there is somebody to ask."""
        return self._question is not None

    def ask(self, text: str, secret: bool = False) -> str:
        """Ask, and return the answer; a secret one is not shown."""
        question = getpass.getpass if secret else self._question
        assert question is not None
        with self._stop.paused():
            return question(text)

    def confirm(self, plan: Sequence[str], out: Output) -> None:
        """Show a plan and ask whether it shall be done.

        Raises:
            SamliveError: It shall not, or there is nobody to ask.
        """
        if not self.possible:
            raise SamliveError(
                "--confirm-changeset needs a terminal to ask on.", "Leave it out in scripts."
            )
        out.tell("plan", lines=list(plan))
        if self.ask("Deploy this? [y/N] ").strip().lower() not in ("y", "yes"):
            raise SamliveError("Nothing was deployed.")
