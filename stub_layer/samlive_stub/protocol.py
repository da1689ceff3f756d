"""The wire protocol as one table: what each end does with what it hears.

Two rules, as in h11: everything that decides lives in `TRANSITIONS`; nothing
in here, in `requester` or in `responder` opens a socket or reads a clock.
`requester.StubSide` runs in Lambda, `responder.RelaySide` on the developer's
machine; each is fed packets and the time, and hands out packets to publish.

Theory of operation
===================

The broker may drop (on reconnect, over quota), repeat and reorder packets, and
deliver none between SUBACK and the moment a subscription takes effect. An
execution environment may freeze for hours between two invocations, and a relay
may be killed. Still every request must end in exactly one answer, no handler
may run twice while its relay lives, and an answer must never reach another
request. Hence:

- Presence is a retained message with the relay's session. A stub that has read
  it knows at once whether somebody listens. A will says "gone" for a relay that
  died, but only after 1.5 keep-alives, so a request without an ACK for
  `ACK_PATIENCE` counts as absent too.
- A request is sent again after each of `RESEND_SECONDS` until acknowledged. The
  relay acknowledges within 0.1 s, before anything is built or started,
  unless the answer is faster and says the same (`relay_acks`).
- A re-send of a message of several frames is its first frame only. The relay
  answers with the numbers it misses (an ACK with a body), so 6 MB are not sent
  twice for one lost frame. In the other direction POLL does the same.
- A message id is made for each invocation. Lambda's request id would not do:
  an asynchronous retry has the same one, and must run again. Repeats of one
  message are harmless. The relay keeps the answer until the worker's next request: an execution
  environment handles one at a time, so a next one proves that this one is over.
- After the ACK the stub asks at intervals (POLL). The relay answers with an ACK
  while it runs, with the answer's missing frames when it has run, and with
  REBOOT when it does not know the request: it was restarted.
- REBOOT asks for the environment (HELLO) and the request again, so a restarted
  relay needs no cold start. A relay that gets a request of a worker it has no
  environment of holds it, and asks for HELLO alone (a REBOOT with a body) until
  it comes.
- A new session in presence gets HELLO and the pending request. While no session
  is there, an unanswered request waits `ORPHAN_SECONDS` for one.
- A large payload goes through S3, when presence says that the relay can sign
  URLs. Before such a request the stub asks for a place (UPLOAD), gets a signed
  URL (UPLOAD_URL), puts the object, and sends a REQUEST that only names it (flag
  STORED). A large answer comes as such a name too. Whatever fails on that way,
  at either end, is told to the other one (an empty UPLOAD_URL, a POLL with the
  flag), and the payload goes in frames. So S3 can make nothing fail, only slower;
  an environment that has no route to it pays for that once in `REST_SECONDS`.
- A streamed response leaves part by part while the handler still writes
  (`frames` says how a part looks). The first part is the acknowledgement of
  "it streams": what was passed on to Lambda cannot be taken back, so from then
  on the request is never sent again, and every end but the last part is an error
  in the middle of the response. The stub says what it has passed on and what it
  misses (POLL with the flag); the relay keeps what is not confirmed, never more
  than `WINDOW_BYTES`, and lets the handler wait meanwhile. A stub whose caller
  takes no more says so (`UNWANTED`), and the handler goes on to its end unheard.
  What a handler writes faster than the broker takes it goes through S3 in runs of
  parts (flag STORED, with the length of the run); a run that the stub cannot get
  it asks for plainly (a POLL with that flag), and gets in parts, as all that follows.
- `since` of presence orders sessions: while one is there, "here" of an older one
  is ignored, as is "gone" of any other. A relay that follows another makes its
  own `since` greater, whatever the clocks say.

Requester (one request at a time)
---------------------------------
IDLE      nothing to do
SEEKING   a request waits until it is known whether a relay listens
ASKING    request (or the question for a place) sent, not acknowledged
STORING   the request's payload is being put into S3
ACCEPTED  acknowledged, not answered
LOADING   the answer's payload is being read from S3
ORPHANED  sent, but the relay went away
STREAMING the response comes in parts, and is passed on as they come
DRYING    the same, but the relay went away: what still comes is taken
DONE      there is an outcome; the next request may begin

Responder (one of these per request)
------------------------------------
UNKNOWN   never heard of, or forgotten
FETCHING  acknowledged, its payload is being read from S3
HELD      acknowledged, waits for the worker's environment
RUNNING   handed to the relay
ANSWERED  the answer is kept for whoever asks again
STREAMING the handler writes; parts are kept until they are confirmed
STREAMED  it has written all, or nobody takes it any more
"""

import hashlib

from .record import Quick

IDLE, SEEKING, ASKING, ACCEPTED, ORPHANED, DONE = (
    "IDLE",
    "SEEKING",
    "ASKING",
    "ACCEPTED",
    "ORPHANED",
    "DONE",
)
STORING, LOADING = "STORING", "LOADING"
UNKNOWN, HELD, RUNNING, ANSWERED = "UNKNOWN", "HELD", "RUNNING", "ANSWERED"
FETCHING = "FETCHING"
STREAMING, STREAMED, DRYING = "STREAMING", "STREAMED", "DRYING"

# (state, what happened): (next state, what to do). What is not listed changes nothing.
REQUESTER = {
    (IDLE, "begin"): (SEEKING, "seek"),
    (DONE, "begin"): (SEEKING, "seek"),
    (SEEKING, "here"): (ASKING, "ask"),
    (SEEKING, "timeout"): (DONE, "give_up"),
    (SEEKING, "connected"): (SEEKING, "seek"),
    (ASKING, "ack"): (ACCEPTED, "wait"),
    (ASKING, "missing"): (ASKING, "fill"),
    (ASKING, "answer"): (DONE, "finish"),
    (ASKING, "reboot"): (ASKING, "ask"),
    (ASKING, "greet"): (ASKING, "greet"),
    (ASKING, "here"): (ASKING, "ask"),
    (ASKING, "connected"): (ASKING, "resume"),
    (ASKING, "timeout"): (ASKING, "repeat"),
    (ASKING, "silence"): (DONE, "give_up"),
    (ASKING, "gone"): (ORPHANED, "hope"),
    (ASKING, "place"): (STORING, "store"),
    (ASKING, "no place"): (ASKING, "ask_plainly"),
    (STORING, "stored"): (ASKING, "ask"),
    (STORING, "failed"): (ASKING, "ask_plainly"),
    (STORING, "here"): (ASKING, "ask"),
    (STORING, "gone"): (ORPHANED, "hope"),
    (ACCEPTED, "greet"): (ACCEPTED, "greet"),
    (ACCEPTED, "answer"): (DONE, "finish"),
    (ACCEPTED, "partial"): (ACCEPTED, "poll"),
    (ACCEPTED, "reboot"): (ASKING, "ask"),
    (ACCEPTED, "here"): (ASKING, "ask"),
    (ACCEPTED, "connected"): (ACCEPTED, "poll"),
    (ACCEPTED, "timeout"): (ACCEPTED, "poll"),
    (ACCEPTED, "silence"): (DONE, "give_up"),
    (ACCEPTED, "gone"): (ORPHANED, "hope"),
    (ACCEPTED, "no place"): (ASKING, "ask_plainly"),
    (ACCEPTED, "answer is stored"): (LOADING, "load"),
    (LOADING, "answer"): (DONE, "finish"),
    (LOADING, "failed"): (ACCEPTED, "poll_plainly"),
    (ORPHANED, "answer"): (DONE, "finish"),
    (ORPHANED, "answer is stored"): (LOADING, "load"),
    (ORPHANED, "here"): (ASKING, "ask"),
    (ORPHANED, "timeout"): (DONE, "give_up"),
    (ACCEPTED, "part"): (STREAMING, "pass_on"),
    (ORPHANED, "part"): (DRYING, "dry"),
    (STREAMING, "part"): (STREAMING, "pass_on"),
    (STREAMING, "answer"): (DONE, "finish"),
    (STREAMING, "partial"): (STREAMING, "ask_parts"),
    (STREAMING, "taken"): (STREAMING, "confirm"),
    (STREAMING, "timeout"): (STREAMING, "poll_parts"),
    (STREAMING, "connected"): (STREAMING, "poll_parts"),
    (STREAMING, "failed"): (STREAMING, "ask_parts_plainly"),
    (STREAMING, "silence"): (DONE, "break_off"),
    (STREAMING, "reboot"): (DONE, "break_off"),
    (STREAMING, "unwanted"): (DONE, "let_go"),
    (STREAMING, "gone"): (DRYING, "dry"),
    (STREAMING, "here"): (DRYING, "dry"),
    (DRYING, "part"): (DRYING, "pass_on"),
    (DRYING, "answer"): (DONE, "finish"),
    (DRYING, "partial"): (DRYING, "ask_parts"),
    (DRYING, "taken"): (DRYING, "confirm"),
    (DRYING, "connected"): (DRYING, "poll_parts"),
    (DRYING, "failed"): (DRYING, "ask_parts_plainly"),
    (DRYING, "timeout"): (DONE, "break_off"),
    (DRYING, "unwanted"): (DONE, "let_go"),
    (DRYING, "back"): (STREAMING, "poll_parts"),
}

RESPONDER = {
    (UNKNOWN, "request"): (HELD, "accept"),
    (UNKNOWN, "poll"): (UNKNOWN, "reboot"),
    (UNKNOWN, "stored request"): (FETCHING, "fetch"),
    (UNKNOWN, "foreign object"): (UNKNOWN, "refuse_place"),
    (FETCHING, "stored request"): (FETCHING, "acknowledge"),
    (FETCHING, "poll"): (FETCHING, "acknowledge"),
    (FETCHING, "fetched"): (HELD, "hold"),
    (FETCHING, "failed"): (UNKNOWN, "refuse_place"),
    (FETCHING, "next"): (UNKNOWN, "forget"),
    (HELD, "request"): (HELD, "acknowledge"),
    (HELD, "stored request"): (HELD, "acknowledge"),
    (HELD, "poll"): (HELD, "acknowledge"),
    (HELD, "hello"): (RUNNING, "deliver"),
    (HELD, "expired"): (ANSWERED, "refuse"),
    (RUNNING, "request"): (RUNNING, "acknowledge"),
    (RUNNING, "stored request"): (RUNNING, "acknowledge"),
    (RUNNING, "poll"): (RUNNING, "acknowledge"),
    (RUNNING, "answer"): (ANSWERED, "publish"),
    (ANSWERED, "request"): (ANSWERED, "repeat"),
    (ANSWERED, "stored request"): (ANSWERED, "repeat"),
    (ANSWERED, "poll"): (ANSWERED, "repeat"),
    (ANSWERED, "plain poll"): (ANSWERED, "repeat_plainly"),
    (ANSWERED, "next"): (UNKNOWN, "forget"),
    (ANSWERED, "expired"): (UNKNOWN, "forget"),
    (RUNNING, "stream"): (STREAMING, "open"),
    (STREAMING, "part"): (STREAMING, "send_parts"),
    (STREAMING, "last part"): (STREAMED, "send_parts"),
    (STREAMING, "request"): (STREAMING, "acknowledge"),
    (STREAMING, "stored request"): (STREAMING, "acknowledge"),
    (STREAMING, "poll"): (STREAMING, "repeat_parts"),
    (STREAMING, "plain poll"): (STREAMING, "repeat_parts_plainly"),
    (STREAMING, "unwanted"): (STREAMED, "let_go"),
    (STREAMING, "next"): (UNKNOWN, "forget"),
    (STREAMING, "expired"): (STREAMED, "let_go"),
    (STREAMED, "request"): (STREAMED, "acknowledge"),
    (STREAMED, "stored request"): (STREAMED, "acknowledge"),
    (STREAMED, "poll"): (STREAMED, "repeat_parts"),
    (STREAMED, "plain poll"): (STREAMED, "repeat_parts_plainly"),
    (STREAMED, "unwanted"): (STREAMED, "let_go"),
    (STREAMED, "next"): (UNKNOWN, "forget"),
    (STREAMED, "expired"): (UNKNOWN, "forget"),
}

TRANSITIONS = {"requester": REQUESTER, "responder": RESPONDER}

PRESENCE_SECONDS = 1.0
"""How long a stub waits after SUBACK for the retained presence."""

RESEND_SECONDS = (0.5, 1.0, 2.0, 3.0)
"""A request goes out again this long after the one before, until acknowledged."""

ACK_PATIENCE = 3.5
"""After the last re-send, the time until no relay is assumed to listen.

Ten seconds in all: a relay that died has left its will within 45, so this is
for a laptop that fell asleep; a busy one, which starts fifty environments at
once, must not be taken for absent.
"""

POLL_SECONDS = (2.0, 5.0)
"""Pause before the first POLL after an ACK, and between later ones."""

STALL_SECONDS = 1.0
"""A message without news for so long is asked for again."""

ORPHAN_SECONDS = 15.0
"""How long an unanswered request waits for another relay when its own went."""

DRY_SECONDS = 6.0
"""How long a stub waits for the end of a stream whose relay went: it may still finish
what runs, for 3 to 5 seconds."""

LARGE_FRAMES = 5
"""A payload of more frames, compressed, goes through S3: that is 250 KB."""

REST_SECONDS = 300.0
"""A stub that could not reach S3 is spared it for so long: each try can take seconds."""

LOST_POLLS = 12
"""A relay that answers so many in a row with nothing is lost, will or not."""

HELLO_SECONDS = 0.5
"""How often the relay asks for the environment of a request it holds."""

HOLD_SECONDS = 30.0
"""How long the relay holds a request whose environment never comes."""

WINDOW_BYTES = 1024 * 1024
"""Bytes of a stream that may be under way, or lost, at the most."""

BULK_WINDOW_BYTES = 4 * WINDOW_BYTES
"""The same of a stream part of which goes through S3."""

CONFIRM_BYTES = WINDOW_BYTES // 4
"""A stub that has passed on so many bytes of a stream says so."""

PART_SECONDS = 0.05
"""A part that is not full waits so long after the one before, for more to go with it:
a handler that writes word by word would use up its connection's publishes alone."""

GAP_SECONDS = 0.3
"""A part that others have overtaken for so long is asked for again."""

SILENCE_SECONDS = 60.0
"""A stub that was not heard of for so long takes no more of a stream."""

UNWANTED = 0xFFFFFFFF
"""In the place of the bytes taken: no more of the stream, please. As the end of a gap: unknown."""

HERE, GONE = "here", "gone"
"""States in a presence message."""

FUNCTION_FIELD = "SAMLIVE_FUNCTION"
"""Field of HELLO with the function's logical id, beside the environment variables."""

REQUEST_ID_FIELD = "aws-request-id"
"""Field of REQUEST with Lambda's request id."""

NAME_FIELD, URL_FIELD, SIZE_FIELD = "name", "url", "size"
"""Fields that say where an object is, and how much of a stream it holds; all others are
headers of its URL."""

SEAL_FIELD = "seal"
"""Field of REQUEST and of UPLOAD_URL: the algorithm that objects for its sender may have."""

HELLO_ONLY = b"\x01"
"""Body of a REBOOT that wants the environment alone."""


class ProtocolError(ValueError):
    """This end was used wrongly; what the peer does wrong is refused, never raised."""


class Publish(Quick):
    """A packet to publish at QoS 1.

    Args:
        topic: Topic to publish on.
        payload: Sealed bytes.
        shard: Connection of the relay to publish through; 0 in a stub.
        retain: Whether the broker keeps it.
    """

    __slots__ = ("payload", "retain", "shard", "topic")
    topic: str
    payload: bytes
    shard: int
    retain: bool

    def __init__(self, topic: str, payload: bytes, shard: int = 0, retain: bool = False) -> None:
        self.topic = topic
        self.payload = payload
        self.shard = shard
        self.retain = retain


def worker_id(sender: bytes) -> str:
    """Return the worker id that a stub's 20 sender bytes stand for."""
    text = sender.hex()
    return f"{text[:32]}-{text[32:]}"


def worker_sender(worker: str) -> bytes:
    """Return the sender bytes of a worker id (32 hex, "-", 8 hex).

    Raises:
        ProtocolError: It has another form.
    """
    head, _, tail = worker.partition("-")
    if len(head) != 32 or len(tail) != 8:
        raise ProtocolError(f"{worker!r} is no worker id")
    return bytes.fromhex(head + tail)


def session_sender(session: str) -> bytes:
    """Return the sender bytes of a relay session."""
    return hashlib.blake2b(session.encode(), digest_size=20).digest()
