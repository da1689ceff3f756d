"""One stage for all tests of the transform, and the corpus where it exists."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from samlive_transform import Options, Source

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
"""Real templates beside the checkout; never copied into it."""


def options(**wishes: Any) -> Options:
    """Return the options of stage "alice" of app "orders", with wishes on top."""
    for name in ("only", "exclude", "live"):
        if name in wishes:
            wishes[name] = frozenset(wishes[name])
    obstacles: dict[str, str] = wishes.pop("cannot_run", {})
    wishes["obstacle"] = lambda function: obstacles.get(function.logical_id, "")
    fixed: dict[str, Any] = {
        "app": "orders",
        "stage": "alice",
        "layer_arn": "arn:aws:lambda:eu-west-1:123456789012:layer:samlive-stub:1",
        "layer_digest": "0badcafe",
        "endpoint": "example-ats.iot.eu-west-1.amazonaws.com",
    }
    return Options(**(fixed | wishes))


class Fragment:
    """A tree without a text, as the macro has it."""

    def __init__(self, tree: dict[str, Any], like: Source | None = None) -> None:
        self.name = like.name if like else "template"
        self.path = like.path if like else None
        self.tree = tree

    def line(self, path: tuple[str | int, ...]) -> int:
        return 0


def corpus_files(listing: str = "manifest.tsv") -> Iterator[Path]:
    """Yield the corpus's templates; the core set with "shared_core.txt"."""
    for row in (CORPUS / "_about" / listing).read_text(encoding="utf-8").splitlines():
        if row and not row.startswith("#"):
            repository, path = row.split("\t")[:2]
            yield CORPUS / repository.replace("/", "+", 1) / path
