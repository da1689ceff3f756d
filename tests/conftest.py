"""How the whole suite runs: the same examples each time, and its tests shared by two workers.

The examples of property tests are fixed, and may take as long as a busy machine
needs. Who looks for new counterexamples chooses the other profile:
`pytest --hypothesis-profile=search tests/transform`.

Under `--dist loadgroup` a group of tests runs on one worker, in order. A file is
a group, as its tests share what is dear to set up. So are all end-to-end tests
of one way to run the command: a cloud and its live sessions are made once for
them. What takes longest begins first, so that no worker is left with it at the end.
"""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "search", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("fixed", settings.get_profile("search"), derandomize=True, database=None)
settings.load_profile("fixed")

HERE = Path(__file__).parent
FIRST = ("e2e", "faults", "transform/test_corpus.py", "cli", "offline", "conformance", "relay")
"""Folders and files whose tests take long, the longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test a group, and put the long ones first."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(_group(item)))
    items.sort(key=_rank)


def _group(item: pytest.Item) -> str:
    place = item.path.relative_to(HERE).as_posix()
    called = getattr(item, "callspec", None)
    way = called.params.get("way") if called else None
    return f"e2e {way}" if way and place.startswith("e2e/") else place


def _rank(item: pytest.Item) -> int:
    place = item.path.relative_to(HERE).as_posix()
    return next((n for n, name in enumerate(FIRST) if place.startswith(name)), len(FIRST))
