"""How the whole suite runs: the same examples each time, and its tests shared by two workers.

The examples of property tests are fixed, and may take as long as a busy machine
needs. Who looks for new counterexamples chooses the other profile:
`pytest --hypothesis-profile=search tests/transform`.

With several workers a group of tests runs on one of them, in order. A file is a
group, as its tests share what is dear to set up. So are all end-to-end tests of
one way to run the command: a cloud and its live sessions are made once for them.
What takes longest begins first, so that no worker is left with it at the end.
"""

import re

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

settings.register_profile(
    "search", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("fixed", settings.get_profile("search"), derandomize=True, database=None)
settings.load_profile("fixed")

FIRST = ("e2e", "faults", "transform/test_corpus.py", "cli", "offline", "conformance", "relay")
"""Folders and files whose tests take long, the longest first."""

_WAY = re.compile(r"[\[-](offline|environment)[\]-]")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long ones first."""
    items.sort(key=lambda item: _rank(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Hand out groups as they come."""
    config.option.loadscopereorder = False
    return Groups(config, log)


class Groups(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out the groups of this suite.

    The marker `xdist_group` would say the same, if xdist could still tell workers
    of it: as of 3.8 it writes an attribute that pytest 9 does not read.
    """

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        if _rank(nodeid) == FIRST.index("transform/test_corpus.py"):
            return nodeid
        way = _WAY.search(test) if "/e2e/" in file else None
        return f"e2e {way[1]}" if way else file


def _rank(nodeid: str) -> int:
    place = nodeid.partition("tests/")[2]
    return next((n for n, name in enumerate(FIRST) if place.startswith(name)), len(FIRST))
