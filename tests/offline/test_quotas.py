"""Limits and packets, without a broker."""

import struct

import pytest

from samlive.offline.mqtt import packets, quotas
from samlive.offline.mqtt.faults import Faults
from samlive.offline.mqtt.ledger import Ledger


def text(value: str) -> bytes:
    return struct.pack("!H", len(value.encode())) + value.encode()


USER_PROPERTY = b"\x26" + text("a") + text("b" * 200)
PROPERTIES = bytes([0x80 | len(USER_PROPERTY) % 128, len(USER_PROPERTY) // 128]) + USER_PROPERTY


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x00\x05abc", id="topic cut"),
        pytest.param(text("a"), id="no packet id"),
        pytest.param(text("a") + b"\x00\x01", id="no properties"),
        pytest.param(text("a") + b"\x00\x01\x09x", id="properties cut"),
        pytest.param(text("a") + b"\x00\x01" + b"\xff" * 6, id="endless length"),
    ],
)
def test_malformed_publishes_are_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"early|malformed"):
        packets.read_publish(0x02, body, packets.VERSION_5)


@pytest.mark.parametrize(
    ("flags", "version", "body"),
    [
        pytest.param(0, 4, text("a/b") + b"123", id="3.1.1 QoS 0"),
        pytest.param(2, 4, text("a/b") + b"\x00\x01123", id="3.1.1 QoS 1"),
        pytest.param(0, 5, text("a/b") + b"\x00123", id="5 QoS 0"),
        pytest.param(3, 5, text("a/b") + b"\x00\x01" + PROPERTIES + b"123", id="5 QoS 1"),
    ],
)
def test_a_publish_is_its_topic_and_payload(flags: int, version: int, body: bytes) -> None:
    assert packets.read_publish(flags, body, version) == packets.Publish("a/b", 3)


@pytest.mark.parametrize("version", [4, 5])
def test_a_subscribe_is_its_filters(version: int) -> None:
    properties = PROPERTIES if version == 5 else b""
    body = b"\x00\x01" + properties + text("a/#") + b"\x01" + text("b/+") + b"\x01"
    assert packets.read_filters(body, version) == ["a/#", "b/+"]


@pytest.mark.parametrize(
    ("topic", "right"),
    [
        pytest.param("a/" * 7 + "b", True, id="7 slashes"),
        pytest.param("a/" * 8 + "b", False, id="8 slashes"),
        pytest.param("ü" * 128, True, id="256 bytes"),
        pytest.param("ü" * 128 + "x", False, id="257 bytes"),
        pytest.param("$aws/" + "a/" * 20, True, id="reserved"),
    ],
)
def test_topics_have_limits(topic: str, right: bool) -> None:
    assert (quotas.topic_breach(topic) is None) is right


def test_client_ids_have_a_limit() -> None:
    assert quotas.client_id_breach("ü" * 64) is None
    assert quotas.client_id_breach("ü" * 64 + "x") is not None


def test_payloads_have_a_limit() -> None:
    assert quotas.payload_breach(128 * 1024) is None
    assert quotas.payload_breach(128 * 1024 + 1) is not None


@pytest.mark.parametrize(
    ("filters", "subscribed", "right"),
    [(8, 0, True), (9, 0, False), (8, 42, True), (8, 43, False)],
)
def test_subscriptions_have_limits(filters: int, subscribed: int, right: bool) -> None:
    assert (quotas.subscribe_breach(filters, subscribed) is None) is right


def test_a_hundred_publishes_pass_within_any_second() -> None:
    window = quotas.RateWindow()
    assert [window.breach(0.5, 1) for _ in range(100)] == [None] * 100
    assert "100 publishes" in str(window.breach(1.4, 1))
    assert window.breach(1.5, 1) is None


def test_half_a_megabyte_passes_within_any_second() -> None:
    window = quotas.RateWindow()
    assert window.breach(0, 512 * 1024) is None
    assert "bytes within a second" in str(window.breach(0.9, 1))
    assert window.breach(1, 512 * 1024) is None


def test_what_was_refused_does_not_count() -> None:
    window = quotas.RateWindow()
    for _ in range(150):
        window.breach(0, 1)
    assert [window.breach(1, 1) for _ in range(100)] == [None] * 100


@pytest.mark.parametrize("wanted", [{"explode": 1}, {"drop": 2}, {"drop": -0.1}, {"drop": "x"}])
def test_nonsense_faults_are_refused(wanted: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"unknown|probability|could not convert"):
        Faults().configure(wanted)


def test_no_faults_strike_unless_set() -> None:
    assert not any(Faults().strike("samlive/a", "drop", "repeat") for _ in range(100))


def test_the_same_seed_strikes_the_same_messages() -> None:
    def struck() -> list[str | None]:
        faults = Faults()
        faults.configure({"drop": 0.5, "seed": 7})
        return [faults.strike("samlive/a", "drop") for _ in range(50)]

    assert struck() == struck()
    assert 0 < struck().count("drop") < 50


def test_faults_strike_below_their_prefix_only() -> None:
    faults = Faults()
    faults.configure({"drop": 1, "prefix": "samlive/app/"})
    assert faults.strike("samlive/other/x", "drop") is None
    assert faults.strike("samlive/app/x", "drop") == "drop"
    assert faults.describe()["struck"] == {"drop": 1}


def test_the_ledger_counts_by_rule_and_client() -> None:
    ledger = Ledger()
    for client in ("one", "one", "two"):
        ledger.note("rate", client, "too fast")
    assert [(e["client"], e["count"]) for e in ledger.entries()] == [("one", 2), ("two", 1)]
    ledger.clear()
    assert ledger.entries() == []
