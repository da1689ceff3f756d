"""Regions: refused when they do not exist or have no AWS IoT, with a way out."""

import pytest

from samlive.deploy import regions
from samlive.deploy.aws import Aws
from samlive.errors import SamliveError
from stubbed_aws import ACCESS

KNOWN = Aws(ACCESS).regions("lambda")
IOT = Aws(ACCESS).regions("iot-data")


def test_region_that_does_not_exist_is_refused_with_its_neighbour() -> None:
    with pytest.raises(SamliveError, match="eu-centrall-1") as refused:
        regions.check("eu-centrall-1", None, KNOWN, IOT)
    assert "eu-central-1" in refused.value.hint


@pytest.mark.parametrize("region", sorted(set(KNOWN) - set(IOT)))
def test_region_without_iot_is_refused_with_one_that_has_it(region: str) -> None:
    with pytest.raises(SamliveError, match="no AWS IoT") as refused:
        regions.check(region, None, KNOWN, IOT)
    suggested = refused.value.hint.rsplit(" ", 1)[-1]
    assert regions.check(region, suggested, KNOWN, IOT) == suggested


def test_iot_region_without_iot_is_refused() -> None:
    with pytest.raises(SamliveError, match="mars"):
        regions.check("eu-west-1", "mars", KNOWN, IOT)


def test_own_region_is_used_when_it_has_iot() -> None:
    assert regions.check("eu-central-1", None, KNOWN, IOT) == "eu-central-1"
    assert regions.check("cn-north-1", None, KNOWN, IOT) == "cn-north-1"
