"""Frames: what is inside a sealed packet, and how a message becomes several.

A message is a kind, an id and a body. Its frames are

    kind u8 | flags u8 | counter u64 | sender 20 | message id 16
    | index u16 | count u16 | total u32 | digest 8 | up to 50 KB of the body

big-endian. The sender is the execution environment (the 20 bytes of its worker
id) or the relay's session (a digest of its id); the counter grows with every
frame of a sender, re-sent ones too. A body of more than one frame is
compressed (zlib level 1) when that saves frames; then `total` and `digest`
(blake2b, 8 bytes) are those of the compressed body. Sizes are counted in
bytes, never in characters.

A streamed response is not one message but a row of parts, frames of the request's
message id with the flag `STREAM`. A part is alone (index 0, count 1), its `total`
is its place: how many bytes of the stream come before it. The stream begins like
a REQUEST, with fields; its last part has the flag `LAST`, and is an ERROR that
says why when the response broke off. A part that is compressed counts as what it
unpacks to. One that is `STORED` is a run of parts that went through S3 together: it
says where that is, and how long it is.

Bodies that hold named values (environment, request headers, presence) use
`encode_fields`: JSON would cost the stub an import at every cold start.
"""

import hashlib
import struct
import zlib

from .contract import CHUNK_BYTES, MAX_PAYLOAD_BYTES, MAX_STREAM_BYTES
from .record import Quick

REQUEST = 1
ACK = 2
RESPONSE = 3
ERROR = 4
HELLO = 5
REBOOT = 6
POLL = 7
PRESENCE = 8
UPLOAD = 9
UPLOAD_URL = 10
"""Kinds of messages; the last two are for payloads by way of S3."""

KINDS = frozenset(range(REQUEST, UPLOAD_URL + 1))

COMPRESSED = 1
STREAM = 2
STORED = 4
LAST = 8
"""Flags; the last one ends a stream."""

MAX_MESSAGE_BYTES = MAX_PAYLOAD_BYTES + 128 * 1024
"""Room for Lambda's largest payload and a request's fields."""

MAX_OFFSET = MAX_STREAM_BYTES + 128 * 1024
"""Room for Lambda's largest streamed response and its fields."""

SAMPLES, SAMPLE_BYTES = 4, 8 * 1024
"""What of a large body tells how well it packs."""

HEADER = struct.Struct("!BBQ20s16sHHI8s")
_FIELD = struct.Struct("!HI")
HEADER_BYTES = HEADER.size
_FIELD_BYTES = _FIELD.size


class FrameError(ValueError):
    """Bytes that are no frame, or a body that is not what its header says."""


class Frame(Quick):
    """One frame as it came in."""

    __slots__ = (
        "body",
        "count",
        "counter",
        "digest",
        "flags",
        "index",
        "kind",
        "message",
        "sender",
        "total",
    )
    kind: int
    flags: int
    counter: int
    sender: bytes
    message: bytes
    index: int
    count: int
    total: int
    digest: bytes
    body: bytes

    def __init__(self, packet: bytes) -> None:
        """Read one frame.

        Raises:
            FrameError: The header is cut, unknown, or contradicts the body.
        """
        if len(packet) < HEADER_BYTES:
            raise FrameError("shorter than a frame's header")
        kind, flags, counter, sender, message, index, count, total, digest = HEADER.unpack_from(
            packet
        )
        if kind not in KINDS:
            raise FrameError(f"kind {kind} is unknown")
        if flags and flags & ~_allowed_flags(kind, flags):
            raise FrameError(f"flags {flags:#x} are unknown")
        body = packet[HEADER_BYTES:]
        if flags & STREAM and kind != POLL:
            _check_part(index, count, total, len(body))
        elif count != 1 or index or not total == len(body) <= CHUNK_BYTES:
            _check_chunk(index, count, total, len(body))
        self.kind = kind
        self.flags = flags
        self.counter = counter
        self.sender = sender
        self.message = message
        self.index = index
        self.count = count
        self.total = total
        self.digest = digest
        self.body = body


class Outgoing:
    """What an outbox holds: something that leaves frame by frame."""

    __slots__ = ("count", "kind", "message")
    count: int
    kind: int
    message: bytes

    def frame_size(self, index: int) -> int:
        """Return how many bytes of the body frame `index` holds."""
        raise NotImplementedError

    def encode(self, index: int, sender: bytes, counter: int) -> bytes:
        """Return frame `index` as bytes, ready to be sealed."""
        raise NotImplementedError


class Message(Outgoing):
    """A message on its way out, cut into frames.

    Args:
        kind: One of `KINDS`.
        message: Its id: a Lambda request id's 16 bytes, or random ones.
        body: Any bytes, at most `MAX_MESSAGE_BYTES`.
        flags: `STORED`, when the body says where the payload is.
    """

    __slots__ = ("_body", "_digest", "flags")

    def __init__(self, kind: int, message: bytes, body: bytes = b"", flags: int = 0) -> None:
        self.kind = kind
        self.message = message
        self.flags = flags
        self.count = chunks_of(len(body))
        if self.count > 1:
            packed = zlib.compress(body, 1)
            if chunks_of(len(packed)) < self.count:
                body, self.count = packed, chunks_of(len(packed))
                self.flags |= COMPRESSED
        self._body = body
        self._digest = _digest(body) if self.count > 1 else bytes(8)

    @property
    def size(self) -> int:
        """Bytes of the body as it travels."""
        return len(self._body)

    def frame_size(self, index: int) -> int:
        """Return how many bytes of the body frame `index` holds."""
        return min(len(self._body) - index * CHUNK_BYTES, CHUNK_BYTES)

    def encode(self, index: int, sender: bytes, counter: int) -> bytes:
        """Return frame `index` as bytes, ready to be sealed."""
        start = index * CHUNK_BYTES
        header = HEADER.pack(
            self.kind,
            self.flags,
            counter,
            sender,
            self.message,
            index,
            self.count,
            len(self._body),
            self._digest,
        )
        return header + self._body[start : start + CHUNK_BYTES]


def _allowed_flags(kind: int, flags: int) -> int:
    if not flags & STREAM:
        return COMPRESSED | STORED
    if kind == POLL or (kind == RESPONSE and flags & STORED):
        return STREAM | STORED
    return STREAM | LAST | COMPRESSED if kind in (RESPONSE, ERROR) else 0


def _check_chunk(index: int, count: int, total: int, size: int) -> None:
    if total > MAX_MESSAGE_BYTES:
        raise FrameError(f"{total} bytes are more than a message may hold")
    if count != chunks_of(total) or index >= count:
        raise FrameError(f"frame {index} of {count} cannot be of {total} bytes")
    if size != min(CHUNK_BYTES, total - index * CHUNK_BYTES):
        raise FrameError(f"frame {index} of {count} holds {size} bytes")


def _check_part(index: int, count: int, offset: int, size: int) -> None:
    if index or count != 1:
        raise FrameError(f"a part that is frame {index} of {count}")
    if offset > MAX_OFFSET:
        raise FrameError(f"{offset} bytes are more than a stream may hold")
    if size > CHUNK_BYTES:
        raise FrameError(f"a part of {size} bytes")


def chunks_of(size: int) -> int:
    """Return how many frames a body of `size` bytes takes."""
    return max(1, -(-size // CHUNK_BYTES))


def estimate(body: bytes) -> int:
    """Return about how many bytes a body packs to, by samples: zlib takes 25 ms for a megabyte."""
    step = len(body) // SAMPLES
    if step <= SAMPLE_BYTES:
        return len(zlib.compress(body, 1))
    taken = b"".join(body[n * step : n * step + SAMPLE_BYTES] for n in range(SAMPLES))
    return len(body) * len(zlib.compress(taken, 1)) // len(taken)


def join(frame: Frame, chunks: list[bytes]) -> bytes:
    """Return the body of a message all of whose chunks are there.

    Args:
        frame: Any frame of the message.
        chunks: Bodies of its frames, in order.

    Raises:
        FrameError: The digest differs, or it unpacks to more than a message may hold.
    """
    body = b"".join(chunks)
    if frame.count > 1 and _digest(body) != frame.digest:
        raise FrameError("the digest of the joined frames differs")
    return unpack(body) if frame.flags & COMPRESSED else body


def unpack(body: bytes | memoryview, limit: int = MAX_MESSAGE_BYTES) -> bytes:
    """Return a compressed body as it was.

    Args:
        body: What zlib made of it.
        limit: Bytes that it may have been.

    Raises:
        FrameError: It unpacks to more than that, or is damaged.
    """
    unpacker = zlib.decompressobj()
    try:
        plain = unpacker.decompress(body, limit)
    except zlib.error as problem:
        raise FrameError(f"the body does not unpack: {problem}") from None
    if not unpacker.eof:
        raise FrameError("the body unpacks to more than a message may hold, or is cut")
    return plain


def encode_fields(fields: dict[str, str]) -> bytes:
    """Return named values as bytes: (u16 key length, u32 value length, key, value)*."""
    parts: list[bytes] = []
    for key, value in fields.items():
        name, text = key.encode(), value.encode("utf-8", "surrogateescape")
        parts += (_FIELD.pack(len(name), len(text)), name, text)
    return b"".join(parts)


def decode_fields(body: bytes) -> dict[str, str]:
    """Read what `encode_fields` wrote.

    Raises:
        FrameError: The bytes are cut or not UTF-8.
    """
    fields, at, end, unpack_from = {}, 0, len(body), _FIELD.unpack_from
    try:
        while at < end:
            size, value_size = unpack_from(body, at)
            value_at = at + _FIELD_BYTES + size
            name = str(body[at + _FIELD_BYTES : value_at], "utf-8")
            at = value_at + value_size
            fields[name] = str(body[value_at:at], "utf-8", "surrogateescape")
    except struct.error:
        at = end + 1
    except UnicodeDecodeError:
        raise FrameError("a field's name is not UTF-8") from None
    if at > end:
        raise FrameError("the fields are cut")
    return fields


def encode_request(fields: dict[str, str], event: bytes) -> bytes:
    """Return the body of a REQUEST: u32 length of the fields, the fields, the raw event."""
    head = encode_fields(fields)
    return b"".join((len(head).to_bytes(4, "big"), head, event))


def decode_request(body: bytes) -> tuple[dict[str, str], bytes]:
    """Read the body of a REQUEST.

    Raises:
        FrameError: It is cut.
    """
    end = 4 + int.from_bytes(body[:4], "big")
    if len(body) < 4 or end > len(body):
        raise FrameError("the request is cut")
    return decode_fields(body[4:end]), body[end:]


def encode_indices(indices: list[int]) -> bytes:
    """Return frame numbers as bytes, u16 each."""
    return struct.pack(f"!{len(indices)}H", *indices)


def decode_indices(body: bytes) -> list[int]:
    """Read frame numbers.

    Raises:
        FrameError: An odd number of bytes.
    """
    if len(body) % 2:
        raise FrameError("the frame numbers are cut")
    return list(struct.unpack(f"!{len(body) // 2}H", body))


def encode_offsets(taken: int, gaps: list[tuple[int, int]]) -> bytes:
    """Return the body of a POLL for a stream: bytes taken, then what is missing, u32 each.

    Args:
        taken: The stream's first bytes, this many, are no longer needed.
        gaps: Ranges that are missing, each from its first byte to before its last.
    """
    return struct.pack(f"!{1 + 2 * len(gaps)}I", taken, *(end for gap in gaps for end in gap))


def decode_offsets(body: bytes) -> tuple[int, list[tuple[int, int]]]:
    """Read what `encode_offsets` wrote.

    Raises:
        FrameError: The bytes are cut.
    """
    if len(body) % 8 != 4:
        raise FrameError("the offsets are cut")
    taken, *ends = struct.unpack(f"!{len(body) // 4}I", body)
    return taken, list(zip(ends[::2], ends[1::2], strict=True))


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=8).digest()
