"""What several tests of the command share."""

from collections.abc import Iterator

import pytest

from live_session import clean_environment


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Start an embedded cloud; return the variables that a session needs to use it."""
    from samlive import offline

    running = offline.start(tmp_path_factory.mktemp("cloud"), "us-east-1")
    try:
        yield clean_environment() | running.environment
    finally:
        running.stop()
