"""Seals what crosses the broker: encrypted, then authenticated, bound to its topic.

Every principal of the account with a broad `iot:*` can read and write the
stage's topics, and what travels there are events, answers, environment
variables and role credentials. So a packet is

    version u8 = 1 | algorithm u8 = 1 | nonce 16 | tag 16 | ciphertext

with two keys derived from the stage's key by HKDF-SHA-256 (RFC 5869):

    keystream  = SHAKE-256(encryption key | nonce)          FIPS 202
    ciphertext = plaintext XOR keystream
    tag        = HMAC-SHA-256(authentication key,
                     len(topic) u16 | topic | version | algorithm | nonce | ciphertext)

with the tag cut to 16 bytes (RFC 2104, section 5). The topic is authenticated
though not sent, so a packet cannot be moved to another stage, session, worker
or direction. Replays are the business of `assembly.ReplayWindow`.

Only the standard library is at hand in a stub, and it has no AES. An
extendable-output function over a secret key and a fresh 128-bit nonce is a
plain stream cipher; reasoning, limits and who can read the key are in
docs/security.md. Algorithm 2, for large objects alone, is in `aes`.
"""

import hashlib
import hmac
import os

Buffer = bytes | bytearray | memoryview

VERSION = 1
ALGORITHM = 1
KEY_BYTES = 32
NONCE_BYTES = 16
TAG_BYTES = 16
OVERHEAD = 2 + NONCE_BYTES + TAG_BYTES
"""Bytes that sealing adds to a plaintext."""

PIECE_BYTES = 128 * 1024

_HEADER = bytes((VERSION, ALGORITHM))
_SALT = b"samlive"


class SealError(ValueError):
    """A packet that this key did not seal for this topic; says what is wrong with it."""


def hkdf(key: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """Derive a key: HKDF with SHA-256 (https://www.rfc-editor.org/rfc/rfc5869).

    Args:
        key: Input keying material.
        salt: Public salt.
        info: What the derived key is for.
        length: Bytes wanted, at most 8160.
    """
    extracted = hmac.digest(salt, key, "sha256")
    block = output = b""
    for counter in range(1, -(-length // 32) + 1):
        block = hmac.digest(extracted, block + info + bytes((counter,)), "sha256")
        output += block
    return output[:length]


class Sealer:
    """Seals and opens the packets of one stage.

    Args:
        key: The stage's key, 32 bytes.

    Raises:
        SealError: The key has another length.
    """

    __slots__ = ("_authentication", "_encryption")
    # Hashes that have taken their key: a copy costs half of a new one.

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise SealError(f"the key has {len(key)} bytes instead of {KEY_BYTES}")
        self._encryption = hashlib.shake_256(hkdf(key, _SALT, b"seal 1 encryption", 32))
        authentication = hkdf(key, _SALT, b"seal 1 authentication", 32)
        made = hmac.new(authentication, digestmod="sha256")
        # OpenSSL's own object, without a layer of Python around each of its methods.
        self._authentication: hmac.HMAC = getattr(made, "_hmac", made)

    def seal(self, topic: str, plaintext: bytes, nonce: bytes | None = None) -> bytes:
        """Seal plaintext for a topic.

        Args:
            topic: Topic it will be published on.
            plaintext: Any bytes.
            nonce: 16 bytes never used before with this key; for test vectors alone.
        """
        nonce = nonce or os.urandom(NONCE_BYTES)
        ciphertext = self._crypt(nonce, plaintext)
        tag = self.tag(topic, _HEADER + nonce, ciphertext)
        return b"".join((_HEADER, nonce, tag, *ciphertext))

    def open(self, topic: str, packet: bytes | bytearray) -> bytes:
        """Return the plaintext of a packet received on a topic.

        Raises:
            SealError: It is too short, of another version, or was not sealed
                with this key for this topic.
        """
        if len(packet) < OVERHEAD:
            raise SealError("shorter than a seal")
        if packet[:2] != _HEADER:
            raise SealError("another version or algorithm")
        head, tag, ciphertext = (
            bytes(packet[:18]),
            packet[18:OVERHEAD],
            memoryview(packet)[OVERHEAD:],
        )
        if not hmac.compare_digest(tag, self.tag(topic, head, (ciphertext,))):
            raise SealError("not sealed with this stage's key for this topic")
        return b"".join(self._crypt(head[2:], ciphertext))

    def object_key(self, nonce: bytes) -> bytes:
        """Return the key of one object: the first 32 bytes of a stream that no packet has."""
        key = self._encryption.copy()
        key.update(nonce + b"object")
        return key.digest(32)

    def tag(self, topic: str, head: bytes, ciphertext: tuple[Buffer, ...] | list[bytes]) -> bytes:
        """Return what authenticates a ciphertext under a topic.

        Args:
            topic: Topic, or name of an object.
            head: Version, algorithm and nonce.
            ciphertext: The ciphertext, in pieces.
        """
        name = topic.encode()
        tag = self._authentication.copy()
        tag.update(b"".join((len(name).to_bytes(2, "big"), name, head)))
        for piece in ciphertext:
            tag.update(piece)
        return tag.digest()[:TAG_BYTES]

    def _crypt(self, nonce: bytes, data: Buffer) -> list[bytes]:
        size = len(data)
        keystream = self._encryption.copy()
        keystream.update(nonce)
        stream = keystream.digest(size)
        if size <= PIECE_BYTES:
            return [_mix(data, stream)]
        # In pieces: memory that was used just before is half of what 6 MB take.
        whole, key = memoryview(data), memoryview(stream)
        return [
            _mix(whole[at : at + PIECE_BYTES], key[at : at + PIECE_BYTES])
            for at in range(0, size, PIECE_BYTES)
        ]


def _mix(data: Buffer, stream: Buffer) -> bytes:
    # As integers: a loop over the bytes would take 60 times as long.
    mixed = int.from_bytes(data, "little") ^ int.from_bytes(stream, "little")
    return mixed.to_bytes(len(data), "little")
