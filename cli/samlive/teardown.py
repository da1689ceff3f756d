"""How a stage leaves the account: its stack is deleted, or given back to whom it was taken from."""

import threading

from samlive.adoption import Adoption, is_adopted
from samlive.deploy import park, standing
from samlive.deploy.aws import Aws
from samlive.deploy.park import Parking
from samlive.deploy.stack import Stack
from samlive.errors import SamliveError
from samlive.progress import Progress
from samlive.settings import Settings
from samlive.state import StageState

QUIET_SECONDS = 5.0
"""How long the queue of a stage that ends stays empty before it is deleted."""


class Teardown:
    """Ends one stage.

    Args:
        aws: The account.
        settings: What the user wants.
        stage: Name of the stage.
        state: The stage's state on this machine.
        stack: Name of its stack.
        stop: Set when the user wants to stop.
        progress: Where steps are told.
    """

    def __init__(
        self,
        aws: Aws,
        settings: Settings,
        stage: str,
        state: StageState,
        stack: str,
        stop: threading.Event,
        progress: Progress,
    ) -> None:
        self._aws = aws
        self._settings = settings
        self._stage = stage
        self._state = state
        self._stack = stack
        self._stop = stop
        self._progress = progress

    def restore(self) -> None:
        """Give an adopted stack its original template back.

        Raises:
            SamliveError: It was not adopted, nothing was kept, or the deploy fails.
        """
        stack = self._aws.stack(self._stack)
        standing.check_ours(stack, self._stack, self._settings.app, self._stage)
        if stack is None or not is_adopted(stack):
            raise SamliveError(
                f"The stack {self._stack} was not taken over by --adopt; there is nothing "
                "to give back.",
                "`samlive remove` deletes a stack that samlive made.",
            )
        if self._watched().rest(stack, self._progress.say):
            stack = self._aws.stack(self._stack) or stack
        account = self._aws.identity().account
        self._progress.say("restoring")
        parking = self._parking()
        parking.release()  # before their roles lose the stage's queue
        Adoption(self._aws, account, self._stack, self._state).restore(
            stack, self._stop, self._progress.event
        )
        self._give_back(parking)
        self._state.forget()
        self._progress.say("restored")

    def remove(self) -> None:
        """Delete the stage's stack, when it is ours, and its queue.

        Raises:
            SamliveError: It is not, events wait, or a resource cannot be deleted.
        """
        stack = self._aws.stack(self._stack)
        standing.check_ours(stack, self._stack, self._settings.app, self._stage)
        if stack is None:
            self._progress.say("absent")
            return
        if is_adopted(stack):
            raise SamliveError(
                f"The stack {self._stack} was taken over, not made, by samlive.",
                "Give it back with `samlive restore`.",
            )
        parking = self._parking()
        if not self._settings.flag("force"):
            self._check_empty(parking)
        self._progress.say("deleting")
        role = self._settings.text("role_arn")
        forced = stack["StackStatus"] == "DELETE_FAILED"
        self._watched().delete(
            str(stack["StackId"]),
            **({"RoleARN": role} if role else {}),
            **({"DeletionMode": "FORCE_DELETE_STACK"} if forced else {}),
        )
        parking.forget()
        self._state.forget()
        self._progress.say("deleted")

    def _check_empty(self, parking: Parking) -> None:
        """Refuse to lose events.

        Raises:
            SamliveError: Some wait in the stage's queue.
        """
        count, functions = parking.waiting(sure=True)
        if count:
            events = "1 event waits" if count == 1 else f"{count} events wait"
            raise SamliveError(
                f"{events} in the queue of stage {self._stage}, for {', '.join(functions)}. "
                "Nothing was deleted.",
                "`samlive dev` gives them to their functions; "
                "`samlive remove --force` deletes them with the stage.",
            )

    def _give_back(self, parking: Parking) -> None:
        """Let everything go, now that the real code runs, and give waiting events to it."""
        done = parking.redeliver(parking.unpark(), self._stop, QUIET_SECONDS)
        if done.count:
            self._progress.say("redelivered", events=done.count)
        if done.emptied and not done.left:
            parking.forget()

    def _parking(self) -> Parking:
        names = (self._settings.app, self._stage, self._stack)
        return park.of_stage(self._aws, self._aws.identity(), *names)

    def _watched(self) -> Stack:
        return Stack(self._aws, self._stack, self._stop, self._progress.event)
