"""The objects of one session: large payloads that do not go through the broker.

Seals and names them, keeps the storage's blocking calls off the loop, and
remembers when it does not work: payloads then go in frames, which is slower
and nothing else. An object is deleted when it was read, or expires by itself.
"""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from samlive_stub import store
from samlive_stub.contract import CHUNK_BYTES
from samlive_stub.protocol import LARGE_FRAMES, NAME_FIELD, URL_FIELD
from samlive_stub.responder import MAX_RESPONSE_BYTES
from samlive_stub.seal import Sealer

from .storage import Storage
from .uplink import Uplink

LARGE_BYTES = LARGE_FRAMES * CHUNK_BYTES
REST_SECONDS = 60.0
"""After a failure, the storage is left alone for so long."""

THREADS = 8

Found = TypeVar("Found")
Place = dict[str, str]
"""Name, URL and headers of an object, as the protocol carries them."""


class Vault:
    """The objects of one session.

    Args:
        storage: Where they go; None when there is nothing.
        key: The stage's key.
        prefix: Start of their names: app, stage and session.
        warn: Called with what the user should know.
    """

    def __init__(
        self, storage: Storage | None, key: bytes, prefix: str, warn: Callable[[str], None]
    ) -> None:
        self._storage = storage
        self._sealer = Sealer(key)
        self._prefix = prefix
        self._warn = warn
        self._rest_until = 0.0
        self._told = False
        self._threads = ThreadPoolExecutor(THREADS, "samlive-storage")
        self._answers: dict[str, list[str]] = {}
        self._uplink = Uplink(LARGE_BYTES)

    @property
    def usable(self) -> bool:
        """Whether there is a storage, and it worked when it was last used."""
        return self._storage is not None and self._now() >= self._rest_until

    async def offer(self) -> Place | None:
        """Return a place for a large event; None when there is none."""
        return await self._try(self._offer)

    async def fetch(self, name: str) -> bytes | None:
        """Return what was put under a name; None when it cannot be read."""
        return await self._try(self._fetch, name)

    async def keep(self, worker: str, body: bytes, algorithm: str = "") -> Place | None:
        """Put a worker's answer, or some of it; None when it is small, or that does not work.

        Args:
            worker: Whose answer it is.
            body: The answer.
            algorithm: What the worker has said in `SEAL_FIELD`.
        """
        if not self.may_take(body):
            return None
        place = await self._try(self._keep, body, algorithm)
        if place is not None:
            self._answers.setdefault(worker, []).append(place[NAME_FIELD])
        return place

    @staticmethod
    def may_take(body: bytes) -> bool:
        """Tell whether an answer is so large that it is worth a try."""
        return LARGE_BYTES < len(body) <= MAX_RESPONSE_BYTES

    def taken(self, worker: str) -> None:
        """Forget the answer that a worker has taken: it asks for the next one.

        While its function runs, deleting opens the connection to S3 again, should that have
        been closed: the next answer, which may be as large, then finds it.
        """
        for name in self._answers.pop(worker, ()):
            self._delete_later(name)

    def close(self) -> None:
        """Start nothing more; what a stub has not taken yet expires by itself."""
        self._rest_until = float("inf")
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _try(self, call: Callable[..., Found], *arguments: object) -> Found | None:
        if not self.usable:
            return None
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, call, *arguments)
        except Exception as problem:  # whatever it is, frames work without it
            self._rest_until = self._now() + REST_SECONDS
            if not self._told:
                self._told = True
                self._warn(f"Large payloads go through AWS IoT, slowly: {problem}")
            return None

    def _offer(self) -> Place:
        return {**store.ABILITIES, **self._signed("PUT", self._name("event"))}

    def _fetch(self, name: str) -> bytes:
        assert self._storage is not None
        content = self._storage.get(name, store.MAX_OBJECT_BYTES)
        body = store.open_object(self._sealer, name, content)
        self._delete_later(name)
        return body

    def _keep(self, body: bytes, algorithm: str) -> Place | None:
        assert self._storage is not None
        name = self._name("answer")
        pays = self._uplink.pays(body)
        content = store.pack(self._sealer, name, body, algorithm, pays)
        if len(content) <= LARGE_BYTES:
            return None
        started = time.monotonic()
        self._storage.put(name, content)
        self._uplink.took(len(content), time.monotonic() - started)
        return self._signed("GET", name)

    def _signed(self, method: str, name: str) -> Place:
        assert self._storage is not None
        url, headers = self._storage.presign(method, name)
        return {**headers, NAME_FIELD: name, URL_FIELD: url}

    def _delete_later(self, name: str) -> None:
        with contextlib.suppress(RuntimeError):  # closed meanwhile
            self._threads.submit(self._delete, name)

    def _delete(self, name: str) -> None:
        assert self._storage is not None
        with contextlib.suppress(Exception):  # it expires by itself
            self._storage.delete(name)

    def _name(self, kind: str) -> str:
        return f"{self._prefix}/{kind}/{secrets.token_hex(16)}"

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
