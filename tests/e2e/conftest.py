"""The clouds and the sessions that the end-to-end tests share."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future

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


Answer = tuple[object, str | None]


@pytest.fixture(scope="session")
def lab_and_silenced(
    way: Way, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Ready, "Future[Answer]"]]:
    """The lab project, live, and the call of a function that may not use AWS IoT.

    That is answered after a minute, which IAM may take to be consistent. So it
    begins at once, and the test of it comes late.
    """
    project = copy_project(PROJECTS / "lab", tmp_path_factory.mktemp(way.name))
    with running(way, project / "template.yaml") as session:
        yield session, _begin(session, "Silenced")


@pytest.fixture(scope="session")
def lab(lab_and_silenced: tuple[Ready, "Future[Answer]"]) -> Ready:
    """The lab project, live."""
    return lab_and_silenced[0]


@pytest.fixture(scope="session")
def silenced(lab_and_silenced: tuple[Ready, "Future[Answer]"]) -> "Future[Answer]":
    """What is answered for the lab's function that may not use AWS IoT, once it is."""
    return lab_and_silenced[1]


@pytest.fixture(scope="session")
def plain(way: Way, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ready]:
    """The plain CloudFormation example, live."""
    project = copy_project(EXAMPLES / "plain", tmp_path_factory.mktemp(way.name))
    with running(way, project / "template.yaml") as session:
        yield session


def _begin(session: Ready, function: str) -> "Future[Answer]":
    """Call a function on a thread that holds nobody up, whatever comes of the call."""
    answer: Future[Answer] = Future()
    session.client("lambda"), session.physical(function)  # what threads must not make at once

    def call() -> None:
        try:
            answer.set_result(session.invoke(function, {"action": "echo"}))
        except Exception as problem:
            answer.set_exception(problem)

    threading.Thread(target=call, daemon=True).start()
    return answer
