"""Large payloads by way of S3; imported only when there is one.

Above `LARGE_FRAMES` a payload does not fit the broker's 512 KiB a second, so it
goes through the account's bucket: the relay signs a URL, the stub puts or gets
one object, and the message itself carries only its name. The function's role
needs no permission for that.

An object is sealed like a packet, with its name in the place of the topic: who
can read or write the bucket learns and changes nothing, and one object cannot
stand in for another. The plaintext is a byte of flags and the body, compressed
when that pays: text of base64 shrinks by a quarter, which takes longer than to
send it whole. An end that has AES (see `aes`) says so, and gets objects sealed with it.
"""

import time
import zlib

from . import aes
from .contract import MAX_PAYLOAD_BYTES
from .frames import COMPRESSED, MAX_MESSAGE_BYTES, FrameError, estimate, unpack
from .http1 import HttpConnection, Response
from .outcomes import Transfer
from .protocol import SEAL_FIELD
from .seal import OVERHEAD, Sealer
from .sockets import Socket, open_socket

PACKED_PART = 0.6
"""A body that does not shrink to this part of its size is put as it is."""

MAX_OBJECT_BYTES = MAX_MESSAGE_BYTES + OVERHEAD + 1

KEPT_SECONDS = 15.0
"""An unused connection to S3 is not trusted for longer: S3 closes it, a freeze hides that."""

ABILITIES = {SEAL_FIELD: str(aes.ALGORITHM)} if aes.USABLE else {}
"""Fields by which this end says how objects for it may be sealed."""


def pack(
    sealer: Sealer, name: str, body: bytes, algorithm: str = "", pays: bool | None = None
) -> bytes | bytearray:
    """Return the content of an object.

    Args:
        sealer: The stage's.
        name: Name of the object, never used before.
        body: Any bytes.
        algorithm: What the other end has said in `SEAL_FIELD`.
        pays: Whether to compress it; when it shrinks well when None.
    """
    flags = 0
    if estimate(body) < PACKED_PART * len(body) if pays is None else pays:
        packed = zlib.compress(body, 1)
        if len(packed) < len(body):
            flags, body = COMPRESSED, packed
    if aes.USABLE and algorithm == str(aes.ALGORITHM):
        return aes.seal(sealer, name, flags, body)
    return sealer.seal(name, bytes((flags,)) + body)


def open_object(sealer: Sealer, name: str, content: bytes | bytearray) -> bytes:
    """Return the body that was packed under a name; what is no bytes may be overwritten.

    Raises:
        SealError: It was not sealed with this key under this name.
        FrameError: It does not unpack.
    """
    if content[:2] == aes.HEADER and len(content) >= OVERHEAD:
        plain = aes.unseal(sealer, name, content)
    else:
        plain = memoryview(sealer.open(name, content))
    if not plain or plain[0] not in (0, COMPRESSED):
        raise FrameError("an object with unknown flags")
    return unpack(plain[1:]) if plain[0] else bytes(plain[1:])


class Courier:
    """Carries objects to and from S3, over a connection that is kept between them.

    Args:
        key: The stage's key.
    """

    __slots__ = ("_sealer", "_server", "_used_at")

    def __init__(self, key: bytes) -> None:
        self._sealer = Sealer(key)
        self._server: _Server | None = None
        self._used_at = 0.0

    def carry(self, wanted: Transfer) -> bytes:
        """Put or get an object; return what was got, b"" for what was put.

        Raises:
            OSError: It did not work. The text never holds the URL's query.
            ValueError: What was got does not open.
        """
        if wanted.body is None:
            content = self.transfer("GET", wanted.url, wanted.headers)
            return open_object(self._sealer, wanted.name, content)
        content = pack(self._sealer, wanted.name, wanted.body, wanted.algorithm)
        self.transfer("PUT", wanted.url, wanted.headers, content)
        return b""

    def transfer(
        self, method: str, url: str, headers: dict[str, str], body: bytes | bytearray = b""
    ) -> bytes | bytearray:
        """Ask for an object by a signed URL; return what the server sent.

        Args:
            method: "PUT" or "GET".
            url: The signed URL. Without TLS only for this machine.
            headers: Headers that are part of the signature.
            body: Content to put.

        Raises:
            OSError: It did not work. The text never holds the URL's query.
        """
        scheme, _, rest = url.partition("://")
        host, _, path = rest.partition("/")
        server = self._server_at(host, scheme == "http")
        kept = server.fileno() >= 0
        try:
            answer = server.ask(method, path, body, headers)
        except OSError:
            server.close()
            if not kept:
                raise
            # Asking twice does no harm: the object and its name are the same.
            answer = server.ask(method, path, body, headers)
        self._used_at = time.time()
        if answer.status == 200 and len(answer.body) <= MAX_OBJECT_BYTES:
            return answer.body
        self.close()
        if answer.status == 200:
            raise OSError(f"an object of more than {MAX_PAYLOAD_BYTES} bytes")
        raise OSError(f"{host.partition(':')[0]} answered {answer.status} to {method}")

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._server:
            self._server.close()
        self._server = None

    def _server_at(self, host: str, plain: bool) -> "_Server":
        # By the wall clock: a frozen environment's other one may stand still.
        fresh = 0 <= time.time() - self._used_at < KEPT_SECONDS
        if self._server and (not fresh or self._server.place != (host, plain)):
            self.close()
        if self._server is None:
            self._server = _Server(host, plain)
        return self._server


class _Server(HttpConnection):
    __slots__ = ("place",)

    def __init__(self, address: str, plain: bool) -> None:
        super().__init__(address)
        self.place = (address, plain)

    def ask(
        self, method: str, path: str, body: bytes | bytearray, headers: dict[str, str]
    ) -> Response:
        self.send(method, "/" + path, body, tuple(headers.items()))
        return self.receive()

    def _open(self) -> Socket:
        if self._socket is None:
            self._socket = open_socket(*self.place)
        return self._socket
