"""A socket on the loop: nothing is lost when the network is slow, and its end is told once."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

from samlive_relay.transports.wire import Wire


class Ends:
    """A wire and the socket at its other end."""

    def __init__(self) -> None:
        ours, self.theirs = socket.socketpair()
        self.theirs.setblocking(False)
        self.data = b""
        self.problems: list[OSError] = []
        self.heard = asyncio.Event()
        self.wire = Wire(ours, self._on_data, self._on_end)

    def _on_data(self, data: bytes) -> None:
        self.data += data
        self.heard.set()

    def _on_end(self, problem: OSError) -> None:
        self.problems.append(problem)
        self.heard.set()


def scenario(act: Callable[[Ends], Awaitable[None]]) -> None:
    async def run() -> None:
        ends = Ends()
        try:
            await asyncio.wait_for(act(ends), 60)
        finally:
            ends.wire.close()
            ends.theirs.close()

    asyncio.run(run())


def test_the_end_is_told_once() -> None:
    async def act(ends: Ends) -> None:
        ends.theirs.close()
        await ends.heard.wait()
        ends.wire.send(b"too late")
        await asyncio.sleep(0)
        assert [str(problem) for problem in ends.problems] == ["the broker hung up"]

    scenario(act)


def test_a_send_that_fails_ends_the_wire_after_the_caller_has_gone_on() -> None:
    async def act(ends: Ends) -> None:
        ends.theirs.shutdown(socket.SHUT_RD)
        ends.theirs.close()
        ends.wire.send(b"x")
        assert ends.problems == []
        await ends.heard.wait()
        assert len(ends.problems) == 1

    scenario(act)


def test_nothing_is_told_after_a_close() -> None:
    async def act(ends: Ends) -> None:
        ends.wire.close()
        ends.theirs.close()
        await asyncio.sleep(0.01)
        assert ends.problems == []
        assert ends.data == b""

    scenario(act)


def test_what_a_slow_network_does_not_take_follows_in_order() -> None:
    async def act(ends: Ends) -> None:
        loop = asyncio.get_running_loop()
        pieces = [bytes((number,)) * 700_000 for number in range(8)]
        for piece in pieces:
            ends.wire.send(piece)
        taken = b""
        while len(taken) < 8 * 700_000:
            taken += await loop.sock_recv(ends.theirs, 1 << 20)
        assert taken == b"".join(pieces)
        ends.theirs.send(b"answer")
        await ends.heard.wait()
        assert ends.data == b"answer"

    scenario(act)


def test_last_words_are_heard_though_a_send_finds_nobody_there() -> None:
    async def act(ends: Ends) -> None:
        ends.theirs.send(b"why I go")
        ends.theirs.close()
        ends.wire.send(b"x")
        while not ends.problems:
            ends.heard.clear()
            await ends.heard.wait()
        assert ends.data == b"why I go"
        assert len(ends.problems) == 1

    scenario(act)


def test_what_has_come_in_can_be_taken_before_the_loop_notices() -> None:
    async def act(ends: Ends) -> None:
        ends.wire.drain()
        assert ends.data == b""
        ends.theirs.send(b"now")
        ends.wire.drain()
        assert ends.data == b"now"
        ends.theirs.close()
        ends.wire.drain()
        assert ends.problems == []
        await ends.heard.wait()

    scenario(act)
