"""Which region a stage can be in, and whose AWS IoT carries its messages.

AWS IoT is not everywhere where Lambda is. The list is botocore's: it names
regions of data endpoints, and is as new as the installed version.
"""

import difflib
from collections.abc import Sequence

from samlive.errors import SamliveError

NEIGHBOURS = {
    "af": "eu-west-1",
    "ap": "ap-southeast-1",
    "ca": "us-east-1",
    "eu": "eu-central-1",
    "il": "eu-central-1",
    "me": "eu-central-1",
    "mx": "us-east-1",
    "sa": "us-east-1",
}


def check(region: str, iot_region: str | None, known: Sequence[str], iot: Sequence[str]) -> str:
    """Return the region whose AWS IoT is used.

    Args:
        region: Region of the stack.
        iot_region: Region that the user names for IoT.
        known: Regions that have Lambda.
        iot: Regions that have AWS IoT.

    Raises:
        SamliveError: A region does not exist, or has no AWS IoT.
    """
    if region not in known:
        close = difflib.get_close_matches(region, known, 1)
        raise SamliveError(
            f'"{region}" is no AWS region that has Lambda.',
            f"Did you mean {close[0]}?"
            if close
            else "Check --region; for a new one, `pip install --upgrade boto3`.",
        )
    chosen = iot_region or region
    if chosen in iot:
        return chosen
    if iot_region:
        raise SamliveError(
            f"The region {iot_region} has no AWS IoT.",
            f"Name another: --iot-region {nearest(region, iot)}",
        )
    raise SamliveError(
        f"The region {region} has no AWS IoT, which carries samlive's messages.",
        f"Use that of another region: --iot-region {nearest(region, iot)}",
    )


def nearest(region: str, iot: Sequence[str]) -> str:
    """Suggest a region with AWS IoT near another."""
    suggestion = NEIGHBOURS.get(region.partition("-")[0], "us-east-1")
    return suggestion if suggestion in iot else iot[0]
