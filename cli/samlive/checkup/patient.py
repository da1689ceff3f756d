"""What all checks have in common: settings, the account, and what was learnt of it.

Each question is asked once. A check that needs an answer which could not be had is not made; the
failure itself is told once, by the check that is about it.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from samlive import stage
from samlive.access import Access
from samlive.checkup.finding import Unseen
from samlive.deploy import regions
from samlive.deploy.aws import Aws, Identity
from samlive.deployment import stack_name
from samlive.errors import SamliveError
from samlive.failures import told
from samlive.rewriting import options, recall, rewrite
from samlive.settings import Settings
from samlive.state import Project

if TYPE_CHECKING:
    from samlive_transform import Result

T = TypeVar("T")


class Patient:
    """The project and the account that are looked at.

    Args:
        settings: What the user wants.
        environment: Environment variables.
    """

    def __init__(self, settings: Settings, environment: Mapping[str, str]) -> None:
        self.settings = settings
        self.environment = environment
        self.project = Project(settings.folder)

    @cached_property
    def stage(self) -> str | None:
        """Name of the stage, if one is chosen."""
        try:
            return stage.required(self.settings, self.project)
        except SamliveError:
            return None

    @cached_property
    def record(self) -> dict[str, Any]:
        """What this machine knows of the stage."""
        return self.project.of(self.stage).record if self.stage else {}

    @cached_property
    def access(self) -> Access:
        """How the account is reached."""
        region = self.settings.text("region") or self.record.get("region")
        return Access(self.environment, region, self.settings.text("profile"))

    @cached_property
    def aws(self) -> Aws:
        """The account."""
        return Aws(self.access)

    @cached_property
    def region(self) -> str:
        """Region of the stack."""
        return self.aws.region

    @cached_property
    def identity(self) -> Identity:
        """Who AWS says we are."""
        return self.aws.identity()

    @cached_property
    def iot_region(self) -> str:
        """Region whose AWS IoT is used."""
        return regions.check(
            self.region,
            self.settings.text("iot_region"),
            self.aws.regions("lambda"),
            self.aws.regions("iot-data"),
        )

    @cached_property
    def endpoint(self) -> str:
        """Host of the IoT data endpoint."""
        return self.aws.iot_endpoint(self.iot_region)

    @cached_property
    def stack_name(self) -> str:
        """Name of the stage's stack."""
        return stack_name(self.settings, self.stage or "", self.record)

    @cached_property
    def rewritten(self) -> "Result":
        """What a rewrite makes of the template."""
        facts = recall({}, self.settings)
        return rewrite(self.settings, options(self.settings, self.stage or "doctor", facts))

    def need(self, reason: str, answer: Callable[[], T]) -> T:
        """Return what another check has asked.

        Args:
            reason: Why this check is not made when there is no answer.
            answer: Gives it.

        Raises:
            Unseen: There is none.
        """
        try:
            return answer()
        except Exception as error:
            if told(error) is None:
                raise
            raise Unseen(reason) from error

    def needs_account(self) -> Identity:
        """Return who we are, for checks that ask the account.

        Raises:
            Unseen: The region or the credentials are missing.
        """
        self.need("no region is set", lambda: self.region)
        return self.need("AWS does not say who you are", lambda: self.identity)
