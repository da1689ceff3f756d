"""How a deploy goes, as events of the output: its steps, its resources, its uploads."""

from typing import Any

from samlive.deploy.image_build import Image
from samlive.deploy.package import Upload
from samlive.deploy.stack import StackEvent
from samlive.output import Output


class Progress:
    """What is told of one stack.

    Args:
        out: Where events go.
        stack: Name of the stack.
    """

    def __init__(self, out: Output, stack: str) -> None:
        self._out = out
        self._stack = stack

    def say(self, status: str, **further: Any) -> None:
        """Tell which step the stack is at."""
        self._out.tell("deploy", status=status, stack=self._stack, **further)

    def event(self, event: StackEvent) -> None:
        """Tell what happened to a resource."""
        self.say(
            event.status,
            logical_id=event.logical_id,
            type=event.resource_type,
            reason=event.reason,
        )

    def image(self, image: Image) -> None:
        """Tell that an image was pushed."""
        self.say("uploaded", origin=f"{image.logical_id}: {image.uri}", bytes=0)

    def uploading(self, upload: Upload, sent: int) -> None:
        """Tell how much of an artifact has been uploaded."""
        self.say("uploading", origin=upload.origin, bytes=len(upload.body), sent=sent)

    def upload(self, upload: Upload) -> None:
        """Tell that an artifact was uploaded."""
        self.say("uploaded", origin=upload.origin, bytes=len(upload.body))
