"""A storage in memory for a relay, and the stub's way to it."""

from collections.abc import Callable

from relay_broker import KEY, Stub
from samlive_stub import store
from samlive_stub.seal import Sealer


class Memory:
    """A storage in memory; operations that stand in `broken` raise."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.broken: set[str] = set()
        self.log: list[str] = []
        self.heads: list[bytes] = []

    def presign(self, method: str, name: str) -> tuple[str, dict[str, str]]:
        self._note(f"presign {method}")
        return f"memory:{name}", {"x-owner": "me"}

    def put(self, name: str, content: bytes | bytearray) -> None:
        self._note("put")
        self.objects[name] = bytes(content)
        self.heads.append(bytes(content[:2]))

    def get(self, name: str, limit: int) -> bytes:
        self._note("get")
        return self.objects[name][: limit + 1]

    def delete(self, name: str) -> None:
        self._note("delete")
        del self.objects[name]

    def _note(self, operation: str) -> None:
        self.log.append(operation)
        if operation in self.broken:
            raise OSError(f"{operation} is not allowed")


def carrier(stub: Stub, memory: Memory) -> Callable[[], None]:
    """Return what does the stub's transfers, as its link would."""

    def transfer() -> None:
        wanted = stub.side.transfer
        assert wanted is not None and wanted.headers == {"x-owner": "me"}
        assert wanted.url == f"memory:{wanted.name}"
        found: bytes | None = b""
        if wanted.body is not None:
            content = store.pack(Sealer(KEY), wanted.name, wanted.body, wanted.algorithm)
            memory.objects[wanted.name] = bytes(content)
        else:
            found = store.open_object(Sealer(KEY), wanted.name, memory.objects[wanted.name])
        stub.side.transferred(found, stub.now())

    return transfer
