"""What a session has to know of the account before it changes anything.

All questions are asked at the same time, as each takes a round trip. When
several fail, who-am-I is told first: it explains the others.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from samlive.deploy import layer, regions
from samlive.deploy.aws import Aws, Identity
from samlive.settings import Settings


@dataclass(frozen=True, slots=True)
class Survey:
    """An account as it was found.

    Args:
        identity: Who we are.
        region: Region of the stack.
        iot_region: Region whose AWS IoT is used.
        endpoint: Host of the IoT data endpoint.
        layer: The published stub layer; None when this stub is not published yet.
        stack: The stage's stack; None when there is none.
    """

    identity: Identity
    region: str
    iot_region: str
    endpoint: str
    layer: layer.Layer | None
    stack: Mapping[str, Any] | None


def take(aws: Aws, settings: Settings, stack: str, digest: str) -> Survey:
    """Ask the account.

    Args:
        aws: The account.
        settings: What the user wants.
        stack: Name of the stage's stack.
        digest: Digest of the stub layer.

    Raises:
        SamliveError: A question cannot be answered, or the region will not do.
    """
    region = aws.region
    iot_region = regions.check(
        region, settings.text("iot_region"), aws.regions("lambda"), aws.regions("iot-data")
    )
    with ThreadPoolExecutor(4) as pool:
        identity = pool.submit(aws.identity)
        endpoint = pool.submit(aws.iot_endpoint, iot_region)
        found = pool.submit(layer.find, aws, digest)
        standing = pool.submit(aws.stack, stack)
    return Survey(
        identity.result(),
        region,
        iot_region,
        endpoint.result(),
        found.result(),
        standing.result(),
    )
