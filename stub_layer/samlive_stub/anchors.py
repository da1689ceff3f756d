"""Makes trust anchors of root certificates, for the layer.

A root vouches for others by its name and its key. That it has signed itself proves
nothing (who forges a root signs it too), which is why RFC 5280, section 6.1, takes
a trust anchor as given, and why OpenSSL does not look at the signature of a
certificate that it was told to trust (`X509_V_FLAG_CHECK_SS_SIGNATURE` is off:
https://docs.openssl.org/3.0/man3/X509_VERIFY_PARAM_set_flags/). Bytes of a signature
cannot be compressed, zeros can: all that was signed stays as it is, and the layer
is 1.2 KB smaller.
"""

from collections.abc import Iterator


def split(roots: bytes) -> Iterator[bytes]:
    """Yield the certificates that were written one after the other in DER."""
    while roots:
        _, end = _element(roots, 0)
        yield roots[:end]
        roots = roots[end:]


def anchor(certificate: bytes) -> bytes:
    """Return a certificate with zeros for its signature.

    Args:
        certificate: One in DER (RFC 5280, section 4.1): what is signed, how, and the signature.

    Raises:
        ValueError: It has another form.
    """
    at, end = _element(certificate, 0)
    for _ in ("tbsCertificate", "signatureAlgorithm"):
        _, at = _element(certificate, at)
    start, signature_end = _element(certificate, at)
    if not signature_end == end == len(certificate) or certificate[at] != 3:  # BIT STRING
        raise ValueError("not a certificate in DER")
    return certificate[:start] + bytes(end - start)


def _element(data: bytes, at: int) -> tuple[int, int]:
    """Return where the content of a DER element begins and ends (X.690, section 8.1)."""
    try:
        size, start = data[at + 1], at + 2
    except IndexError:
        raise ValueError("not a certificate in DER") from None
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(data[at + 2 : start], "big")
    return start, start + size
