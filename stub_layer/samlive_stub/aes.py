"""Seals objects with AES-256 where OpenSSL can be reached; imported only for large payloads.

Python offers no cipher of its own, but `_ssl` is linked with one, and `ctypes`
reaches what a module is linked with: 6 MB take 1 ms, where a keystream of
SHAKE-256 and integers take 25. An interpreter that is built otherwise (without
`ctypes`, or with OpenSSL hidden within it) has no AES, which `USABLE` says;
algorithm 1 is for it.

Algorithm 2 of `seal` differs from 1 in the ciphertext alone. Every object has a
key of its own, so the counter may begin at zero:

    object key = SHAKE-256(encryption key | nonce | "object"), 32 bytes
    ciphertext = AES-256-CTR(object key, counter 0, plaintext)    NIST SP 800-38A

Sealing and opening work in place: fresh memory for 6 MB costs as much as they do.
https://docs.openssl.org/3.0/man3/EVP_EncryptInit/
"""

import hmac
import os

from .seal import NONCE_BYTES, OVERHEAD, VERSION, Sealer, SealError

ALGORITHM = 2
HEADER = bytes((VERSION, ALGORITHM))
_HEAD_BYTES = len(HEADER) + NONCE_BYTES

USABLE = False


def seal(
    sealer: Sealer, name: str, flags: int, body: bytes, nonce: bytes | None = None
) -> bytearray:
    """Return the content of an object.

    Args:
        sealer: The stage's.
        name: Name of the object.
        flags: First byte of the plaintext.
        body: The rest of it.
        nonce: 16 bytes never used before with this key; for test vectors alone.
    """
    nonce = nonce or os.urandom(NONCE_BYTES)
    content = bytearray(OVERHEAD + 1 + len(body))
    content[:_HEAD_BYTES] = HEADER + nonce
    content[OVERHEAD] = flags
    with memoryview(content) as view:  # a bytearray would copy the body once more
        view[OVERHEAD + 1 :] = body
    _crypt(sealer.object_key(nonce), content, OVERHEAD)
    content[_HEAD_BYTES:OVERHEAD] = _tag(sealer, name, content)
    return content


def unseal(sealer: Sealer, name: str, content: bytes | bytearray) -> memoryview:
    """Return the plaintext, flags first; it is put in the place of what is no bytes.

    Raises:
        SealError: It was not sealed with this key under this name, or there is no AES here.
    """
    if not USABLE:
        raise SealError("sealed with AES, which this interpreter does not have")
    if isinstance(content, bytes):
        content = bytearray(content)
    if not hmac.compare_digest(content[_HEAD_BYTES:OVERHEAD], _tag(sealer, name, content)):
        raise SealError("not sealed with this stage's key under this name")
    _crypt(sealer.object_key(bytes(content[len(HEADER) : _HEAD_BYTES])), content, OVERHEAD)
    return memoryview(content)[OVERHEAD:]


def _tag(sealer: Sealer, name: str, content: bytearray) -> bytes:
    with memoryview(content) as view:
        return sealer.tag(name, bytes(view[:_HEAD_BYTES]), (view[OVERHEAD:],))


def _crypt(key: bytes, data: bytearray, start: int) -> None:
    """Mix the keystream of a key, whose counter begins at zero, into data from `start` on."""
    size, written = len(data) - start, ctypes.c_int()
    place = ctypes.byref(ctypes.c_char.from_buffer(data, start))
    context = _pointer(_openssl.EVP_CIPHER_CTX_new())
    try:
        cipher = _pointer(_openssl.EVP_aes_256_ctr())
        if not (
            _openssl.EVP_EncryptInit_ex(context, cipher, None, key, bytes(16))
            and _openssl.EVP_EncryptUpdate(context, place, ctypes.byref(written), place, size)
            and written.value == size
        ):
            raise SealError("OpenSSL refuses AES")
    finally:
        _openssl.EVP_CIPHER_CTX_free(context)


def _works() -> bool:
    """Tell whether AES is what it should be, by NIST's known answer for zeros."""
    block = bytearray(17)
    _crypt(bytes(32), block, 1)
    return block[1:].hex() == "dc95c078a2408989ad48a21492842087"


try:
    import _ssl
    import ctypes

    _pointer = ctypes.c_void_p
    _openssl = ctypes.CDLL(getattr(_ssl, "__file__", None))  # None: within the interpreter
    _openssl.EVP_CIPHER_CTX_new.restype = _openssl.EVP_aes_256_ctr.restype = _pointer
    USABLE = _works()
except (ImportError, AttributeError, OSError, TypeError, SealError):
    pass
