"""Builds that are made before anybody asks: at the start of a session and after saves.

A process that runs is replaced by the pool, which builds on the way. This is
for functions without one: nobody has called them yet, or they did not build.
"""

import asyncio
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet

from samlive_relay.config import LocalFunction
from samlive_relay.errors import RelayError

from .builds import BuildError, Builds

OnLoaded = Callable[[Iterable[str]], None]


class BuildsAhead:
    """Keeps the builds of a session's functions fresh.

    Args:
        builds: Makes them.
        on_loaded: Told of the files that they were made from, to be watched.
    """

    def __init__(self, builds: Builds, on_loaded: OnLoaded) -> None:
        self._builds = builds
        self._on_loaded = on_loaded
        self._functions: tuple[LocalFunction, ...] = ()
        self._running: set[asyncio.Task[None]] = set()

    def start(self, functions: Iterable[LocalFunction]) -> None:
        """Build these functions, as far as they have to be built."""
        self._functions = tuple(function for function in functions if function.build is not None)
        for function in self._functions:
            self._run(function)

    def code_changed(self, paths: AbstractSet[str]) -> None:
        """Build again what was made from files that were saved, removed or are new."""
        for function in self._functions:
            if function.build and self._builds.concerns(function, function.build, paths):
                self._run(function)

    async def close(self) -> None:
        """Give up what is being built."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _run(self, function: LocalFunction) -> None:
        task = asyncio.get_running_loop().create_task(self._build(function))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _build(self, function: LocalFunction) -> None:
        assert function.build is not None
        if not function.code.is_dir():
            return
        try:
            built = await self._builds.build(function, function.build)
            self._on_loaded(built.inputs)
        except BuildError as problem:
            self._on_loaded(problem.inputs)
        except RelayError:
            pass  # the first request meets it again and tells
