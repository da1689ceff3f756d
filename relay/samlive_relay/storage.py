"""Where large payloads go, as the command hands it in; this part knows nothing of S3."""

from typing import Protocol


class Storage(Protocol):
    """Keeps objects for a short while. Calls block, and are made on several threads.

    Each may raise any exception; its text is told to the user.
    """

    def presign(self, method: str, name: str) -> tuple[str, dict[str, str]]:
        """Return a URL that allows one call for a few minutes, and the headers it needs.

        Args:
            method: "PUT" or "GET".
            name: Name of the object.
        """
        ...

    def put(self, name: str, content: bytes | bytearray) -> None:
        """Keep an object."""
        ...

    def get(self, name: str, limit: int) -> bytes:
        """Return an object's content, or at most `limit` bytes and one more of it."""
        ...

    def delete(self, name: str) -> None:
        """Forget an object."""
        ...
