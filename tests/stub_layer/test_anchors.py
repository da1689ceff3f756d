"""The layer's trust anchors: Amazon's roots, and as strict as with their signatures."""

import contextlib
import datetime
import hashlib
import io
import socket
import ssl
import threading
import zipfile
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from samlive_stub import sockets
from samlive_stub.anchors import anchor, split
from samlive_stub.layer import build_layer

ROOTS = files("samlive_stub").joinpath("roots.der").read_bytes()
FINGERPRINTS = [
    # SHA-256 of the certificates, as https://www.amazontrust.com/repository/ lists them,
    # and of what is signed in each: the certificate up to its signature.
    (
        "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
        "6fc4b8ac3d2b52c08baf56255e43d22c762962e4facab01ace16d48ec008be0a",
    ),
    (
        "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
        "2d248971676127146bac39b694edea4c5c0b60cefd4f42f66d3e2bd7cb78cfd6",
    ),
    (
        "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
        "6d29dbed0025d7540e14e4110aefa547c48fc75c85e2180b6038f18e126cb74f",
    ),
    (
        "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
        "430d62f1a2eee0270794c8038e3a2659b672bf19e08053deb6b343752a550d16",
    ),
    (
        "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
        "1504593902ec8a0bab29f03bf35c3058b5fd1807a74dab92cb61ed4a9908afa4",
    ),
]
HOST = "abc-ats.iot.eu-west-1.amazonaws.com"

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def signed_part(certificate: bytes) -> bytes:
    """Return tbsCertificate; it and what it is in have headers of four bytes."""
    assert certificate[1] == certificate[5] == 0x82
    return certificate[4 : 8 + int.from_bytes(certificate[6:8])]


def read(root: bytes) -> list[Any]:
    """Return what OpenSSL makes of a root: names, validity, serial number."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=root)
    assert context.verify_mode == ssl.CERT_REQUIRED and context.check_hostname
    return list(context.get_ca_certs())


class Authority:
    """A certificate with its key; signs others.

    Args:
        name: Common name.
        issuer: Who signs it; itself when None.
        days: How long it is valid, from five days ago.
        authority: Whether it may sign others.
        rsa_bits: Size of an RSA key; it has one of a curve when 0.
    """

    def __init__(
        self,
        name: str,
        issuer: "Authority | None" = None,
        *,
        days: int = 10,
        authority: bool = True,
        rsa_bits: int = 0,
    ) -> None:
        self.key: Key = (
            rsa.generate_private_key(65537, rsa_bits)
            if rsa_bits
            else ec.generate_private_key(ec.SECP256R1())
        )
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        signer = issuer or self
        start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=5)
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(signer.name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + datetime.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), True)
        )
        if not authority:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([x509.DNSName(HOST)]), False
            )
        self.certificate = builder.sign(signer.key, hashes.SHA256())

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)


@pytest.fixture(params=["_ssl", "ssl"])
def shake_hands(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[bytes, Authority, list[Authority]], None]]:
    """Return a function: a stub trusts roots and meets a server with a chain."""
    wrap = sockets.Secured if request.param == "_ssl" else sockets._secured_publicly
    trusted, chain, private = (tmp_path / name for name in ("roots.der", "chain.pem", "key.pem"))
    monkeypatch.setattr(sockets, "ROOTS", str(trusted))

    def meet(roots: bytes, server: Authority, others: list[Authority]) -> None:
        trusted.write_bytes(roots)
        chain.write_bytes(b"".join(each.pem for each in (server, *others)))
        private.write_bytes(
            server.key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, private)
        near, far = socket.socketpair()
        thread = threading.Thread(target=_serve, args=(context, far))
        thread.start()
        plain = sockets.Plain(fileno=near.detach())
        plain.settimeout(60)
        try:
            secured = wrap(plain, HOST)
            assert secured.recv(100) == b"welcome"
            secured.close()
        finally:
            plain.close()
            thread.join()

    yield meet


def _serve(context: ssl.SSLContext, end: socket.socket) -> None:
    with end, contextlib.suppress(OSError):
        end.settimeout(60)
        with context.wrap_socket(end, server_side=True) as secured:
            secured.sendall(b"welcome")


Meet = Callable[[bytes, Authority, list[Authority]], None]


def test_a_chain_to_another_key_under_the_anchors_name_is_refused(shake_hands: Meet) -> None:
    root, forged = Authority("Root"), Authority("Root")
    middle = Authority("Middle", forged)
    server = Authority("server", middle, authority=False)
    for sent in ([middle], [middle, forged]):
        with pytest.raises(ssl.SSLCertVerificationError):
            shake_hands(anchor(root.der), server, sent)


def test_an_anchors_copy_that_the_server_sends_vouches_for_nothing(shake_hands: Meet) -> None:
    root, other = Authority("Root"), Authority("Other")
    server = Authority("server", root, authority=False)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(anchor(other.der), server, [root])


def test_an_unsigned_certificate_is_no_part_of_a_chain(shake_hands: Meet) -> None:
    root = Authority("Root")
    middle = Authority("Middle", root)
    server = Authority("server", middle, authority=False)
    middle.certificate = x509.load_der_x509_certificate(anchor(middle.der))
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(anchor(root.der), server, [middle])
    server.certificate = x509.load_der_x509_certificate(anchor(server.der))
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(anchor(root.der), server, [])


def test_an_anchor_that_has_expired_is_refused(shake_hands: Meet) -> None:
    root = Authority("Root", days=1)
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        shake_hands(anchor(root.der), Authority("server", root, authority=False), [])


@pytest.mark.parametrize("bits", [0, 2048])
def test_chains_to_an_anchor_are_accepted(shake_hands: Meet, bits: int) -> None:
    root = Authority("Root", rsa_bits=bits)
    middle = Authority("Middle", root)
    server = Authority("server", middle, authority=False)
    roots = ROOTS + anchor(root.der)
    shake_hands(roots, server, [middle])
    # Many servers send the root too, the signed one.
    shake_hands(roots, server, [middle, root])


def test_a_cross_signed_root_leads_to_the_anchor(shake_hands: Meet) -> None:
    """What Amazon's servers send: "Amazon Root CA 1" as signed by the older Starfield."""
    root, older = Authority("Root"), Authority("Older")
    crossed = Authority("Root", older)
    crossed.certificate = _signed_again(root, older)
    server = Authority("server", root, authority=False)
    for trusted in (root, older):
        shake_hands(anchor(trusted.der), server, [crossed])


def _signed_again(root: Authority, issuer: Authority) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(root.name)
        .issuer_name(issuer.name)
        .public_key(root.key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(root.certificate.not_valid_before_utc)
        .not_valid_after(root.certificate.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(issuer.key, hashes.SHA256())
    )


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\x30",
        next(split(ROOTS))[:-1],
        next(split(ROOTS)) + b"\0",
        signed_part(next(split(ROOTS))),
        b"\x30\x06" + b"\x30\x00" * 3,
    ],
    ids=["empty", "cut", "cut short", "too long", "no signature", "no bits"],
)
def test_what_is_no_certificate_is_refused(broken: bytes) -> None:
    with pytest.raises(ValueError, match="not a certificate in DER"):
        anchor(broken)


def test_the_roots_are_amazons_and_nothing_else() -> None:
    assert [(sha256(root), sha256(signed_part(root))) for root in split(ROOTS)] == FINGERPRINTS


def test_the_layer_trusts_the_roots_names_and_keys_and_nothing_else() -> None:
    with zipfile.ZipFile(io.BytesIO(build_layer().zip)) as layer:
        anchors = list(split(layer.read("samlive/samlive_stub/roots.der")))
    assert [sha256(signed_part(each)) for each in anchors] == [signed for _, signed in FINGERPRINTS]
    for root, kept in zip(split(ROOTS), anchors, strict=True):
        assert len(kept) == len(root) and read(kept) == read(root)
        assert not any(kept[len(kept) - 64 :]) and any(root[len(root) - 64 :])
        signed = 4 + len(signed_part(root))
        assert kept[:signed] == root[:signed]
    assert len(read(b"".join(anchors))) == len(FINGERPRINTS)
