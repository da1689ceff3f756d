"""Who AWS says we are."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """Who AWS says we are."""

    account: str
    arn: str

    @property
    def user(self) -> str:
        """The person's name: the user's, or that of the role session."""
        return self.arn.rsplit("/", 1)[-1] if "/" in self.arn else "root"

    @property
    def partition(self) -> str:
        """The ARN's partition, such as "aws" or "aws-cn"."""
        return self.arn.split(":")[1]
