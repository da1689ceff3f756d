"""What a session says of itself: what it is about, and what is served."""

import time
from typing import TYPE_CHECKING, Any

from samlive import __version__
from samlive.output import Output
from samlive.settings import Settings

if TYPE_CHECKING:
    from samlive.deployment import Deployment
    from samlive_transform import Result


class Announcer:
    """Tells the events that frame a session.

    Args:
        settings: What the user wants.
        out: Where events go.
    """

    def __init__(self, settings: Settings, out: Output) -> None:
        self._settings = settings
        self._out = out
        self._began = time.monotonic()
        self._said_starting: dict[str, Any] = {}

    def note(self, text: str) -> None:
        """Tell what the user should know."""
        self._out.tell("note", text=text)

    def starting(self, stage: str, stack: str, region: str, offline: bool) -> None:
        """Tell once what the session is about, and again if that turns out otherwise."""
        said = {
            "version": __version__,
            "app": self._settings.app,
            "stage": stage,
            "stack": stack,
            "region": region,
            "offline": offline,
        }
        if said != self._said_starting:
            self._said_starting = said
            self._out.tell("starting", **said)

    def ready(
        self,
        deployment: "Deployment",
        served: "Result",
        addresses: tuple[dict[str, str], dict[str, str]],
        since: float | None,
    ) -> None:
        """Tell what is served, and how long that took.

        Args:
            deployment: The stage that is served.
            served: Its template.
            addresses: The stack's URLs and outputs.
            since: Monotonic time of the edit (seconds); None for the session's start.
        """
        urls, outputs = addresses
        self._out.tell(
            "ready",
            app=self._settings.app,
            stage=deployment.stage,
            stack=deployment.stack_name,
            region=deployment.region,
            endpoint_url=deployment.access.endpoint_url,
            urls=urls,
            outputs=outputs,
            functions={
                each.logical_id: "live" if each.live else f"kept: {each.reason}"
                for each in served.report.functions
            },
            seconds=round(time.monotonic() - (since or self._began), 3),
            again=since is not None,
        )
