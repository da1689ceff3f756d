"""Responses on their way from a function's process to its stub, while it writes them."""

import asyncio
from collections.abc import Callable

from samlive_stub.responder import Invocation, RelaySide

ENDED = (
    b'{"errorType":"SamLive.RelayAbsent","errorMessage":"samlive dev ended in the middle of '
    b'the response. Start it again and call again."}'
)


class Streams:
    """The streamed responses of one session.

    Args:
        side: The protocol's end.
        pump: Called when the protocol has something new to publish.
    """

    def __init__(self, side: RelaySide, pump: Callable[[], None]) -> None:
        self._side = side
        self._pump = pump
        self._open: set[Stream] = set()

    def stream_for(self, invocation: Invocation) -> "Stream":
        """Return what takes the response of an invocation, should it be streamed."""
        return Stream(self._side, self._pump, self._open, invocation)

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
        side: The protocol's end.
        pump: Called when the protocol has something new to publish.
        others: All that are open.
        invocation: What is answered.
    """

    def __init__(
        self,
        side: RelaySide,
        pump: Callable[[], None],
        others: "set[Stream]",
        invocation: Invocation,
    ) -> None:
        self._side = side
        self._pump = pump
        self._others = others
        self._worker, self._request = invocation.worker, invocation.request_id
        self._number = b""
        self._room = asyncio.Event()
        self.opened = False
        """Whether the function streams its response."""

    def open(self, content_type: str) -> None:
        """Begin to answer."""
        self.opened = True
        self._others.add(self)
        fields = {"content-type": content_type}
        now = _now()
        self._number = self._side.streams.open(self._worker, self._request, fields, now) or b""
        self._pump()

    async def write(self, data: bytes) -> None:
        """Send a piece; returns when there is room for another one.

        What nobody takes any more is dropped, and the function goes on.
        """
        self._side.streams.write(self._worker, self._number, data, _now())
        self._pump()
        self._room.clear()
        self.wake()
        await self._room.wait()

    def end(self, error: bytes) -> None:
        """End the response; with Lambda's error JSON when it broke off."""
        if self in self._others:
            self._others.discard(self)
            self._side.streams.end(self._worker, self._number, error, _now())
        self._room.set()

    def wake(self) -> None:
        """Go on if there is room by now."""
        if self._side.streams.room(self._worker, self._number) > 0:
            self._room.set()


def _now() -> float:
    return asyncio.get_running_loop().time()
