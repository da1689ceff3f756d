"""The broker's limits, held over every window of a second."""

from hypothesis import given
from hypothesis import strategies as st

from samlive_stub.contract import BYTES_PER_SECOND, PUBLISHES_PER_SECOND
from samlive_stub.pacing import Pacer


def test_a_quiet_connection_never_waits() -> None:
    pacer = Pacer()
    assert [pacer.delay(1000, now) for now in (0.0, 0.1, 5.0)] == [0.0, 0.0, 0.0]


def test_the_publish_after_a_full_second_waits() -> None:
    pacer = Pacer()
    assert all(pacer.delay(10, 0.0) == 0 for _ in range(PUBLISHES_PER_SECOND))
    assert pacer.delay(10, 0.0) > 1.0


def test_what_comes_in_counts_too() -> None:
    pacer = Pacer()
    for _ in range(PUBLISHES_PER_SECOND):
        pacer.received(10, 0.0)
    assert pacer.delay(10, 0.5) > 0.5


def test_a_packet_above_the_limit_waits_but_goes() -> None:
    pacer = Pacer(publishes=10, size=100)
    assert pacer.delay(1000, 0.0) == 0.0
    assert pacer.delay(10, 0.0) > 1.0


@given(st.lists(st.tuples(st.floats(0, 0.2), st.integers(1, 120_000), st.booleans()), max_size=300))
def test_no_second_holds_more_than_the_limits(
    steps: list[tuple[float, int, bool]],
) -> None:
    pacer, now, sent = Pacer(), 0.0, []
    for pause, size, waits in steps:
        now += pause
        at = now + pacer.delay(size, now)
        sent.append((at, size))
        if waits:
            now = at
    for start, _ in sent:
        window = [size for at, size in sent if start <= at <= start + 1]
        assert len(window) <= PUBLISHES_PER_SECOND
        assert sum(window) <= BYTES_PER_SECOND


def test_six_megabytes_take_as_long_as_they_must() -> None:
    pacer, at = Pacer(), 0.0
    for _ in range(123):
        at = pacer.delay(51_200, 0.0)
    assert 11 < at < 14
