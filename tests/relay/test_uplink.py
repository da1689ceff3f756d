"""What goes up to S3 is packed when the line is slower than packing."""

import base64
import random

import pytest

from samlive_relay.uplink import TOLD_BY_BYTES, WORTH, Uplink

RANDOM = random.Random(1)
BYTES = RANDOM.randbytes(1_500_000)
TEXT = base64.b64encode(BYTES)
ROWS = b"".join(
    b'{"id": %d, "name": "some product"}, ' % RANDOM.getrandbits(40) for _ in range(60_000)
)
NEVER, FLASH = 1e9, 1e-9
"""Seconds that an upload took."""


def uplink(seconds: float | None = None) -> Uplink:
    found = Uplink(250_000)
    if seconds is not None:
        found.took(TOLD_BY_BYTES, seconds)
    return found


@pytest.mark.parametrize(("body", "packed"), [(BYTES, False), (TEXT, False), (ROWS, True)])
def test_on_an_unknown_line_what_shrinks_well_is_packed(body: bytes, packed: bool) -> None:
    assert uplink().pays(body) is packed


@pytest.mark.parametrize(("body", "packed"), [(BYTES, False), (TEXT, True), (ROWS, True)])
def test_on_a_slow_line_whatever_shrinks_is_packed(body: bytes, packed: bool) -> None:
    assert uplink(NEVER).pays(body) is packed


@pytest.mark.parametrize("body", [BYTES, TEXT, ROWS])
def test_on_a_fast_line_nothing_is(body: bytes) -> None:
    assert not uplink(FLASH).pays(body)


def test_what_needs_no_s3_when_packed_is_packed_on_any_line() -> None:
    assert uplink(FLASH).pays(b"x" * 3_000_000)


def test_small_uploads_tell_nothing_of_the_line() -> None:
    found = uplink()
    found.took(TOLD_BY_BYTES - 1, FLASH)
    found.took(TOLD_BY_BYTES, 0.0)
    assert found.pays(ROWS)


def test_the_latest_upload_counts() -> None:
    found = uplink(FLASH)
    found.took(TOLD_BY_BYTES, NEVER)
    assert found.pays(TEXT)


@pytest.mark.parametrize(("spent", "saves"), [(0.9, True), (1.1, False)])
def test_bytes_and_seconds_are_weighed_by_the_speed(spent: float, saves: bool) -> None:
    assert uplink(1.0).saves(TOLD_BY_BYTES, spent / WORTH) is saves
