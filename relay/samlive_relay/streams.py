"""Responses on their way from a function's process to its stub, while it writes them.

What a function writes faster than the broker takes it is put into the vault, a few
runs of parts at a time: meanwhile the next ones grow.
"""

import asyncio
from collections.abc import Callable, Coroutine

from samlive_stub.protocol import SEAL_FIELD
from samlive_stub.responder import Invocation, RelaySide

from .vault import Vault

RUNS = 3
"""So many of a response are put at the same time."""

ENDED = (
    b'{"errorType":"SamLive.RelayAbsent","errorMessage":"samlive dev ended in the middle of '
    b'the response. Start it again and call again."}'
)


class Streams:
    """The streamed responses of one session.

    Args:
        side: The protocol's end.
        pump: Called when the protocol has something new to publish.
        vault: Takes runs of parts.
        run: Does something that counts as part of a request.
    """

    def __init__(
        self,
        side: RelaySide,
        pump: Callable[[], None],
        vault: Vault,
        run: Callable[[Coroutine[None, None, None]], None],
    ) -> None:
        self.side = side
        self.pump = pump
        self.vault = vault
        self.run = run
        self._open: set[Stream] = set()

    def stream_for(self, invocation: Invocation) -> "Stream":
        """Return what takes the response of an invocation, should it be streamed."""
        return Stream(self, self._open, invocation)

    def wake(self) -> None:
        """Let those go on that waited for room, after packets came in or time passed."""
        for stream in self._open:
            stream.wake()

    def break_off(self) -> None:
        """End all of them with an error: the session ends."""
        for stream in list(self._open):
            stream.end(ENDED)


class Stream:
    """One response.

    Args:
        streams: All of the session.
        others: Those that are open.
        invocation: What is answered.
    """

    def __init__(self, streams: Streams, others: "set[Stream]", invocation: Invocation) -> None:
        # Every call has one, hardly any opens it: the rest is made there.
        self._streams, self._others, self._invocation = streams, others, invocation
        self.opened = False
        """Whether the function streams its response."""

    def open(self, content_type: str) -> None:
        """Begin to answer."""
        streams, invocation = self._streams, self._invocation
        self._side, self._pump = streams.side, streams.pump
        self._vault, self._run = streams.vault, streams.run
        self._worker, self._request = invocation.worker, invocation.request_id
        self._algorithm = invocation.fields.get(SEAL_FIELD, "")
        self._under_way = 0
        self._room = asyncio.Event()
        self.opened = True
        self._others.add(self)
        fields = {"content-type": content_type}
        now = _now()
        storage = self._vault.usable and self._side.can_load(self._worker, now)
        place = (self._worker, self._request)
        self._number = self._side.streams.open(*place, fields, now, storage) or b""
        self._pump()

    async def write(self, data: bytes) -> None:
        """Send a piece; returns when there is room for another one.

        What nobody takes any more is dropped, and the function goes on.
        """
        self._side.streams.write(self._worker, self._number, data, _now())
        self._put_runs()
        self._pump()
        self._room.clear()
        self.wake()
        await self._room.wait()

    def end(self, error: bytes) -> None:
        """End the response; with Lambda's error JSON when it broke off."""
        if self in self._others:
            self._others.discard(self)
            self._side.streams.end(self._worker, self._number, error, _now())
            self._put_runs()
        self._room.set()

    def wake(self) -> None:
        """Go on if there is room by now."""
        self._put_runs()
        if self._side.streams.room(self._worker, self._number) > 0:
            self._room.set()

    def _put_runs(self) -> None:
        """Put what is to go through S3, when it is not enough already."""
        while self._under_way < RUNS:
            run = self._side.streams.take_run(self._worker, self._number)
            if run is None:
                return
            self._under_way += 1
            self._run(self._put(*run))

    async def _put(self, first: int, body: bytes) -> None:
        place = await self._vault.keep(self._worker, body, self._algorithm)
        self._under_way -= 1
        self._side.streams.put(self._worker, self._number, first, len(body), place)
        self._put_runs()
        self._pump()


def _now() -> float:
    return asyncio.get_running_loop().time()
