"""Sealing: published vectors, an independent reading of the format, every spoiled byte."""

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samlive_stub.seal import OVERHEAD, PIECE_BYTES, Sealer, SealError, hkdf

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors" / "seal.json").read_text())
KEY = bytes.fromhex(VECTORS["key"])


@pytest.mark.parametrize("size", [0, 16, 31, 33, 64])
def test_a_key_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(SealError, match=f"the key has {size} bytes"):
        Sealer(bytes(size))


def test_any_changed_bit_is_refused() -> None:
    packet = Sealer(KEY).seal("topic", b"plain")
    for at in range(len(packet)):
        spoiled = packet[:at] + bytes((packet[at] ^ 0x10,)) + packet[at + 1 :]
        with pytest.raises(SealError):
            Sealer(KEY).open("topic", spoiled)


@pytest.mark.parametrize("size", range(OVERHEAD))
def test_a_packet_shorter_than_a_seal_is_refused(size: int) -> None:
    with pytest.raises(SealError, match="shorter"):
        Sealer(KEY).open("topic", Sealer(KEY).seal("topic", b"plain")[:size])


def test_another_topic_is_refused() -> None:
    packet = Sealer(KEY).seal("samlive/shop/dev/presence", b"plain")
    with pytest.raises(SealError, match="this topic"):
        Sealer(KEY).open("samlive/shop/dev-2/presence", packet)


def test_another_key_is_refused() -> None:
    packet = Sealer(KEY).seal("topic", b"plain")
    with pytest.raises(SealError):
        Sealer(bytes(32)).open("topic", packet)


def test_where_topic_and_packet_meet_is_authenticated() -> None:
    # Without the length, a byte could wander from the topic into the header.
    packet = Sealer(KEY).seal("a\x01", b"plain")
    with pytest.raises(SealError):
        Sealer(KEY).open("a", b"\x01" + packet)


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["topic"])
def test_the_published_vectors_hold(case: dict[str, str]) -> None:
    sealer, plain = Sealer(KEY), bytes.fromhex(case["plaintext"])
    packet = bytes.fromhex(case["packet"])
    assert sealer.seal(case["topic"], plain, bytes.fromhex(case["nonce"])) == packet
    assert sealer.open(case["topic"], packet) == plain


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["topic"])
def test_the_format_is_what_the_documentation_says(case: dict[str, str]) -> None:
    packet, topic = bytes.fromhex(case["packet"]), case["topic"].encode()
    nonce, tag, ciphertext = packet[2:18], packet[18:34], packet[34:]
    assert packet[:2] == b"\x01\x01" and nonce.hex() == case["nonce"]
    mac = hmac.new(bytes.fromhex(VECTORS["authentication_key"]), digestmod="sha256")
    mac.update(len(topic).to_bytes(2, "big") + topic + b"\x01\x01" + nonce + ciphertext)
    assert mac.digest()[:16] == tag
    secret = bytes.fromhex(VECTORS["encryption_key"])
    stream = hashlib.shake_256(secret + nonce).digest(len(ciphertext))
    plain = bytes(a ^ b for a, b in zip(ciphertext, stream, strict=True))
    assert plain.hex() == case["plaintext"]


def test_hkdf_gives_the_vectors_of_rfc_5869() -> None:
    # https://www.rfc-editor.org/rfc/rfc5869, appendix A.1 and A.2
    assert hkdf(b"\x0b" * 22, bytes(range(13)), bytes(range(0xF0, 0xFA)), 42).hex() == (
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    )
    long = hkdf(bytes(range(0x50)), bytes(range(0x60, 0xB0)), bytes(range(0xB0, 0x100)), 82).hex()
    assert long == (
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
        "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
        "cc30c58179ec3e87c14c01d5c1f3434f1d87"
    )


def test_equal_plaintexts_differ_when_sealed() -> None:
    sealer = Sealer(KEY)
    assert sealer.seal("topic", bytes(100)) != sealer.seal("topic", bytes(100))
    assert bytes(20) not in sealer.seal("topic", bytes(100))


@given(st.text(max_size=60), st.binary(max_size=2000))
def test_what_is_sealed_opens(topic: str, plain: bytes) -> None:
    packet = Sealer(KEY).seal(topic, plain)
    assert len(packet) == len(plain) + OVERHEAD
    assert Sealer(KEY).open(topic, packet) == plain


@pytest.mark.parametrize("size", [PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES])
def test_what_is_mixed_in_pieces_is_one_stream(size: int) -> None:
    plain = bytes(range(251)) * (size // 251) + bytes(size % 251)
    nonce = bytes(range(16))
    packet = Sealer(KEY).seal("topic", plain, nonce)
    key = hkdf(KEY, b"samlive", b"seal 1 encryption", 32)
    stream = hashlib.shake_256(key + nonce).digest(size)
    assert packet[OVERHEAD:] == bytes(a ^ b for a, b in zip(plain, stream, strict=True))
    assert Sealer(KEY).open("topic", packet) == plain
    for at in (OVERHEAD, OVERHEAD + size // 2, OVERHEAD + size - 1):
        spoiled = packet[:at] + bytes((packet[at] ^ 1,)) + packet[at + 1 :]
        with pytest.raises(SealError):
            Sealer(KEY).open("topic", spoiled)
