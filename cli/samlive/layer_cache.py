"""Layers that a template names by ARN, unpacked on this machine.

A layer version never changes, so it is fetched once and kept for all projects:

    ~/.cache/samlive/layers/<digest of the ARN>/

Those of an embedded cloud, where the same ARN means something else tomorrow, live
in the project's state folder and are fetched at every start. What cannot be had
is told with its name, and its functions run without it.
"""

import base64
import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from samlive.deploy.faults import AwsError
from samlive.errors import SamliveError
from samlive.unpacking import Unsafe, unpack

AT_ONCE = 4
"""Layers that are fetched side by side."""

Fetch = Callable[[str, int], tuple[bytes, str]]
"""Returns content and SHA-256 (base64) of a layer version, given its ARN and the most bytes."""

MAX_ZIP = 262_144_000
"""Unzipped, all layers of a function have no more bytes than this."""


class LayerCache:
    """Folders of layer versions by ARN.

    Args:
        folder: Where they are kept.
        fetch: Downloads one; None when there is no account to ask.
        fresh: Fetch what was kept by another session once more.
    """

    def __init__(self, folder: Path, fetch: Fetch | None, fresh: bool = False) -> None:
        self._folder = folder
        self._fetch = fetch
        self._fresh = fresh
        self._tried: dict[str, str] = {}

    def get(
        self, arns: Iterable[str], warn: Callable[[str, str], None] = lambda arn, text: None
    ) -> Mapping[str, Path]:
        """Return the folders of layers, fetched side by side where they are not there yet.

        Args:
            arns: ARNs of layer versions.
            warn: Told once of each layer that cannot be had: ARN, why.
        """
        wanted = dict.fromkeys(arns)
        missing = [arn for arn in wanted if arn not in self._tried]
        if missing:
            with ThreadPoolExecutor(AT_ONCE) as threads:
                self._tried |= zip(missing, threads.map(self._bring, missing), strict=True)
        for arn in missing:
            if self._tried[arn]:
                warn(arn, self._tried[arn])
        return {arn: self._place(arn) for arn in wanted if not self._tried[arn]}

    def _place(self, arn: str) -> Path:
        return self._folder / hashlib.sha256(arn.encode()).hexdigest()[:32]

    def _bring(self, arn: str) -> str:
        """Make sure that a layer is there; return why it is not, or ""."""
        place = self._place(arn)
        if place.is_dir() and not self._fresh:
            return ""
        if self._fetch is None:
            return "it was never fetched; a session of `samlive dev` does that"
        try:
            content, digest = self._fetch(arn, MAX_ZIP)
            if base64.b64encode(hashlib.sha256(content).digest()).decode() != digest:
                return "what was downloaded is not what AWS has the SHA-256 of"
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._fresh:
                _set_aside(place)
            unpack(content, place)
        except (AwsError, SamliveError) as problem:
            return problem.message.rstrip(".")
        except (Unsafe, OSError) as problem:
            return str(problem)
        return ""


def _set_aside(place: Path) -> None:
    """Remove what an earlier session has left; another one may be reading it."""
    import shutil

    shutil.rmtree(place, ignore_errors=True)


def home(environment: Mapping[str, str]) -> Path:
    """Return the folder in which a user's layers are kept.

    Args:
        environment: Environment variables.
    """
    base = environment.get("XDG_CACHE_HOME") or ""
    cache = Path(base) if os.path.isabs(base) else Path.home() / ".cache"
    return cache / "samlive" / "layers"
