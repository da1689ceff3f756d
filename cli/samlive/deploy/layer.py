"""The stub layer: published once per content, account and region, then shared.

A version is found again by its description, which ends with the content's
digest; versions cannot be changed, so equal digest means equal content.
`samlive remove` leaves it: other stages use it, and it costs nothing.
"""

from dataclasses import dataclass
from functools import cache

from samlive import __version__
from samlive.deploy.aws import Aws
from samlive_stub import contract

RUNTIMES = ("python3.11", "python3.12", "python3.13")
DIGEST_CHARACTERS = 16


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer version in the account."""

    arn: str
    digest: str


@cache
def build() -> tuple[bytes, str]:
    """Return the layer's zip and its digest; building takes 0.3 s, so it is done once."""
    from samlive_stub.layer import build_layer

    built = build_layer()
    return built.zip, built.digest[:DIGEST_CHARACTERS]


def find(aws: Aws, digest: str) -> Layer | None:
    """Return the published layer version of this content, if there is one."""
    for arn, description in aws.layer_versions(contract.LAYER_NAME):
        if description.rsplit(" ", 1)[-1] == digest:
            return Layer(arn, digest)
    return None


def publish(aws: Aws) -> Layer:
    """Publish this very stub; return the layer version."""
    content, digest = build()
    arn = aws.publish_layer(
        contract.LAYER_NAME, f"samlive {__version__} stub {digest}", content, RUNTIMES
    )
    return Layer(arn, digest)


def placeholder(region: str, account: str, digest: str) -> Layer:
    """Return what the layer will be called when nobody has looked in the account."""
    return Layer(f"arn:aws:lambda:{region}:{account}:layer:{contract.LAYER_NAME}:1", digest)
