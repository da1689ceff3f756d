"""The clouds and the sessions that the end-to-end tests share."""

from collections.abc import Iterator

import pytest

from live_session import EXAMPLES, PROJECTS, Ready, Way, clean_environment, copy_project, running


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """An offline cloud started apart from the command; its variables."""
    from samlive import offline

    running = offline.start(tmp_path_factory.mktemp("cloud"), "us-east-1")
    try:
        yield dict(running.environment)
    finally:
        running.stop()


@pytest.fixture(scope="session", params=["offline", "environment"])
def way(request: pytest.FixtureRequest) -> Way:
    if request.param == "offline":
        return Way("offline", ("--offline", "--stage", "e2e"), clean_environment())
    cloud = request.getfixturevalue("cloud")
    return Way("environment", ("--stage", "e2e"), clean_environment() | cloud)


@pytest.fixture(scope="session")
def orders(way: Way, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ready]:
    """The orders example, live."""
    project = copy_project(EXAMPLES / "orders", tmp_path_factory.mktemp(way.name))
    with running(way, project / "template.yaml") as session:
        yield session


@pytest.fixture(scope="session")
def lab(way: Way, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ready]:
    """The lab project, live."""
    project = copy_project(PROJECTS / "lab", tmp_path_factory.mktemp(way.name))
    with running(way, project / "template.yaml") as session:
        yield session


@pytest.fixture(scope="session")
def plain(way: Way, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ready]:
    """The plain CloudFormation example, live."""
    project = copy_project(EXAMPLES / "plain", tmp_path_factory.mktemp(way.name))
    with running(way, project / "template.yaml") as session:
        yield session
