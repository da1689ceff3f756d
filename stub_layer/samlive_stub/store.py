"""Large payloads by way of S3; imported only when there is one.

Above `LARGE_FRAMES` a payload does not fit the broker's 512 KiB a second, so it
goes through the account's bucket: the relay signs a URL, the stub puts or gets
one object, and the message itself carries only its name. The function's role
needs no permission for that.

An object is sealed like a packet, with its name in the place of the topic: who
can read or write the bucket learns and changes nothing, and one object cannot
stand in for another. The plaintext is a byte of flags and the body, compressed
when that pays: text of base64 shrinks by a quarter, which takes longer than to
send it whole.
"""

import zlib

from .contract import MAX_PAYLOAD_BYTES
from .frames import COMPRESSED, MAX_MESSAGE_BYTES, FrameError, estimate, unpack
from .http1 import HttpConnection
from .seal import OVERHEAD, Sealer
from .sockets import Socket, open_socket

PACKED_PART = 0.6
"""A body that does not shrink to this part of its size is put as it is."""

MAX_OBJECT_BYTES = MAX_MESSAGE_BYTES + OVERHEAD + 1


def pack(sealer: Sealer, name: str, body: bytes) -> bytes:
    """Return the content of an object.

    Args:
        sealer: The stage's.
        name: Name of the object, never used before.
        body: Any bytes.
    """
    pays = estimate(body) < PACKED_PART * len(body)
    packed = zlib.compress(body, 1) if pays else body
    flags = COMPRESSED if len(packed) < len(body) else 0
    return sealer.seal(name, bytes((flags,)) + (packed if flags else body))


def open_object(sealer: Sealer, name: str, content: bytes) -> bytes:
    """Return the body that was packed under a name.

    Raises:
        SealError: It was not sealed with this key under this name.
        FrameError: It does not unpack.
    """
    plain = sealer.open(name, content)
    if plain[:1] not in (b"\0", b"\1"):
        raise FrameError("an object with unknown flags")
    return unpack(plain[1:]) if plain[0] else plain[1:]


def transfer(method: str, url: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """Put or get an object by a signed URL; return what the server sent.

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
    server = _Server(host, scheme == "http")
    try:
        server.send(method, "/" + path, body, tuple(headers.items()))
        answer = server.receive()
    finally:
        server.close()
    if answer.status != 200:
        raise OSError(f"{host.partition(':')[0]} answered {answer.status} to {method}")
    if len(answer.body) > MAX_OBJECT_BYTES:
        raise OSError(f"an object of more than {MAX_PAYLOAD_BYTES} bytes")
    return answer.body


class _Server(HttpConnection):
    __slots__ = ("_plain",)

    def __init__(self, address: str, plain: bool) -> None:
        super().__init__(address)
        self._plain = plain

    def _open(self) -> Socket:
        if self._socket is None:
            self._socket = open_socket(self._address, self._plain)
        return self._socket
