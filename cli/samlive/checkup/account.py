"""The account: region, credentials and how long they live, this machine's clock, permissions."""

import datetime
from collections.abc import Iterator

from samlive.checkup.finding import Finding
from samlive.checkup.patient import Patient
from samlive.deploy import faults

SOON_SECONDS = 900.0
"""Credentials that live no longer are worth a word."""
DRIFT_SECONDS = 30.0
SKEW_SECONDS = 240.0
"""AWS refuses signatures that are five minutes off; some margin.
https://docs.aws.amazon.com/general/latest/gr/signing_aws_api_requests.html"""


def region(patient: Patient) -> Iterator[Finding]:
    """Which region, and whether AWS IoT is there."""
    yield Finding("region", "ok", f"region {patient.region}")
    if patient.iot_region != patient.region:
        yield Finding("region", "ok", f"AWS IoT of {patient.iot_region} carries the messages")


def credentials(patient: Patient) -> Iterator[Finding]:
    """Who we are, by which way, and for how long."""
    patient.need("no region is set", lambda: patient.region)
    who = patient.identity.arn
    source, expiry = patient.aws.credentials_origin()
    text = f"AWS knows you as {who} (credentials: {source})"
    if expiry is None:
        yield Finding("credentials", "ok", text)
        return
    left = (expiry - datetime.datetime.now(datetime.UTC)).total_seconds()
    until = f"until {expiry.astimezone():%H:%M}, {left / 60:.0f} min from now"
    soon = left < SOON_SECONDS
    hint = faults.renewal(patient.access) if soon else ""
    yield Finding("credentials", "note" if soon else "ok", f"{text}, {until}", hint)


def clock(patient: Patient) -> Iterator[Finding]:
    """Whether this machine's clock is AWS's."""
    patient.needs_account()
    skew = patient.aws.clock_skew()
    if skew is None:
        yield Finding("clock", "skip", "not looked at: the answer of AWS has no date")
        return
    way = "ahead of" if skew > 0 else "behind"
    text = f"this machine's clock is {abs(skew):.0f} s {way} AWS's"
    hint = "Set the clock; AWS refuses what is signed five minutes too early or late."
    if abs(skew) > SKEW_SECONDS:
        yield Finding("clock", "fail", text, hint)
    elif abs(skew) > DRIFT_SECONDS:
        yield Finding("clock", "note", text, hint)
    else:
        yield Finding("clock", "ok", "this machine's clock agrees with AWS's")
