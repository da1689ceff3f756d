"""Objects sealed with AES: published vectors, an independent reading, and life without it."""

import ctypes
import hashlib
import hmac
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from hypothesis import given
from hypothesis import strategies as st

from samlive_stub import aes, store
from samlive_stub.seal import OVERHEAD, Sealer, SealError

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors" / "seal.json").read_text())
KEY = bytes.fromhex(VECTORS["key"])
SEALER = Sealer(KEY)
WANTED = str(aes.ALGORITHM)

pytestmark = pytest.mark.skipif(not aes.USABLE, reason="this Python's OpenSSL cannot be reached")


@pytest.mark.parametrize("size", range(OVERHEAD + 1))
def test_an_object_shorter_than_a_seal_is_refused(size: int) -> None:
    content = store.pack(SEALER, "name", b"plain", WANTED)
    with pytest.raises(SealError):
        store.open_object(SEALER, "name", bytes(content[:size]))


def test_any_changed_bit_is_refused() -> None:
    content = bytes(store.pack(SEALER, "name", b"plain", WANTED))
    for at in range(len(content)):
        spoiled = content[:at] + bytes((content[at] ^ 0x10,)) + content[at + 1 :]
        with pytest.raises(SealError):
            store.open_object(SEALER, "name", spoiled)


def test_another_name_or_key_is_refused() -> None:
    content = bytes(store.pack(SEALER, "name", b"plain", WANTED))
    with pytest.raises(SealError, match="under this name"):
        store.open_object(SEALER, "nam", content)
    with pytest.raises(SealError, match="under this name"):
        store.open_object(Sealer(bytes(32)), "name", content)


def test_neither_end_uses_it_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytes(store.pack(SEALER, "name", b"plain", WANTED))
    monkeypatch.setattr(aes, "USABLE", False)
    assert store.pack(SEALER, "name", b"plain", WANTED)[:2] == b"\x01\x01"
    with pytest.raises(SealError, match="does not have"):
        store.open_object(SEALER, "name", content)


@pytest.mark.parametrize("algorithm", ["", "1", "3", "AES"])
def test_an_end_that_does_not_ask_for_it_does_not_get_it(algorithm: str) -> None:
    assert store.pack(SEALER, "name", b"plain", algorithm)[:2] == b"\x01\x01"


def test_a_cipher_that_gives_something_else_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    assert aes._works()
    other = aes._openssl.EVP_aes_128_ctr
    other.restype = ctypes.c_void_p
    monkeypatch.setattr(aes._openssl, "EVP_aes_256_ctr", other)
    assert not aes._works()


@pytest.mark.parametrize("case", VECTORS["objects"], ids=lambda case: len(case["plaintext"]))
def test_the_published_vectors_hold(case: dict[str, str]) -> None:
    plain, content = bytes.fromhex(case["plaintext"]), bytes.fromhex(case["content"])
    nonce = bytes.fromhex(case["nonce"])
    assert aes.seal(SEALER, case["name"], plain[0], plain[1:], nonce) == content
    assert aes.unseal(SEALER, case["name"], content) == plain


@pytest.mark.parametrize("case", VECTORS["objects"], ids=lambda case: len(case["plaintext"]))
def test_the_format_is_what_the_documentation_says(case: dict[str, str]) -> None:
    content, name = bytes.fromhex(case["content"]), case["name"].encode()
    nonce, tag, ciphertext = content[2:18], content[18:34], content[34:]
    assert content[:2] == b"\x01\x02" and nonce.hex() == case["nonce"]
    mac = hmac.new(bytes.fromhex(VECTORS["authentication_key"]), digestmod="sha256")
    mac.update(len(name).to_bytes(2, "big") + name + b"\x01\x02" + nonce + ciphertext)
    assert mac.digest()[:16] == tag
    secret = bytes.fromhex(VECTORS["encryption_key"])
    key = hashlib.shake_256(secret + nonce + b"object").digest(32)
    plain = Cipher(AES(key), CTR(bytes(16))).decryptor().update(ciphertext)
    assert plain.hex() == case["plaintext"]


@given(st.text(max_size=60), st.binary(max_size=2000))
def test_what_is_sealed_opens(name: str, body: bytes) -> None:
    content = store.pack(SEALER, name, body, WANTED)
    assert content[:2] == aes.HEADER
    assert store.open_object(SEALER, name, content) == body


def test_what_is_kept_as_bytes_stays_as_it_is() -> None:
    content = bytes(store.pack(SEALER, "name", b"plain", WANTED))
    before = bytes(bytearray(content))
    assert store.open_object(SEALER, "name", content) == b"plain"
    assert content == before
    assert store.open_object(SEALER, "name", content) == b"plain"


def test_equal_bodies_differ_when_sealed() -> None:
    first, second = (store.pack(SEALER, "name", bytes(100), WANTED) for _ in range(2))
    assert first[OVERHEAD:] != second[OVERHEAD:]


@pytest.mark.parametrize(
    "hidden",
    [
        "sys.modules['ctypes'] = None",
        "sys.modules['_ssl'] = None",
        "import ctypes; ctypes.CDLL = lambda name: object()",
        "import ctypes; ctypes.CDLL = ctypes.PyDLL = lambda name: (_ for _ in ()).throw(OSError)",
    ],
)
def test_an_interpreter_without_it_goes_on(hidden: str) -> None:
    code = f"import sys; {hidden}\nfrom samlive_stub import store\nprint(store.ABILITIES)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("{}\n", "")
