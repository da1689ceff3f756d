"""The relay: one session that takes a stage's invocations and answers them.

    broker -> Transport -> RelaySide -> Pool -> Worker
    broker <- Transport <- RelaySide <-  answer  <-'

Everything runs on one asyncio loop. The protocol core (`RelaySide`) decides;
this module feeds it packets and the time, publishes what it hands out, and runs
what it delivers. A worker that stands ready gets its event in the turn of the
loop in which the request arrived; whatever else a request leads to comes after.
Its acknowledgement leaves within `ACK_SECONDS`, unless the answer is faster.

At its start a session subscribes, looks whether another one holds the stage,
and only then announces itself by the retained presence message. When it stops
it first says that it is gone, so that nothing new arrives, and then finishes
what is running: stubs take an answer from a session that has left.
"""

import asyncio
import contextlib
import secrets
import socket
import time
from collections.abc import Coroutine, Iterable, Mapping

from samlive_stub.protocol import HERE
from samlive_stub.responder import (
    FetchWanted,
    ForeignPresence,
    Hello,
    Invocation,
    Refused,
    RelayEvent,
    RelaySide,
    UploadWanted,
)

from . import sessions, wakeup
from .config import LocalFunction, RelayConfig
from .connections import Connections
from .errors import RelayError
from .events import (
    BuildEnded,
    BuildStarted,
    LogLine,
    Observer,
    Reloaded,
    TakenOver,
    Warned,
)
from .serving import Serving
from .streams import Streams
from .transports.link import Connector
from .vault import Vault
from .watch import Watcher
from .workers.pool import Pool
from .workers.spares import Spares
from .workers.starter import Starter
from .workers.zygotes import Zygotes

PRESENCE_SECONDS = 0.4
"""How long after SUBACK another session's retained presence is waited for."""

ACK_SECONDS = 0.1
"""How long an acknowledgement waits for the answer of a quick function.

Long enough for one that asks a database, or waits its turn among sixty others: one message
in three is then saved, of the broker's limits too. With any round trip it leaves well before
the half second after which a stub sends its request again."""

REAP_SECONDS = 15.0
NEVER = float("inf")


class Relay:
    """Serves one stage until it is stopped.

    Args:
        config: The stage, the broker, the functions.
        observer: Called on the loop with everything worth telling.
        connector: Makes connections; AWS IoT's when None.
    """

    def __init__(
        self, config: RelayConfig, observer: Observer, connector: Connector | None = None
    ) -> None:
        self._config = config
        self._observe = observer
        self._functions = dict(config.functions)
        self.session = secrets.token_hex(8)
        self._side = RelaySide(
            config.key,
            config.app,
            config.stage,
            self.session,
            1,
            config.owner,
            socket.gethostname(),
            int(time.time() * 1000),
            config.storage is not None,
            ACK_SECONDS,
        )
        self._vault = Vault(
            config.storage,
            config.key,
            f"{config.app}/{config.stage}/{self.session}",
            lambda text: self._warn("", text),
        )
        self._connections = Connections(
            config,
            self.session,
            self._side,
            self._on_message,
            self._observe,
            self._pump,
            lambda text: self._warn("", text),
            connector,
        )
        self._streams = Streams(
            self._side, self._pump_soon, self._vault, lambda work: self._serving.run(work)
        )
        self._rival: ForeignPresence | None = None
        self._subscribed: float | None = None
        self._announced = False
        self._refusals: set[str] = set()
        self._wakeup: asyncio.TimerHandle | None = None
        self._pumping = False
        self._starter = Starter(config, self._warn, self._on_build, self._on_loaded)
        self._pool = Pool(
            self._functions,
            self._starter.start,
            self._on_line,
            self._on_loaded,
            self._on_reload,
            config.idle_seconds,
            self._starter.judge,
        )
        self._serving = Serving(
            self._side,
            self._pool,
            self._vault,
            self._streams,
            self._observe,
            self._on_answer,
            self._timeout_of,
        )
        self._watcher: Watcher | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._stopping: asyncio.Task[None] | None = None

    @property
    def pool(self) -> Pool:
        """The local environments."""
        return self._pool

    @property
    def zygotes(self) -> Zygotes:
        """The Python processes that stand ready to fork."""
        return self._starter.zygotes

    @property
    def spares(self) -> Spares:
        """The Node.js processes that stand ready."""
        return self._starter.spares

    @property
    def running(self) -> int:
        """How many invocations run now."""
        return self._serving.count

    async def open(self) -> None:
        """Connect and subscribe; nobody is told, so no stub sends anything before `start`.

        Raises:
            RelayError: The broker refuses or cannot be reached.
        """
        self._loop = asyncio.get_running_loop()
        self._closed = self._loop.create_future()
        self._hurry = asyncio.Event()
        try:
            await self._connections.open_first()
        except BaseException:
            await self._release()
            raise
        self._subscribed = self._loop.time()

    async def start(self) -> None:
        """Connect unless that is done, make sure that the stage is free, announce this session.

        Raises:
            RelayError: The broker refuses or cannot be reached, or another
                session holds the stage.
        """
        if self._subscribed is None:
            await self.open()
        try:
            await self._claim()
        except BaseException:
            await self._release()
            raise
        self._announce()
        self._connections.open_more()
        sessions.remember(self._config.state, self.session)
        self._in_background(self._reap())
        self._in_background(wakeup.watch(self._connections.renew))
        self._watcher = Watcher(self._on_change)
        self._watcher.start(self._functions.values())
        self._starter.warm_up(self._functions.values())

    async def stop(self, drain_seconds: float = 3.0) -> None:
        """Leave the stage, finish what is running, end every process.

        May be called again with 0 to stop waiting for what is running.

        Args:
            drain_seconds: Time that running invocations get; what is left then is
                not answered, so that a session started soon can run it again.
        """
        if self._stopping is None:
            self._stopping = self._loop.create_task(self._stop(drain_seconds))
        elif drain_seconds <= 0:
            self._hurry.set()
        await asyncio.shield(self._stopping)

    async def wait_closed(self) -> None:
        """Wait until the session has ended, by `stop` or because it was taken over."""
        await asyncio.shield(self._closed)

    def update_functions(self, functions: Mapping[str, LocalFunction]) -> None:
        """Serve these functions from now on, after a change of the template."""
        self._functions = dict(functions)
        self._pool.update(functions)
        if self._watcher is not None:
            self._watcher.start(self._functions.values())
        self._starter.build_ahead(self._functions.values())

    async def _stop(self, drain_seconds: float) -> None:
        if self._announced:
            self._announced = False
            self._connections.publish(self._side.leave())
        self._connections.stay()
        ends = [
            self._loop.create_task(end) for end in (self._hurry.wait(), self._serving.drained())
        ]
        if drain_seconds > 0:
            await asyncio.wait(ends, timeout=drain_seconds, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
        self._streams.break_off()
        await self._flush()
        await self._release()
        sessions.forget(self._config.state, self.session)
        self._close()

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _claim(self) -> None:
        """Make sure that no other session holds the stage, or supersede it."""
        assert self._subscribed is not None
        end = self._subscribed + PRESENCE_SECONDS
        while self._rival is None and self._loop.time() < end:
            await asyncio.sleep(0.02)
        rival = self._rival
        if rival is None:
            return
        dead = sessions.is_dead(self._config.state, rival.session)
        if rival.state == HERE and not (self._config.takeover or dead):
            raise RelayError(
                f"{rival.owner} on {rival.host} holds stage {self._config.stage!r} "
                f"since {time.strftime('%H:%M', time.localtime(rival.since / 1000))}.",
                "Use a stage of your own (--stage), or take this one over with --takeover.",
            )

    def _announce(self) -> None:
        self._announced = True
        self._connections.publish(self._side.announce())
        self._pump()

    def _on_message(self, topic: str, payload: bytes) -> None:
        now = self._loop.time()
        if events := self._side.receive(topic, payload, now):
            self._take(events)
        self._streams.wake()
        due = self._side.next_wakeup(now)
        if due <= now:
            self._pump_soon()
        else:  # as a rule: the acknowledgement waits for the answer
            self._wake_at(due)

    def _take(self, events: Iterable[RelayEvent]) -> None:
        for event in events:
            if isinstance(event, Invocation):
                self._vault.taken(event.worker)
                self._serving.serve(event)
            elif isinstance(event, UploadWanted):
                self._serving.run(self._offer(event))
            elif isinstance(event, FetchWanted):
                self._serving.run(self._fetch(event))
            elif isinstance(event, Hello):
                self._pool.hello(event.worker, event.function, event.environment)
            elif isinstance(event, ForeignPresence):
                self._on_presence(event)
            elif isinstance(event, Refused):
                self._refuse(event.reason)

    async def _offer(self, event: UploadWanted) -> None:
        self._side.offer(event.worker, event.number, await self._vault.offer())
        self._pump()

    async def _fetch(self, event: FetchWanted) -> None:
        body = await self._vault.fetch(event.name)
        now = self._loop.time()
        self._take(self._side.fetched(event.worker, event.number, body, now))
        self._pump()

    def _on_presence(self, event: ForeignPresence) -> None:
        if not self._announced:
            self._rival = event
        elif event.newer and event.state == HERE:
            self._announced = False
            self._side.leave()  # for itself: what it publishes now is the other's to say
            self._connections.stay()
            self._observe(TakenOver(event.owner))
            self._in_background(self._yield_stage())

    async def _yield_stage(self) -> None:
        """Finish what runs, then end: the stage belongs to another session."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._serving.drained(), 5.0)
        self._close()

    def _refuse(self, reason: str) -> None:
        if reason not in self._refusals:
            self._refusals.add(reason)
            self._warn("", f"Refused a message on the stage's topics: {reason}.")

    def _warn(self, function: str, text: str) -> None:
        self._observe(Warned(function, text))

    def _on_line(self, function: str, request_id: str, stream: str, text: str) -> None:
        self._observe(
            LogLine(function, request_id, "stderr" if stream == "stderr" else "stdout", text)
        )

    def _on_loaded(self, files: Iterable[str]) -> None:
        if self._watcher is not None:
            self._watcher.loaded(files)

    def _on_change(self, changed: set[str], created: set[str]) -> None:
        self._pool.code_changed(changed)
        self._pool.files_added(created)
        self._starter.code_changed(changed | created)

    def _on_build(self, function: str, seconds: float | None, problem: str) -> None:
        started = BuildStarted(function)
        self._observe(started if seconds is None else BuildEnded(function, seconds, problem))

    def _on_reload(self, functions: Iterable[str], files: Iterable[str]) -> None:
        self._observe(Reloaded(tuple(functions), tuple(files)))

    def _timeout_of(self, name: str) -> float:
        function = self._functions.get(name)
        return NEVER if function is None else function.timeout

    def _pump(self) -> None:
        """Publish what is due, and come back when more will be."""
        now = self._loop.time()
        self._connections.publish(*self._side.take_publishes(now))
        self._connections.look(now)
        self._streams.wake()
        self._wake_at(max(self._side.next_wakeup(now), now + 0.001))

    def _wake_at(self, due: float) -> None:
        """Come back at a time, or earlier: that costs less than a timer for each packet."""
        if due == NEVER:
            return
        if self._wakeup is not None:
            if self._wakeup.when() <= due:
                return
            self._wakeup.cancel()
        self._wakeup = self._loop.call_at(due, self._on_wakeup)

    def _on_answer(self) -> None:
        """Publish an answer: at once, or with those of others when there are more calls."""
        if self._serving.count > 1:
            self._pump_soon()
        else:
            self._pump()

    def _pump_soon(self) -> None:
        """Do so once, after what this turn of the loop has begun."""
        if not self._pumping:
            self._pumping = True
            self._loop.call_soon(self._on_turn)

    def _on_turn(self) -> None:
        self._pumping = False
        self._pump()

    def _on_wakeup(self) -> None:
        self._wakeup = None
        self._side.tick(self._loop.time())
        self._pump()

    async def _flush(self) -> None:
        """Let paced packets leave before the connections close."""
        end = self._loop.time() + 1.0
        while self._side.next_wakeup(self._loop.time()) < end and self._loop.time() < end:
            self._pump()
            await asyncio.sleep(0.01)
        await self._connections.flush()

    async def _reap(self) -> None:
        pause = min(REAP_SECONDS, max(0.05, self._config.idle_seconds / 4))
        while True:
            await asyncio.sleep(pause)
            self._pool.reap()

    async def _release(self) -> None:
        if self._watcher is not None:
            self._watcher.stop()
        await self._serving.close()
        tasks = list(self._background)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._wakeup is not None:
            self._wakeup.cancel()
        await self._pool.close()
        await self._starter.close()
        await self._connections.close()
        self._vault.close()

    def _close(self) -> None:
        if not self._closed.done():
            self._closed.set_result(None)
