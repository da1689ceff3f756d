"""The socket to the broker: TLS with few roots, freezes, hang-ups."""

import datetime
import ipaddress
import random
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from samlive_stub import connection as module
from samlive_stub import sockets
from samlive_stub.connection import Connection
from samlive_stub.session import Refused

ENVIRON = {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s"}


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "broker")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "certificate.pem", folder / "key.pem"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return public, private


@pytest.fixture
def roots(broker: Any, tmp_path: Path) -> Path:
    """Let the broker speak TLS; return what to trust, as a stub reads it."""
    public, private = make_certificate(tmp_path)
    trusted = tmp_path / "roots.der"
    trusted.write_bytes(ssl.PEM_cert_to_DER_cert(public.read_text()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    broker.stop()
    broker.tls = context
    broker.start()
    return trusted


def connection_to(endpoint: str) -> Connection:
    return Connection(endpoint, "eu-west-1", "me", ("mine",), ENVIRON)


@pytest.fixture
def connection(broker: Any) -> Iterator[Connection]:
    connection = connection_to(f"x.iot.eu-west-1.localhost:{broker.port}")
    yield connection
    connection.close()


def receive(connection: Connection, count: int) -> list[bytes]:
    found: list[bytes] = []
    end = time.monotonic() + 60
    while len(found) < count:
        assert time.monotonic() < end
        found += [message.payload for message in connection.receive(0.5)]
        connection.flush()
    return found


@pytest.fixture(params=["private", "public"])
def door(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let TLS go through `_ssl`, then through `ssl`, as where `_ssl` is not as known."""
    if request.param == "public":
        monkeypatch.setattr("_ssl._SSLContext", None)
    else:
        monkeypatch.setattr(sockets, "_secured_publicly", None)
    return str(request.param)


def test_a_certificate_of_another_root_is_refused(broker: Any, roots: Path, door: str) -> None:
    connection = connection_to(f"127.0.0.1:{broker.port}")
    with pytest.raises(ssl.SSLCertVerificationError):
        connection.connect()
    assert not connection.open and connection.fileno() == -1


def test_a_certificate_for_another_host_is_refused(
    broker: Any, roots: Path, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "ROOTS", str(roots))
    connection = connection_to(f"127.1:{broker.port}")
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        connection.connect()
    assert not connection.open


def test_over_tls_large_packets_travel_both_ways(
    broker: Any, roots: Path, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "ROOTS", str(roots))
    connection = connection_to(f"127.0.0.1:{broker.port}")
    connection.connect()
    payloads = [random.Random(number).randbytes(51_300) for number in range(20)]
    for payload in payloads:
        connection.publish("mine", payload)
    connection.flush()
    assert receive(connection, 20) == payloads
    assert connection.receive(0.0) == []
    connection.close()


def test_tls_is_had_without_what_imports_cost(broker: Any, roots: Path) -> None:
    """`encodings.idna` alone, for a host that is no bytes, would cost 7 ms."""
    code = (
        f"import sys; sys.path.insert(0, {str(Path(sockets.__file__).parents[1])!r});"
        "from samlive_stub import sockets;"
        f"sockets.ROOTS = {str(roots)!r};"
        f"sockets.open_socket('127.0.0.1:{broker.port}').close();"
        "print(*sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-S", "-E", "-I", "-B", "-c", code],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(result.stdout.split())
    assert {"_socket", "_ssl", "samlive_stub.sockets"} <= loaded
    assert not loaded & {"encodings.idna", "re", "enum", "socket", "ssl", "stringprep"}


def test_nothing_listens(broker: Any, connection: Connection) -> None:
    broker.stop()
    with pytest.raises(ConnectionRefusedError):
        connection.connect()
    assert not connection.open
    assert connection.next_wakeup() == float("inf")


def test_a_server_that_says_nothing_times_out(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    monkeypatch.setattr(module, "CONNECT_SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mute = connection_to(f"x.localhost:{silent.getsockname()[1]}")
        with pytest.raises(TimeoutError, match="upgrade"):
            mute.connect()
        assert not mute.open


def test_a_broker_that_takes_nothing_more_is_given_up(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    monkeypatch.setattr(module, "SEND_SECONDS", 0.1)
    connection.connect()
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        assert connection._socket
        connection._socket.close()
        connection._socket = sockets.dial("127.0.0.1", deaf.getsockname()[1])
        connection._socket.settimeout(0.0)
        for _ in range(24):  # more than sockets hold
            connection.publish("mine", bytes(1024 * 1024))
        with pytest.raises(TimeoutError, match="takes nothing"):
            connection.flush()
    assert not connection.open


def test_a_hang_up_is_told_after_what_came_before_it(broker: Any, connection: Connection) -> None:
    connection.connect()
    broker.publish("mine", b"last")
    broker.cut()
    assert receive(connection, 1) == [b"last"]
    if connection.open:
        with pytest.raises(ConnectionResetError):
            connection.receive(5.0)
    assert not connection.open


def test_a_hang_up_after_a_publish_may_be_a_refusal(broker: Any, connection: Connection) -> None:
    connection.connect()
    broker.refuse = lambda phase, name: 0x87 if phase == "publish" else 0
    connection.publish("other", b"x")
    connection.flush()
    with pytest.raises(Refused) as caught:
        connection.receive(5.0)
    assert caught.value.phase == "publish"


def test_an_address_that_does_not_answer_is_followed_by_the_next(
    broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # nobody listens there meanwhile
        ports = [closed.getsockname()[1]] * 2 + [broker.port]
        monkeypatch.setattr(
            "_socket.getaddrinfo",
            lambda *args, **options: [
                (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port)) for port in ports
            ],
        )
        connection = connection_to("x.localhost")
        connection.connect()
        assert connection.open
        connection.close()
        ports.pop()
        with pytest.raises(ConnectionRefusedError):
            connection.connect()


def test_nodelay_is_set(connection: Connection) -> None:
    import socket

    connection.connect()
    assert isinstance(connection._socket, sockets.Plain)
    assert connection._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("clock", ["monotonic", "time"])
def test_a_freeze_past_the_keep_alive_closes_the_connection_by_either_clock(
    clock: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not connection.check()
    connection.connect()
    assert connection.check()
    real = getattr(time, clock)
    monkeypatch.setattr(time, clock, lambda: real() + 46)
    assert not connection.check()
    assert not connection.open


def test_credentials_are_read_at_each_connect(broker: Any, connection: Connection) -> None:
    environ = dict(ENVIRON)
    connection = Connection(f"x.localhost:{broker.port}", "eu-west-1", "me", ("mine",), environ)
    connection.connect()
    environ["AWS_ACCESS_KEY_ID"] = "FRESH"
    connection.connect()
    connection.close()
    assert "Credential=A%2F" in broker.paths[0] and "Credential=FRESH%2F" in broker.paths[1]
